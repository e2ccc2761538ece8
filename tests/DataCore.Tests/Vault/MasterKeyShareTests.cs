using System.Security.Cryptography;
using Antaca.DataCore.Vault;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

public sealed class MasterKeyShareTests
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(Hsm.MasterKeyBytes);

    [Theory]
    [InlineData(2, 2)]
    [InlineData(2, 3)]
    [InlineData(3, 5)]
    [InlineData(16, 16)]
    public void Any_that_are_enough_make_the_key_in_any_order(int needed, int total)
    {
        var shares = MasterKeyShares.Split(_key, needed, total).Select(share => Read(share.Reveal())).ToArray();

        Assert.All(shares, share => Assert.Equal((needed, total), (share.Needed, share.Total)));
        for (var round = 0; round < 20; round++)
        {
            var some = shares.ToArray();
            Random.Shared.Shuffle(some);
            Assert.Equal(_key, Combined(some[..needed]));
        }
        Assert.Equal(_key, Combined(shares));
    }

    [Fact]
    public void Every_three_of_five_make_it_and_no_two()
    {
        var shares = MasterKeyShares.Split(_key, needed: 3, total: 5);

        for (var one = 0; one < 5; one++)
        {
            for (var two = one + 1; two < 5; two++)
            {
                Assert.Equal(ShareFault.TooFew, FaultOf(shares[one], shares[two]));
                for (var three = two + 1; three < 5; three++)
                {
                    Assert.Equal(_key, Combined([shares[one], shares[two], shares[three]]));
                }
            }
        }
    }

    [Fact]
    public void What_does_not_fit_is_told_why_and_gives_no_key()
    {
        var shares = MasterKeyShares.Split(_key, needed: 2, total: 3);
        var others = MasterKeyShares.Split(_key, needed: 2, total: 3);

        Assert.Equal(ShareFault.TooFew, FaultOf());
        Assert.Equal(ShareFault.TooFew, FaultOf(shares[0]));
        Assert.Equal(ShareFault.Repeated, FaultOf(shares[0], shares[0]));
        Assert.Equal(ShareFault.OfAnotherSplit, FaultOf(shares[0], others[1]));
        Assert.Equal(ShareFault.NotTheKey, FaultOf(shares[0], Forged(shares[1])));
    }

    [Fact]
    public void A_share_that_was_copied_wrongly_is_none()
    {
        var text = MasterKeyShares.Split(_key, needed: 2, total: 2)[0].Reveal();

        Assert.True(MasterKeyShare.TryParse($"  {text}\n", out _));
        for (var place = 0; place < text.Length; place++)
        {
            var other = text[place] == 'A' ? 'B' : 'A';
            Assert.False(MasterKeyShare.TryParse(text[..place] + other + text[(place + 1)..], out _), $"changed at {place}");
        }
        Assert.False(MasterKeyShare.TryParse(text.AsSpan(..^1), out _));
        Assert.False(MasterKeyShare.TryParse(text + "A", out _));
        Assert.False(MasterKeyShare.TryParse("", out _));
        Assert.False(MasterKeyShare.TryParse(new string('A', 10_000), out _));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(3, 2)]
    [InlineData(2, 17)]
    [InlineData(0, 0)]
    public void A_split_is_some_of_at_most_sixteen(int needed, int total) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => MasterKeyShares.Split(_key, needed, total));

    [Fact]
    public void One_share_says_nothing_of_the_key()
    {
        // Over many splits of one key each byte of a share takes every value about equally often.
        var counts = new int[256];
        const int splits = 4_096;
        for (var i = 0; i < splits; i++)
        {
            counts[MasterKeyShares.Split(new byte[Hsm.MasterKeyBytes], needed: 2, total: 2)[0].Values[0]]++;
        }
        var expected = splits / 256.0;
        var chiSquare = counts.Sum(count => (count - expected) * (count - expected) / expected);
        Assert.InRange(chiSquare, 130, 420); // 255 degrees of freedom: less than one in ten million outside
    }

    [Fact]
    public void A_share_prints_without_itself()
    {
        var share = MasterKeyShares.Split(_key, needed: 2, total: 3)[1];

        Assert.Equal("share 2 of 3, of which 2 are needed", share.ToString());
        Assert.Equal("share 2 of 3, of which 2 are needed", $"{share}");
    }

    [Fact]
    public void The_field_is_that_of_FIPS_197()
    {
        Assert.Equal(0xC1, MasterKeyShares.Multiply(0x57, 0x83));
        Assert.Equal(0xFE, MasterKeyShares.Multiply(0x57, 0x13));
        Assert.Equal(0, MasterKeyShares.Inverse(0));
        for (var number = 1; number < 256; number++)
        {
            Assert.Equal(1, MasterKeyShares.Multiply((byte)number, MasterKeyShares.Inverse((byte)number)));
        }
    }

    private static MasterKeyShare Read(string text) => MasterKeyShare.TryParse(text, out var share) ? share : throw new InvalidOperationException("A share does not read.");

    private static byte[] Combined(IReadOnlyList<MasterKeyShare> shares)
    {
        var key = new byte[Hsm.MasterKeyBytes];
        Assert.True(MasterKeyShares.TryCombine(shares, key, out var fault), fault.ToString());
        return key;
    }

    private static ShareFault FaultOf(params MasterKeyShare[] shares)
    {
        var key = new byte[Hsm.MasterKeyBytes];
        key.AsSpan().Fill(0xFF);
        Assert.False(MasterKeyShares.TryCombine(shares, key, out var fault));
        Assert.Equal(new byte[Hsm.MasterKeyBytes], key);
        return fault;
    }

    /// <summary>Reads well, and is another point.</summary>
    private static MasterKeyShare Forged(MasterKeyShare share)
    {
        var values = share.Values.ToArray();
        values[5] ^= 1;
        return MasterKeyShare.Of(share.Needed, share.Total, share.Number, share.Set, values);
    }
}
