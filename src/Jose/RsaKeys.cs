using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Antaca.Jose;

/// <summary>
/// An RSA public key that a JWE may be sealed for: 2048 to 4096 bits, odd public exponent of 65537 to 2^32 - 1.
/// Holds a native handle; dispose it.
/// </summary>
public sealed class RsaPublicKey : IDisposable
{
    public const int MinSizeBits = 2048;
    public const int MaxSizeBits = 4096;

    /// <summary>The longest <c>Public-Key</c> header that is read: a 4096-bit key as base64 of PEM takes about 1,100 characters.</summary>
    public const int MaxHeaderCharacters = 2048;

    private const string PemLabel = "PUBLIC KEY";
    private const uint MinExponent = 65537;

    internal RSA Rsa { get; }

    private RsaPublicKey(RSA rsa)
    {
        Rsa = rsa;
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        Jwk = Jwk.OfRsa(parameters.Modulus!, parameters.Exponent!);
        SealedHeader = Encoding.ASCII.GetBytes(StrictBase64Url.Encode(
            Encoding.ASCII.GetBytes($$"""{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"{{Kid}}"}""")));
    }

    /// <summary>The encoded protected header of every JWE that is sealed for this key.</summary>
    internal byte[] SealedHeader { get; }

    public int SizeBits => Rsa.KeySize;

    /// <summary>RFC 7638 thumbprint (SHA-256, base64url): the <c>kid</c> of what is sealed for this key.</summary>
    public string Kid => Jwk.Thumbprint;

    /// <summary>The key as a JWK (RFC 7517).</summary>
    public Jwk Jwk { get; }

    /// <summary>
    /// Reads the <c>Public-Key</c> header: base64 of a PEM <c>PUBLIC KEY</c> or of a DER SubjectPublicKeyInfo (RFC 5280).
    /// False for anything else, and for a key outside the bounds of this type.
    /// </summary>
    public static bool TryParse(string? header, [NotNullWhen(true)] out RsaPublicKey? key)
    {
        key = null;
        if (string.IsNullOrEmpty(header) || header.Length > MaxHeaderCharacters)
        {
            return false;
        }

        var decoded = new byte[header.Length];
        if (!Convert.TryFromBase64String(header, decoded, out var length))
        {
            return false;
        }
        var content = decoded.AsSpan(0, length);
        return content.StartsWith("-----BEGIN "u8) ? TryParsePem(content, out key) : TryParseDer(content, out key);
    }

