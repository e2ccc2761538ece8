using System.Security.Cryptography;
using System.Text.Json;
using Antaca.DataCore.Vault;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

public sealed class PinBlockTests
{
    private const string CardNumber = "5555555551234567";

    public static TheoryData<string, string, string> Iso0 => Rows("pinBlockIso0", "vectors", "pin", "pan", "block");

    public static TheoryData<string, string, string> NoIso0 => Rows("pinBlockIso0", "invalid", "why", "pan", "block");

    public static TheoryData<string, string, string, string> Iso4
    {
        get
        {
            var rows = new TheoryData<string, string, string, string>();
            foreach (var vector in Of("pinBlockIso4", "vectors"))
            {
                rows.Add(Text(vector, "key"), Text(vector, "pan"), Text(vector, "pin"), Text(vector, "block"));
            }
            return rows;
        }
    }

    public static TheoryData<string, string, string, string> NoIso4
    {
        get
        {
            var rows = new TheoryData<string, string, string, string>();
            foreach (var vector in Of("pinBlockIso4", "invalid"))
            {
                rows.Add(Text(vector, "why"), Text(vector, "key"), Text(vector, "pan"), Text(vector, "block"));
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Iso0))]
    public void The_published_blocks_of_format_0_are_written_and_read(string pin, string pan, string block)
    {
        Span<byte> written = stackalloc byte[PinBlocks.Iso0Bytes];
        using var known = PinOf(pin);
        PinBlocks.EncodeIso0(known, pan, written);

        Assert.Equal(block, Convert.ToHexString(written));
        Assert.True(PinBlocks.TryDecodeIso0(written, pan, out var read));
        Assert.Equal(pin, Digits(read));
    }

    [Theory]
    [MemberData(nameof(NoIso0))]
    public void The_published_false_blocks_of_format_0_are_none(string why, string pan, string block) =>
        Assert.False(PinBlocks.TryDecodeIso0(Convert.FromHexString(block), pan, out _), why);

    [Theory]
    [InlineData("041261AAAAEDCBA9", "5555555551234667", "another card's number")]
    [InlineData("141261AAAAEDCBA9", CardNumber, "control nibble")]
    [InlineData("031261AAAAEDCBA9", CardNumber, "a PIN of three digits")]
    [InlineData("0D1261AAAAEDCBA9", CardNumber, "a PIN of thirteen digits")]
    [InlineData("041261AAAAEDCB", CardNumber, "seven bytes")]
    [InlineData("041261AAAAEDCBA900", CardNumber, "nine bytes")]
    [InlineData("", CardNumber, "nothing")]
    public void What_is_no_block_of_format_0_of_this_card_bears_no_PIN(string block, string pan, string why) =>
        Assert.False(PinBlocks.TryDecodeIso0(Convert.FromHexString(block), pan, out _), why);

    [Theory]
    [MemberData(nameof(Iso4))]
    public void The_published_blocks_of_format_4_are_read(string key, string pan, string pin, string block)
    {
        Assert.True(PinBlocks.TryDecipherIso4(Convert.FromHexString(key), Convert.FromHexString(block), pan, out var read));
        Assert.Equal(pin, Digits(read));
    }

    [Theory]
    [MemberData(nameof(NoIso4))]
    public void The_published_false_blocks_of_format_4_are_none(string why, string key, string pan, string block) =>
        Assert.False(PinBlocks.TryDecipherIso4(Convert.FromHexString(key), Convert.FromHexString(block), pan, out _), why);

