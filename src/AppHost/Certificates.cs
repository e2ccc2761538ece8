using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Antaca.AppHost;

/// <summary>
/// The suite's certificates and keys, made once and kept in the state folder. Everything made here says
/// O=Antaca Development (the master key and the journal's: "development:"), which Production refuses: there an operator puts files of his own
/// in the same places. A certificate of ours is made anew 30 days before it expires; what we did not make is left alone.
/// </summary>
public sealed class Certificates
{
    public const string DevelopmentOrganisation = "Antaca Development";
    public const string DevelopmentKeyPrefix = "development:";

    private const int AuthorityYears = 10;
    private const int CertificateDays = 365;
    private const int RenewDaysBefore = 30;
    private const int EncryptionKeyBits = 2048;
    private const int MasterKeyBytes = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnersFolder = OwnerOnly | UnixFileMode.UserExecute;

    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    private readonly string folder;
    private readonly TimeProvider clock;

    private Certificates(string stateFolder, TimeProvider clock)
    {
        this.clock = clock;
        folder = Path.Combine(stateFolder, "certificates");
        Sandbox = Path.Combine(stateFolder, "sandbox");
        Messages = Path.Combine(stateFolder, "messages");
        EncryptionKeys = Path.Combine(stateFolder, "keys", "jwe");
        MasterKey = Path.Combine(stateFolder, "keys", "master.key");
    }

    /// <summary>Signs the services' certificates; they trust no other for calls between them.</summary>
    public string InternalAuthority => At("internal-ca.pem");

    /// <summary>Signs the gateway's outside certificate; callers trust it.</summary>
    public string EdgeAuthority => At("edge-ca.pem");

    /// <summary>Signs the client certificates of partners and processors.</summary>
    public string PartnerAuthority => At("partner-ca.pem");

    public string PartnerAuthorityKey => KeyBeside(PartnerAuthority);

    public string EdgeCertificate => At("edge.pem");

    public string EdgeKey => At("edge.key");

    /// <summary>Of the sandbox's partner host, an outside party.</summary>
    public string SandboxPartnerHost => Path.Combine(Sandbox, "partner-host.pem");

    public string SandboxPartnerHostKey => KeyBeside(SandboxPartnerHost);

    /// <summary>P-256: the gateway signs callers' tokens with it (ES256).</summary>
    public string CallerPrivateKey => At("caller-signing.key");

    public string CallerPublicKey => At("caller-signing.pub");

    /// <summary>P-256: BalanceService signs the roots of the journal with it (ES256); begins with "development:" when it was made here.</summary>
    public string JournalKey => At("journal-signing.key");

    /// <summary>For whoever checks an export of the ledger.</summary>
    public string JournalPublicKey => At("journal-signing.pub");

    /// <summary>The folder of the gateway's JWE keys, {yyyyMMddTHHmmssZ}.pem; the newest is current.</summary>
    public string EncryptionKeys { get; }

    /// <summary>The vault's master key: base64 of 32 bytes, after "development:" when it was made here.</summary>
    public string MasterKey { get; }

    /// <summary>What a developer calls the suite with: partner.pem/.key, processor.pem/.key, and ca.pem to trust.</summary>
    public string Sandbox { get; }

    /// <summary>Where Development's e-mails and text messages are written in the place of being sent.</summary>
    public string Messages { get; }

    /// <summary>Makes what is missing or about to expire.</summary>
    public static Certificates Keep(string stateFolder, IReadOnlyCollection<string> services, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(clock);
        var certificates = new Certificates(Path.GetFullPath(stateFolder), clock);
        certificates.Keep(services);
        return certificates;
    }

    public string CertificateOf(string service) => At($"{service}.pem");

    public string KeyOf(string service) => At($"{service}.key");

    private static string KeyBeside(string certificate) => Path.ChangeExtension(certificate, ".key");

    private string At(string name) => Path.Combine(folder, name);

    private void Keep(IReadOnlyCollection<string> services)
    {
        foreach (var made in new[] { folder, Sandbox, EncryptionKeys, Path.GetDirectoryName(EncryptionKeys)! })
        {
            Directory.CreateDirectory(made);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(made, OwnersFolder);
            }
        }

        using var inside = Authority(InternalAuthority, "Antaca internal CA");
        foreach (var service in services)
        {
            Issue(inside, CertificateOf(service), Name(service), [ServerAuthentication, ClientAuthentication], atLocalhost: true);
        }

        using var edge = Authority(EdgeAuthority, "Antaca edge CA");
        Issue(edge, EdgeCertificate, Name("localhost"), [ServerAuthentication], atLocalhost: true);
        Issue(edge, SandboxPartnerHost, Name("localhost"), [ServerAuthentication], atLocalhost: true);
        File.Copy(EdgeAuthority, Path.Combine(Sandbox, "ca.pem"), overwrite: true);

