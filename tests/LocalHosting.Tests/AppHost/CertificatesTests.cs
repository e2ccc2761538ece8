using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Antaca.AppHost;

namespace Antaca.LocalHosting.Tests.AppHost;

public sealed class CertificatesTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Place place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void Everything_is_made_once_and_then_kept()
    {
        Keep(Start);
        var first = Contents();

        Keep(Start.AddDays(300));

        Assert.Equal(first, Contents());
    }

    [Fact]
    public void A_services_certificate_is_for_both_ends_of_a_call_and_signed_by_the_internal_authority_alone()
    {
        var certificates = Keep(Start);
        using var service = X509Certificate2.CreateFromPemFile(certificates.CertificateOf("cardservice"), certificates.KeyOf("cardservice"));

        Assert.Equal("cardservice", service.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
        Assert.Contains("O=Antaca Development", service.Subject, StringComparison.Ordinal);
        Assert.True(service.MatchesHostname("localhost") && service.MatchesHostname("127.0.0.1") && service.MatchesHostname("::1"));
        Assert.Equal(
            ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
            service.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(use => use.Value!));
        Assert.True(Trusted(service, certificates.InternalAuthority));
        Assert.False(Trusted(service, certificates.PartnerAuthority));
        Assert.False(Trusted(service, certificates.EdgeAuthority));
    }

    [Fact]
    public void The_sandboxs_certificates_come_from_the_partner_authority_and_the_gateways_from_the_edge()
    {
        var certificates = Keep(Start);
        using var partner = X509Certificate2.CreateFromPemFile(Path.Combine(certificates.Sandbox, "partner.pem"), Path.Combine(certificates.Sandbox, "partner.key"));
        using var processor = X509Certificate2.CreateFromPemFile(Path.Combine(certificates.Sandbox, "processor.pem"), Path.Combine(certificates.Sandbox, "processor.key"));
        using var edge = X509Certificate2.CreateFromPemFile(certificates.EdgeCertificate, certificates.EdgeKey);

        Assert.True(Trusted(partner, certificates.PartnerAuthority));
        Assert.True(Trusted(processor, certificates.PartnerAuthority));
        Assert.Contains("OU=Processor", processor.Subject, StringComparison.Ordinal);
        Assert.DoesNotContain("OU=", partner.Subject, StringComparison.Ordinal);
        Assert.True(Trusted(edge, Path.Combine(certificates.Sandbox, "ca.pem")));
    }

    [Fact]
    public void A_certificate_about_to_expire_is_made_anew_by_the_same_authority()
    {
        var certificates = Keep(Start);
        var before = File.ReadAllText(certificates.CertificateOf("cardservice"));
        var authority = File.ReadAllText(certificates.InternalAuthority);

        Keep(Start.AddDays(336));

        Assert.NotEqual(before, File.ReadAllText(certificates.CertificateOf("cardservice")));
        Assert.Equal(authority, File.ReadAllText(certificates.InternalAuthority));
        using var anew = X509Certificate2.CreateFromPemFile(certificates.CertificateOf("cardservice"), certificates.KeyOf("cardservice"));
        Assert.True(Trusted(anew, certificates.InternalAuthority, Start.AddDays(700)));
    }

    [Fact]
    public void A_new_authority_means_new_certificates_under_it()
    {
        var certificates = Keep(Start);
        File.Delete(certificates.PartnerAuthority);

        Keep(Start);

        using var partner = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(certificates.Sandbox, "partner.pem"));
        Assert.True(Trusted(partner, certificates.PartnerAuthority));
    }

    [Fact]
    public void A_run_that_ended_between_key_and_certificate_is_mended()
    {
        var certificates = Keep(Start);
        File.Copy(certificates.KeyOf("gateway"), certificates.KeyOf("cardservice"), overwrite: true);

        Keep(Start);

        using var mended = X509Certificate2.CreateFromPemFile(certificates.CertificateOf("cardservice"), certificates.KeyOf("cardservice"));
        Assert.True(mended.HasPrivateKey);
    }

    [Fact]
    public void What_an_operator_put_there_is_left_alone()
    {
        var certificates = Keep(Start);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = new CertificateRequest("CN=bank.example, O=A Bank", key, HashAlgorithmName.SHA256).CreateSelfSigned(Start, Start.AddDays(1));
        File.WriteAllText(certificates.EdgeCertificate, own.ExportCertificatePem());
        File.WriteAllText(certificates.EdgeKey, key.ExportPkcs8PrivateKeyPem());

        Keep(Start.AddDays(100));

        Assert.Equal(own.ExportCertificatePem(), File.ReadAllText(certificates.EdgeCertificate));
    }

    [Fact]
    public void Nobody_else_may_read_a_key()
    {
        Keep(Start);

        var keys = Directory.EnumerateFiles(place.Folder, "*", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file) is var text && (text.Contains("PRIVATE KEY", StringComparison.Ordinal) || text.StartsWith("development:", StringComparison.Ordinal)))
            .ToList();
        Assert.Equal(13, keys.Count);
        Assert.All(keys, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public void The_keys_have_the_forms_their_readers_expect()
    {
        var certificates = Keep(Start);
        using var signs = ECDsa.Create();
        signs.ImportFromPem(File.ReadAllText(certificates.CallerPrivateKey));
        using var verifies = ECDsa.Create();
        verifies.ImportFromPem(File.ReadAllText(certificates.CallerPublicKey));
        using var decrypts = RSA.Create();
        decrypts.ImportFromPem(File.ReadAllText(Path.Combine(certificates.EncryptionKeys, "20260301T120000Z.pem")));

        Assert.True(verifies.VerifyData("hello"u8, signs.SignData("hello"u8.ToArray(), HashAlgorithmName.SHA256), HashAlgorithmName.SHA256));
        using var seals = ECDsa.Create();
        seals.ImportFromPem(File.ReadAllText(certificates.JournalKey));
        using var checks = ECDsa.Create();
        checks.ImportFromPem(File.ReadAllText(certificates.JournalPublicKey));

        Assert.True(checks.VerifyData("hello"u8, seals.SignData("hello"u8.ToArray(), HashAlgorithmName.SHA256), HashAlgorithmName.SHA256));
        Assert.StartsWith("development:", File.ReadAllText(certificates.JournalKey), StringComparison.Ordinal);
        Assert.Equal(2048, decrypts.KeySize);
        Assert.StartsWith("development:", File.ReadAllText(certificates.MasterKey), StringComparison.Ordinal);
        Assert.Equal(32, Convert.FromBase64String(File.ReadAllText(certificates.MasterKey)["development:".Length..]).Length);
    }

    private static bool Trusted(X509Certificate2 certificate, string authority, DateTimeOffset? at = null)
    {
        using var root = X509CertificateLoader.LoadCertificateFromFile(authority);
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { root },
                RevocationMode = X509RevocationMode.NoCheck,
                VerificationTime = (at ?? Start).UtcDateTime,
            },
        };
        return chain.Build(certificate);
    }

    private Certificates Keep(DateTimeOffset at) => Certificates.Keep(place.Folder, ["cardservice", "gateway"], new ClockAt(at));

    private Dictionary<string, string> Contents() =>
        Directory.EnumerateFiles(place.Folder, "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllText);

    private sealed class ClockAt(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