    /// <summary>False where the numbers are not an RSA public key within the bounds of this type.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent, [NotNullWhen(true)] out RsaPublicKey? key)
    {
        key = null;
        try
        {
            return TryAccept(
                RSA.Create(new RSAParameters { Modulus = modulus.ToArray(), Exponent = exponent.ToArray() }), out key);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>The value of the <c>Public-Key</c> header: base64 of the PEM.</summary>
    public string ToHeader() => Convert.ToBase64String(Encoding.ASCII.GetBytes(ToPem()));

    /// <summary>SubjectPublicKeyInfo in PEM (RFC 7468).</summary>
    public string ToPem() => Rsa.ExportSubjectPublicKeyInfoPem();

    public void Dispose() => Rsa.Dispose();

    private static bool TryParsePem(ReadOnlySpan<byte> content, [NotNullWhen(true)] out RsaPublicKey? key)
    {
        key = null;
        if (!Ascii.IsValid(content))
        {
            return false;
        }

        var pem = Encoding.ASCII.GetString(content).AsSpan().Trim();
        if (!PemEncoding.TryFind(pem, out var fields) || !pem[fields.Label].SequenceEqual(PemLabel)
            || fields.Location.GetOffsetAndLength(pem.Length) != (0, pem.Length))
        {
            return false;
        }

        var der = new byte[fields.DecodedDataLength];
        return Convert.TryFromBase64Chars(pem[fields.Base64Data], der, out _) && TryParseDer(der, out key);
    }

    private static bool TryParseDer(ReadOnlySpan<byte> der, [NotNullWhen(true)] out RsaPublicKey? key)
    {
        key = null;
        var rsa = RSA.Create();
        try
        {
            rsa.ImportSubjectPublicKeyInfo(der, out var read);
            if (read == der.Length)
            {
                return TryAccept(rsa, out key);
            }
            rsa.Dispose();
            return false;
        }
        catch (CryptographicException)
        {
            rsa.Dispose();
            return false;
        }
    }

    private static bool TryAccept(RSA rsa, [NotNullWhen(true)] out RsaPublicKey? key)
    {
        key = IsWithinBounds(rsa) ? new RsaPublicKey(rsa) : null;
        if (key is null)
        {
            rsa.Dispose();
        }
        return key is not null;
    }

    private static bool IsWithinBounds(RSA rsa)
    {
        if (rsa.KeySize is < MinSizeBits or > MaxSizeBits)
        {
            return false;
        }

        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        if (parameters.Exponent!.Length > sizeof(uint))
        {
            return false;
        }
        var exponent = parameters.Exponent.Aggregate(0u, (value, next) => (value << 8) | next);
        return exponent >= MinExponent && exponent % 2 == 1 && parameters.Modulus![^1] % 2 == 1;
    }

    internal static RsaPublicKey Of(RSA privateKey)
    {
        var parameters = privateKey.ExportParameters(includePrivateParameters: false);
        return TryCreate(parameters.Modulus, parameters.Exponent, out var key)
            ? key
            : throw new CryptographicException(
                $"An RSA key for JWE has {MinSizeBits} to {MaxSizeBits} bits and an odd exponent from {MinExponent}.");
    }
}

/// <summary>
/// An RSA key that opens JWEs, with the bounds of <see cref="RsaPublicKey"/>. May be used from several threads at once
/// (a private-key operation reads the native key and changes nothing). Holds native handles; dispose it.
/// </summary>
public sealed class RsaPrivateKey : IDisposable
{
    private RsaPrivateKey(RSA rsa, string? kid)
    {
        Rsa = rsa;
        PublicKey = RsaPublicKey.Of(rsa);
        Kid = kid ?? PublicKey.Kid;
    }

    internal RSA Rsa { get; }

    /// <summary>The key's name in a JWE header: its RFC 7638 thumbprint, unless it was given another.</summary>
    public string Kid { get; }

    public RsaPublicKey PublicKey { get; }

    /// <summary>A new random key.</summary>
    /// <param name="sizeBits">2048 to 4096.</param>
    public static RsaPrivateKey Create(int sizeBits = RsaPublicKey.MinSizeBits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeBits, RsaPublicKey.MinSizeBits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sizeBits, RsaPublicKey.MaxSizeBits);
        return Of(RSA.Create(sizeBits));
    }

    /// <summary>Takes over <paramref name="rsa"/>, which holds a private key.</summary>
    /// <exception cref="CryptographicException">The key is outside the bounds of <see cref="RsaPublicKey"/>.</exception>
    public static RsaPrivateKey Of(RSA rsa, string? kid = null) => new(rsa, kid);

    /// <summary>Reads an unencrypted PEM <c>PRIVATE KEY</c> (PKCS #8) or <c>RSA PRIVATE KEY</c> (PKCS #1).</summary>
    /// <exception cref="ArgumentException">No such PEM in the text.</exception>
    /// <exception cref="CryptographicException">The key is damaged or outside the bounds of <see cref="RsaPublicKey"/>.</exception>
    public static RsaPrivateKey FromPem(ReadOnlySpan<char> pem)
    {
        var rsa = RSA.Create();
        rsa.ImportFromPem(pem);
        return Of(rsa);
    }

    /// <summary>PKCS #8, unencrypted: for the place that keeps the key, wrapped or under file rights.</summary>
    public byte[] ExportPkcs8() => Rsa.ExportPkcs8PrivateKey();

    /// <summary>Reads what <see cref="ExportPkcs8"/> wrote.</summary>
    /// <exception cref="CryptographicException">The bytes are no such key, or it is outside the bounds of <see cref="RsaPublicKey"/>.</exception>
    public static RsaPrivateKey FromPkcs8(ReadOnlySpan<byte> pkcs8)
    {
        var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(pkcs8, out _);
        return Of(rsa);
    }

    public void Dispose()
    {
        PublicKey.Dispose();
        Rsa.Dispose();
    }
}
