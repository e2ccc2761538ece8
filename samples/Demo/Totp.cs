using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Antaca.Demo;

/// <summary>The six digits of an authenticator app: RFC 6238 with SHA-1 and steps of 30 seconds.</summary>
internal static class Totp
{
    private const int StepSeconds = 30;
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <param name="secret">Base32 (RFC 4648).</param>
    /// <param name="at">The time to give a code for.</param>
    public static string Code(string secret, DateTimeOffset at)
    {
        Span<byte> step = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(step, at.ToUnixTimeSeconds() / StepSeconds);
#pragma warning disable CA5350 // RFC 6238 and the authenticator apps say SHA-1.
        var hash = HMACSHA1.HashData(Decode(secret), step);
#pragma warning restore CA5350
        // RFC 4226 section 5.3: 31 bits from where the last four say.
        var number = BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(hash[^1] & 0xF)) & int.MaxValue;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    public static TimeSpan UntilNextStep(DateTimeOffset at) => TimeSpan.FromSeconds(StepSeconds - (at.ToUnixTimeSeconds() % StepSeconds));

    private static byte[] Decode(string secret)
    {
        var bits = string.Concat(secret.TrimEnd('=').Select(letter => Base32.IndexOf(letter, StringComparison.Ordinal).ToString("b5", CultureInfo.InvariantCulture)));
        return [.. bits.Chunk(8).Where(octet => octet.Length == 8).Select(octet => Convert.ToByte(new string(octet), 2))];
    }
}
