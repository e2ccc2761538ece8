using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using Antaca.DataCore.Vault;

namespace Antaca.DataCore.Credentials;

/// <summary>
/// PINs, passwords and codes at rest: PBKDF2 (RFC 8018) with HMAC-SHA512 and a salt, over a keyed hash whose key is in the
/// vault. A copy of the database alone cannot be searched, however short the PIN.
/// </summary>
internal sealed class SlowHash(Hsm hsm)
{
    public const int Iterations = 120_000;

    private const string Scheme = "pbkdf2-sha512";
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    private static readonly byte[] _nobodysSalt = RandomNumberGenerator.GetBytes(SaltBytes);

    /// <param name="purpose"><c>app-pin</c>, <c>activation-code</c> or <c>password</c>: one's hash is never another's.</param>
    public string Hash(string purpose, string typed)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Scheme}${Iterations}${Base64Url.EncodeToString(salt)}${Base64Url.EncodeToString(Derive(purpose, typed, salt, Iterations))}");
    }

    /// <summary>Compared in constant time. A hash of fewer iterations than today's still verifies.</summary>
    public bool Verify(string purpose, string typed, string hash)
    {
        var parts = hash.Split('$');
        if (parts is not [Scheme, var count, var salt, var expected] || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations))
        {
            throw new FormatException("A stored hash is not in the form that this class writes.");
        }
        return CryptographicOperations.FixedTimeEquals(
            Derive(purpose, typed, Base64Url.DecodeFromChars(salt), iterations),
            Base64Url.DecodeFromChars(expected));
    }

    /// <summary>Takes the time of <see cref="Verify"/> where there is nothing to compare with, so that nobody learns that. Always false.</summary>
    public bool VerifyNothing(string purpose, string typed) => Derive(purpose, typed, _nobodysSalt, Iterations).Length == 0;

    private byte[] Derive(string purpose, string typed, byte[] salt, int iterations)
    {
        var peppered = hsm.Pepper(purpose, typed);
        try
        {
            return Rfc2898DeriveBytes.Pbkdf2(peppered, salt, iterations, HashAlgorithmName.SHA512, HashBytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(peppered);
        }
    }
}
