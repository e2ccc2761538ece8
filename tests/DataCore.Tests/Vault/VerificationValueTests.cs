using System.Text;
using Antaca.DataCore.Vault;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

public sealed class VerificationValueTests
{
    private static readonly byte[] _pair = Convert.FromHexString("0123456789ABCDEFFEDCBA9876543210");

    public static TheoryData<int, string, string, string> Pvvs
    {
        get
        {
            var rows = new TheoryData<int, string, string, string>();
            foreach (var vector in Vectors.Payment.GetProperty("pvv").GetProperty("vectors").EnumerateArray())
            {
                rows.Add(vector.GetProperty("keyIndex").GetInt32(), vector.GetProperty("pin").GetString()!, vector.GetProperty("pan").GetString()!, vector.GetProperty("pvv").GetString()!);
            }
            return rows;
        }
    }

    public static TheoryData<string, string, string> CheckValues
    {
        get
        {
            var rows = new TheoryData<string, string, string>();
            foreach (var vector in Vectors.Payment.GetProperty("kcv").GetProperty("vectors").EnumerateArray())
            {
                rows.Add(vector.GetProperty("cipher").GetString()!, vector.GetProperty("key").GetString()!, vector.GetProperty("kcv").GetString()!);
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Pvvs))]
    public void The_published_pvvs_hold_and_depend_on_each_of_their_inputs(int keyIndex, string pin, string pan, string pvv)
    {
        Assert.Equal(pvv, Pvv(keyIndex, pan, pin));
        Assert.NotEqual(pvv, Pvv(keyIndex == 1 ? 2 : 1, pan, pin));
        Assert.NotEqual(pvv, Pvv(keyIndex, pan, pin[..3] + (pin[3] == '0' ? '1' : '0')));
        Assert.NotEqual(pvv, Pvv(keyIndex, pan[..8] + "0000" + pan[12..], pin));
        // Of a longer PIN the first four digits count, and of the number neither its check digit nor its first ones.
        Assert.Equal(pvv, Pvv(keyIndex, pan, pin + "99"));
        Assert.Equal(pvv, Pvv(keyIndex, "9999" + pan[4..^1] + "0", pin));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(-1)]
    public void A_key_index_is_one_to_six(int keyIndex) => Assert.Throws<ArgumentOutOfRangeException>(() => Pvv(keyIndex, "1122334455667788", "4524"));

    [Theory]
    [MemberData(nameof(CheckValues))]
    public void The_published_check_values_hold(string cipher, string key, string checkValue)
    {
        var bytes = Convert.FromHexString(key);

        Assert.Equal(checkValue, cipher == "AES" ? KeyCheck.AesZeros(bytes) : KeyCheck.TripleDes(bytes));
        bytes[0] ^= 0x10;
        Assert.NotEqual(checkValue, cipher == "AES" ? KeyCheck.AesZeros(bytes) : KeyCheck.TripleDes(bytes));
    }

    /// <summary>RFC 4493, section 4.</summary>
    [Theory]
    [InlineData("", "BB1D6929E95937287FA37D129B756746")]
    [InlineData("6BC1BEE22E409F96E93D7E117393172A", "070A16B46B4D4144F79BDD9DD04A287C")]
    [InlineData("6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411", "DFA66747DE9AE63030CA32611497C827")]
    [InlineData("6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411E5FBC1191A0A52EFF69F2445DF4F9B17AD2B417BE66C3710", "51F0BEBF7E3B9D92FC49741779363CFE")]
    public void The_macs_of_the_RFC_hold(string message, string mac)
    {
        Span<byte> computed = stackalloc byte[16];
        KeyCheck.Cmac(Convert.FromHexString("2B7E151628AED2A6ABF7158809CF4F3C"), Convert.FromHexString(message), computed);

        Assert.Equal(mac, Convert.ToHexString(computed));
    }

    private static string Pvv(int keyIndex, string pan, string pin) => VerificationValues.PinVerificationValue(_pair, keyIndex, pan, Encoding.ASCII.GetBytes(pin));
}