    [Theory]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(32)]
    public void A_block_of_format_4_is_never_the_same_twice_and_opens_for_its_card_and_key_alone(int keyBytes)
    {
        var key = RandomNumberGenerator.GetBytes(keyBytes);
        using var pin = PinOf("739182");
        var blocks = Enumerable.Range(0, 50).Select(_ =>
        {
            var block = new byte[PinBlocks.Iso4Bytes];
            PinBlocks.EncipherIso4(key, pin, CardNumber, block);
            return block;
        }).ToArray();

        Assert.Equal(blocks.Length, blocks.Select(Convert.ToHexString).Distinct().Count());
        Assert.All(blocks, block =>
        {
            Assert.True(PinBlocks.TryDecipherIso4(key, block, CardNumber, out var read));
            Assert.Equal("739182", Digits(read));
        });
        Assert.False(PinBlocks.TryDecipherIso4(RandomNumberGenerator.GetBytes(keyBytes), blocks[0], CardNumber, out _));
        Assert.False(PinBlocks.TryDecipherIso4(key, blocks[0].AsSpan(..^1), CardNumber, out _));
        // The number is inside the encryption: another one leaves noise, which is a PIN about once in a million times.
        Assert.True(blocks.Count(block => PinBlocks.TryDecipherIso4(key, block, "5555555551234575", out _)) <= 1);
    }

    [Fact]
    public void A_flipped_bit_of_a_block_of_format_4_never_gives_another_PIN()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        using var pin = PinOf("7391");
        var block = new byte[PinBlocks.Iso4Bytes];
        PinBlocks.EncipherIso4(key, pin, CardNumber, block);

        for (var bit = 0; bit < 8 * block.Length; bit++)
        {
            var changed = block.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(PinBlocks.TryDecipherIso4(key, changed, CardNumber, out _));
        }
    }

    [Theory]
    [InlineData(PinBlockFormat.Iso0, PinBlockFormat.Iso4)]
    [InlineData(PinBlockFormat.Iso4, PinBlockFormat.Iso0)]
    [InlineData(PinBlockFormat.Iso4, PinBlockFormat.Iso4)]
    [InlineData(PinBlockFormat.Iso0, PinBlockFormat.Iso0)]
    public void A_block_is_translated_from_one_zone_to_another_for_its_card_alone(PinBlockFormat from, PinBlockFormat to)
    {
        using var hsm = new Hsm(RandomNumberGenerator.GetBytes(Hsm.MasterKeyBytes));
        var (one, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        hsm.Load([hsm.NewKey(Purpose(from), one, 1), hsm.NewKey(Purpose(to), other, 1)]);
        var pan = Pan.Parse("5105105105105100");
        using var pin = PinOf("7391");
        var block = hsm.EncipherPin(one, from, pan, pin);

        Assert.True(hsm.TryTranslatePin(one, from, block, pan, other, to, out var translated));
        Assert.Equal(PinBlocks.LengthOf(to), translated.Length);
        Assert.True(hsm.TryDecipherPin(other, to, translated, pan, out var read));
        Assert.Equal("7391", Digits(read));
        Assert.False(hsm.TryTranslatePin(other, to, block, pan, one, from, out _));
        Assert.False(hsm.TryTranslatePin(one, from, block.AsSpan(1), pan, other, to, out _));
        Assert.False(hsm.TryTranslatePin(Guid.CreateVersion7(), from, block, pan, other, to, out _));
        if (from == PinBlockFormat.Iso4)
        {
            Assert.False(hsm.TryTranslatePin(one, from, block, Pan.Parse("4242424242424242"), other, to, out _));
        }

        static KeyPurpose Purpose(PinBlockFormat format) => format == PinBlockFormat.Iso0 ? KeyPurpose.ZonePinTripleDes : KeyPurpose.ZonePinAes;
    }

    private static TheoryData<string, string, string> Rows(string group, string list, string first, string second, string third)
    {
        var rows = new TheoryData<string, string, string>();
        foreach (var vector in Of(group, list))
        {
            rows.Add(Text(vector, first), Text(vector, second), Text(vector, third));
        }
        return rows;
    }

    private static JsonElement.ArrayEnumerator Of(string group, string list) => Vectors.Payment.GetProperty(group).GetProperty(list).EnumerateArray();

    private static string Text(JsonElement vector, string name) => vector.GetProperty(name).GetString()!;

    private static Pin PinOf(string digits) => Pin.TryParse(digits, out var pin) ? pin : throw new ArgumentException(digits);

    private static string Digits(Pin pin) => System.Text.Encoding.ASCII.GetString(pin.Digits);
}