        using var partners = Authority(PartnerAuthority, "Antaca partner CA");
        Issue(partners, Path.Combine(Sandbox, "partner.pem"), Name("sandbox-partner"), [ClientAuthentication], atLocalhost: false);
        Issue(partners, Path.Combine(Sandbox, "processor.pem"), Name("sandbox-processor", "Processor"), [ClientAuthentication], atLocalhost: false);

        if (!File.Exists(CallerPrivateKey))
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            WriteSecret(CallerPrivateKey, key.ExportPkcs8PrivateKeyPem());
            File.WriteAllText(CallerPublicKey, key.ExportSubjectPublicKeyInfoPem());
        }
        if (!File.Exists(JournalKey))
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            WriteSecret(JournalKey, $"{DevelopmentKeyPrefix}\n{key.ExportPkcs8PrivateKeyPem()}");
            File.WriteAllText(JournalPublicKey, key.ExportSubjectPublicKeyInfoPem());
        }
        if (!Directory.EnumerateFiles(EncryptionKeys, "*.pem").Any())
        {
            using var key = RSA.Create(EncryptionKeyBits);
            var name = clock.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
            WriteSecret(Path.Combine(EncryptionKeys, $"{name}.pem"), key.ExportPkcs8PrivateKeyPem());
        }
        if (!File.Exists(MasterKey))
        {
            WriteSecret(MasterKey, DevelopmentKeyPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(MasterKeyBytes)));
        }
    }

    private X509Certificate2 Authority(string file, string name)
    {
        if (!MustBeMade(file, issuer: null))
        {
            return X509Certificate2.CreateFromPemFile(file, KeyBeside(file));
        }
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Name(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = clock.GetUtcNow();
        using var authority = request.CreateSelfSigned(now.AddHours(-1), now.AddYears(AuthorityYears));
        Write(file, authority, key);
        return X509Certificate2.CreateFromPemFile(file, KeyBeside(file));
    }

    private void Issue(X509Certificate2 issuer, string file, X500DistinguishedName subject, Oid[] purposes, bool atLocalhost)
    {
        if (!MustBeMade(file, issuer))
        {
            return;
        }
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. purposes], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (atLocalhost)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            names.AddIpAddress(IPAddress.Loopback);
            names.AddIpAddress(IPAddress.IPv6Loopback);
            request.CertificateExtensions.Add(names.Build());
        }
        var now = clock.GetUtcNow();
        using var certificate = request.Create(issuer, now.AddMinutes(-5), now.AddDays(CertificateDays), Serial());
        Write(file, certificate, key);
    }

    /// <summary>Missing; or ours, and about to expire, without its key, or signed by an authority that has been replaced.</summary>
    private bool MustBeMade(string file, X509Certificate2? issuer)
    {
        if (!File.Exists(file) || !File.Exists(KeyBeside(file)))
        {
            return true;
        }
        using var found = X509CertificateLoader.LoadCertificateFromFile(file);
        if (!found.Subject.Contains($"O={DevelopmentOrganisation}", StringComparison.Ordinal))
        {
            return false;
        }
        return found.NotAfter.ToUniversalTime() < clock.GetUtcNow().AddDays(RenewDaysBefore).UtcDateTime
            || !HasItsKey(file)
            || (issuer is not null && !SignedBy(found, issuer));
    }

    /// <summary>False when an earlier run ended between writing the one and the other.</summary>
    private static bool HasItsKey(string file)
    {
        try
        {
            using var both = X509Certificate2.CreateFromPemFile(file, KeyBeside(file));
            return both.HasPrivateKey;
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private static bool SignedBy(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { issuer },
                RevocationMode = X509RevocationMode.NoCheck,
                VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid,
            },
        };
        return chain.Build(certificate);
    }

    private static X500DistinguishedName Name(string commonName, string? unit = null)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName);
        if (unit is not null)
        {
            name.AddOrganizationalUnitName(unit);
        }
        name.AddOrganizationName(DevelopmentOrganisation);
        return name.Build();
    }

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        // A positive number whose first byte is not zero (RFC 5280, 4.1.2.2).
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }

    private static void Write(string file, X509Certificate2 certificate, ECDsa key)
    {
        WriteSecret(KeyBeside(file), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(file, certificate.ExportCertificatePem() + "\n");
    }

    private static void WriteSecret(string file, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }
        using var writer = new StreamWriter(file, options);
        writer.Write(text);
        writer.Write('\n');
    }
}
