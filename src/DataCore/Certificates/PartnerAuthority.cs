using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Antaca.ServiceDefaults;

namespace Antaca.DataCore.Certificates;

internal sealed record CertificateSettings
{
    /// <summary>PEM file of the CA that signs the client certificates of partners and processors.</summary>
    [Required]
    public string Authority { get; init; } = "";

    /// <summary>PEM file of its private key.</summary>
    [Required]
    public string AuthorityKey { get; init; } = "";

    [Range(1, 825)]
    public int LifetimeDays { get; init; } = 365;
}

/// <summary>Who may be named in a client certificate, and as what.</summary>
/// <param name="Unit"><c>Partner</c> or <c>Processor</c>.</param>
internal sealed record CertificateSubject(string CommonName, string Unit, string Organisation)
{
    public X500DistinguishedName Name()
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(CommonName);
        name.AddOrganizationalUnitName(Unit);
        name.AddOrganizationName(Organisation);
        return name.Build();
    }
}

/// <summary>
/// The partner CA. What it signs says what we say: subject, lifetime, key usage and serial are ours (RFC 5280); of the
/// request it takes the public key alone.
/// </summary>
internal sealed class PartnerAuthority : IDisposable
{
    private const int BackdatedMinutes = 5;
    private const int SerialBytes = 16;

    private static readonly Oid _clientAuthentication = new("1.3.6.1.5.5.7.3.2");

    private readonly X509Certificate2 _authority;
    private readonly int _lifetimeDays;

    public PartnerAuthority(CertificateSettings settings, IHostEnvironment environment)
    {
        _authority = ServiceIdentity.ReadPair(settings.Authority, settings.AuthorityKey);
        ServiceIdentity.RefuseDevelopment(_authority, "Certificates:Authority", environment);
        _lifetimeDays = settings.LifetimeDays;
    }

    /// <summary>What a holder sends along with its certificate: PEM.</summary>
    public string Chain => _authority.ExportCertificatePem();

    public X509Certificate2 Sign(PublicKey key, CertificateSubject subject, DateTimeOffset now)
    {
        var request = new CertificateRequest(subject.Name(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([_clientAuthentication], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(key, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var from = Later(now.AddMinutes(-BackdatedMinutes), _authority.NotBefore.ToUniversalTime());
        var until = Earlier(now.AddDays(_lifetimeDays), _authority.NotAfter.ToUniversalTime());
        return request.Create(_authority.SubjectName, Generator(), from, until, Serial());
    }

    public void Dispose() => _authority.Dispose();

    private X509SignatureGenerator Generator() => _authority.GetECDsaPrivateKey() is { } ec
        ? X509SignatureGenerator.CreateForECDsa(ec)
        : X509SignatureGenerator.CreateForRSA(_authority.GetRSAPrivateKey()!, RSASignaturePadding.Pkcs1);

    private static DateTimeOffset Later(DateTimeOffset one, DateTime other) => one > other ? one : new DateTimeOffset(other, TimeSpan.Zero);

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTime other) => one < other ? one : new DateTimeOffset(other, TimeSpan.Zero);

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        // A positive number whose first byte is not zero (RFC 5280, 4.1.2.2).
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }
}
