using System.Security.Cryptography;
using OtpNet;

namespace Antaca.DataCore.Operators;

/// <summary>Time-based one-time passwords (RFC 6238): HMAC-SHA-1, steps of 30 seconds, six digits, one step early or late.</summary>
internal static class SecondFactor
{
    public const int Digits = 6;
    public const int StepSeconds = 30;

    private const string Issuer = "Antaca";
    private const int SecretBytes = 20;

    private static readonly VerificationWindow _window = new(previous: 1, future: 1);

    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    public static bool IsCode(string code) => code.Length == Digits && code.All(char.IsAsciiDigit);

    /// <summary>Whether the code is one of now, and of a later step than <paramref name="after"/>.</summary>
    public static bool Accepts(byte[] secret, string code, DateTimeOffset now, long after, out long step) =>
        new Totp(secret, StepSeconds, OtpHashMode.Sha1, Digits).VerifyTotp(now.UtcDateTime, code, out step, _window) && step > after;

    public static TotpView Show(string email, byte[] secret)
    {
        var text = Base32Encoding.ToString(secret).TrimEnd('=');
        return new TotpView(text, $"otpauth://totp/{Issuer}:{Uri.EscapeDataString(email)}?secret={text}&issuer={Issuer}");
    }
}

/// <summary>A new secret, shown once.</summary>
/// <param name="Secret">Base32 (RFC 4648).</param>
/// <param name="Uri">What authenticator apps read from a picture.</param>
internal sealed record TotpView(string Secret, string Uri)
{
    /// <summary>Never prints the secret.</summary>
    public override string ToString() => "***";
}
