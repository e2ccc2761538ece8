using System.Collections;
using Antaca.DataCore.Vault;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

public class PanPermutationTests
{
    private static readonly byte[] _key = Convert.FromHexString("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");

    // Computed by a second implementation (Python, cryptography.io) of the construction that PanPermutation documents.
    [Theory]
    [InlineData("510510", 0, "5105100220168679")]
    [InlineData("510510", 1, "5105105814077038")]
    [InlineData("510510", 2, "5105105306932070")]
    [InlineData("510510", 999999999, "5105105472969039")]
    [InlineData("51051012", 0, "5105101264210971")]
    [InlineData("51051012", 9999999, "5105101272296772")]
    [InlineData("4000001:10000000-10012344", 0, "4000001100112291")]
    [InlineData("4000001:10000000-10012344", 12344, "4000001100020221")]
    public void A_counter_gives_the_pan_it_always_gave(string text, long counter, string pan)
    {
        using var permutation = new PanPermutation(_key, Range(text));
        Assert.Equal(pan, permutation.PanAt(counter).Reveal());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(4097)]
    [InlineData(9973)]
    [InlineData(10_000)]
    [InlineData(16_384)]
    [InlineData(16_385)]
    [InlineData(65_537)]
    [InlineData(100_000)]
    public void Each_number_of_a_space_comes_out_exactly_once(int size)
    {
        using var permutation = new PanPermutation(_key, Range($"51051000:0000000-{size - 1:D7}"));
        var seen = new bool[size];
        for (var counter = 0; counter < size; counter++)
        {
            var offset = permutation.Permute(counter);
            Assert.InRange(offset, 0, size - 1);
            Assert.False(seen[offset], $"{offset} came out twice");
            seen[offset] = true;
        }
    }

    /// <summary>A million take some seconds; <c>ANTACA_TEST_PANS=10000000</c> takes as many as it says.</summary>
    [Fact]
    public void A_million_of_a_whole_bin_are_different_luhn_valid_and_without_visible_order()
    {
        const int Accounts = 1_000_000_000;
        var samples = int.TryParse(Environment.GetEnvironmentVariable("ANTACA_TEST_PANS"), out var wanted) ? wanted : 1_000_000;
        using var permutation = new PanPermutation(_key, Range("510510"));
        var seen = new BitArray(Accounts);
        var deciles = new int[10];
        var lastDigits = new int[10];
        var rises = 0;
        var near = 0;
        var previous = 0;
        for (var counter = 0; counter < samples; counter++)
        {
            var pan = permutation.PanAt(counter).Reveal();
            var account = int.Parse(pan.AsSpan(6, 9), provider: null);
            if (!pan.StartsWith("510510", StringComparison.Ordinal) || !Pan.IsLuhnValid(pan) || seen[account])
            {
                Assert.Fail($"Number {counter} is outside its range, not valid, or was given before.");
            }
            seen[account] = true;

            deciles[account / (Accounts / 10)]++;
            lastDigits[account % 10]++;
            rises += account > previous ? 1 : 0;
            near += Math.Abs(account - previous) < 1_000 ? 1 : 0;
            previous = account;
        }

        // Six standard deviations of sqrt(n p q); of "near" 2 in a million are expected.
        var tenths = 6 * Math.Sqrt(samples * 0.09);
        Assert.All(deciles, count => Assert.InRange(count, samples / 10.0 - tenths, samples / 10.0 + tenths));
        Assert.All(lastDigits, count => Assert.InRange(count, samples / 10.0 - tenths, samples / 10.0 + tenths));
        Assert.InRange(rises, samples / 2.0 - 3 * Math.Sqrt(samples), samples / 2.0 + 3 * Math.Sqrt(samples));
        Assert.InRange(near, 0, 20 + 4 * samples / 1_000_000);
    }

    [Fact]
    public void Another_key_or_range_is_another_order()
    {
        using var one = new PanPermutation(_key, Range("510510"));
        using var otherKey = new PanPermutation([.. _key[1..], 0], Range("510510"));
        using var otherRange = new PanPermutation(_key, Range("510511"));
        var counters = Enumerable.Range(0, 1000).Select(counter => (long)counter).ToArray();
        Assert.DoesNotContain(counters, counter => one.Permute(counter) == otherKey.Permute(counter));
        Assert.DoesNotContain(counters, counter => one.Permute(counter) == otherRange.Permute(counter));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(100)]
    [InlineData(long.MaxValue)]
    public void A_counter_outside_the_range_is_a_fault(long counter)
    {
        using var permutation = new PanPermutation(_key, Range("51051000:0000000-0000099"));
        Assert.Throws<ArgumentOutOfRangeException>(() => permutation.Permute(counter));
    }

    [Theory]
    [InlineData("510510", 1_000_000_000, "510510:000000000-999999999")]
    [InlineData("5105101", 100_000_000, "5105101:00000000-99999999")]
    [InlineData("51051012", 10_000_000, "51051012:0000000-9999999")]
    [InlineData("51051012:0000100-0000199", 100, "51051012:0000100-0000199")]
    [InlineData("51051012:0000100-0000100", 1, "51051012:0000100-0000100")]
    public void A_range_reads_as_it_prints(string text, long size, string printed)
    {
        var range = Range(text);
        Assert.Equal(size, range.Size);
        Assert.Equal(printed, range.ToString());
        Assert.Equal(range, Range(printed));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("51051")]
    [InlineData("510510123")]
    [InlineData("51051x")]
    [InlineData("510510:")]
    [InlineData("510510:000000000")]
    [InlineData("510510:0-9")]
    [InlineData("510510:000000001-000000000")]
    [InlineData("510510:0000000000-0999999999")]
    [InlineData("510510:-00000001-000000009")]
    [InlineData("510510:000000000-000000009-000000010")]
    [InlineData("510510:000000000-000000009:")]
    [InlineData("510510:+00000000-000000009")]
    public void Anything_else_is_no_range(string? text) => Assert.False(PanRange.TryParse(text, out _));

    [Theory]
    [InlineData("510510", "51051012", true)]
    [InlineData("510510:000000000-099999999", "510510:100000000-199999999", false)]
    [InlineData("510510:000000000-100000000", "510510:100000000-199999999", true)]
    [InlineData("510510", "510511", false)]
    [InlineData("5105101:00000000-09999999", "51051010", true)]
    [InlineData("5105101:00000000-09999999", "51051011", false)]
    public void Ranges_overlap_where_they_share_a_number(string one, string other, bool overlap)
    {
        Assert.Equal(overlap, Range(one).Overlaps(Range(other)));
        Assert.Equal(overlap, Range(other).Overlaps(Range(one)));
    }

    private static PanRange Range(string text)
    {
        Assert.True(PanRange.TryParse(text, out var range));
        return range;
    }
}
