using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Antaca.DataCore.Certificates;

/// <summary>
/// A certificate request (PKCS #10, RFC 2986) that may be signed: its signature proves the key, the key is strong enough,
/// and its subject names one holder. The extensions that it asks for are not looked at.
/// </summary>
internal sealed record SigningRequest(string CommonName, string? Organisation, PublicKey Key)
{
    public const int MaxCharacters = 16 * 1024;

    private const int MinRsaBits = 2048;
    private const int MaxRsaBits = 4096;

    /// <summary>Anybody makes the signatures of the exponent 1 (FIPS 186-5, 5.1: 2^16 to 2^256, odd).</summary>
    private const int MinRsaExponent = 65537;

    private const int MaxRsaExponentBits = 256;
    private const int MaxCommonNameLength = 64;
    private const string CommonNameOid = "2.5.4.3";
    private const string OrganisationOid = "2.5.4.10";
    private const string P256Oid = "1.2.840.10045.3.1.7";
    private const string RsaOid = "1.2.840.113549.1.1.1";
    private const string EcOid = "1.2.840.10045.2.1";

    /// <summary>Unit, country, place and state: allowed, and not taken over.</summary>
    private static readonly string[] _ignored = ["2.5.4.11", "2.5.4.6", "2.5.4.7", "2.5.4.8"];

    /// <summary>RSA (PKCS #1) and ECDSA signatures with SHA-256, SHA-384 or SHA-512.</summary>
    private static readonly string[] _signatures =
        ["1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4"];

    /// <summary>Lower-case hexadecimal SHA-256 of the SubjectPublicKeyInfo: the same for the same key.</summary>
    public string KeyHash => Convert.ToHexStringLower(SHA256.HashData(Key.ExportSubjectPublicKeyInfo()));

    /// <summary>Trusts nothing.</summary>
    /// <returns>The request, or in a few words what is wrong with it.</returns>
    public static (SigningRequest? Request, string? Fault) Read(string pem)
    {
        if (pem.Length > MaxCharacters)
        {
            return (null, "is too long");
        }
        try
        {
            if (!PemEncoding.TryFind(pem, out var fields) || pem[fields.Label] is not ("CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST"))
            {
                return (null, "must be a PEM of a CERTIFICATE REQUEST");
            }
            var der = Convert.FromBase64String(pem[fields.Base64Data]);
            if (!_signatures.Contains(SignatureOf(der)))
            {
                return (null, "must be signed with SHA-256, SHA-384 or SHA-512");
            }
            if (KeyFault(der) is { } weak)
            {
                return (null, weak);
            }
            // Verifies the signature, and drops the extensions that are asked for.
            var request = CertificateRequest.LoadSigningRequest(der, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1);
            return Judge(request.SubjectName, request.PublicKey);
        }
        catch (Exception unreadable) when (unreadable is CryptographicException or AsnContentException or ArgumentException or FormatException or NotSupportedException)
        {
            return (null, "is damaged, or not signed by its own key");
        }
    }

    private static string SignatureOf(byte[] der)
    {
        var request = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        request.ReadSequence();
        return request.ReadSequence().ReadObjectIdentifier();
    }

    /// <summary>Before anything is computed with it: a giant key is refused, not verified.</summary>
    private static string? KeyFault(byte[] der)
    {
        var info = new AsnReader(der, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        info.ReadInteger();
        info.ReadSequence();
        var key = info.ReadSequence();
        var algorithm = key.ReadSequence();
        var oid = algorithm.ReadObjectIdentifier();
        if (oid == EcOid)
        {
            return algorithm.ReadObjectIdentifier() == P256Oid ? null : "has an EC key that is not on P-256";
        }
        if (oid != RsaOid)
        {
            return "must have an RSA key of 2048 to 4096 bits, or an EC key on P-256";
        }
        var numbers = new AsnReader(key.ReadBitString(out _), AsnEncodingRules.DER).ReadSequence();
        var bits = (long)numbers.ReadInteger().GetBitLength();
        if (bits is < MinRsaBits or > MaxRsaBits)
        {
            return string.Create(CultureInfo.InvariantCulture, $"has an RSA key of {bits} bits, not {MinRsaBits} to {MaxRsaBits}");
        }
        var exponent = numbers.ReadInteger();
        return !exponent.IsEven && exponent >= MinRsaExponent && exponent.GetBitLength() <= MaxRsaExponentBits
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"has an RSA key whose exponent is not an odd number of {MinRsaExponent} to 2^{MaxRsaExponentBits}");
    }

    private static (SigningRequest? Request, string? Fault) Judge(X500DistinguishedName subject, PublicKey key)
    {
        string? commonName = null;
        string? organisation = null;
        var seen = new HashSet<string>();
        foreach (var part in subject.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
            {
                return (null, "has a subject with several attributes in one part");
            }
            var oid = part.GetSingleElementType().Value!;
            if (!seen.Add(oid))
            {
                return (null, "names an attribute of the subject twice");
            }
            switch (oid)
            {
                case CommonNameOid:
                    commonName = part.GetSingleElementValue();
                    break;
                case OrganisationOid:
                    organisation = part.GetSingleElementValue();
                    break;
                case var other when !_ignored.Contains(other):
                    return (null, "has a subject with more than CN, O, OU, C, L and ST");
            }
        }
        return commonName is { Length: >= 1 and <= MaxCommonNameLength } && !commonName.Any(char.IsControl) && !string.IsNullOrWhiteSpace(commonName)
            ? (new SigningRequest(commonName, organisation, key), null)
            : (null, string.Create(CultureInfo.InvariantCulture, $"must name a CN of 1 to {MaxCommonNameLength} printable characters"));
    }
}
