using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Antaca.TestKit;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>Client certificates as the partner CA, or somebody else, would issue them.</summary>
internal static class PartnerCertificates
{
    public static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Request(key).CreateSelfSigned(Now.AddMinutes(-5), Now.AddDays(1));
    }

    public static X509Certificate2 Issue(string authorityFile, int fromMinutes = -5, int untilMinutes = 60)
    {
        using var authority = X509Certificate2.CreateFromPemFile(authorityFile, Path.ChangeExtension(authorityFile, ".key"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issued = Request(key).Create(authority, Now.AddMinutes(fromMinutes), Now.AddMinutes(untilMinutes), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    public static async Task Register(this Suite suite, X509Certificate2 certificate, Guid partnerId)
    {
        await using var insert = suite.Database("datacore").CreateCommand(
            """
            insert into certificates (thumbprint, serial, kind, partner_id, not_after, created_at)
            values ($1, $2, 'Partner', $3, now() + interval '1 day', now())
            """);
        insert.Parameters.AddWithValue(certificate.GetCertHashString(HashAlgorithmName.SHA256));
        insert.Parameters.AddWithValue(certificate.SerialNumber);
        insert.Parameters.AddWithValue(partnerId);
        await insert.ExecuteNonQueryAsync();
    }

    public static async Task Revoke(this Suite suite, X509Certificate2 certificate)
    {
        await using var revoke = suite.Database("datacore").CreateCommand("update certificates set revoked_at = now() where thumbprint = $1");
        revoke.Parameters.AddWithValue(certificate.GetCertHashString(HashAlgorithmName.SHA256));
        await revoke.ExecuteNonQueryAsync();
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static CertificateRequest Request(ECDsa key) => new("CN=another-partner, O=Antaca Development", key, HashAlgorithmName.SHA256)
    {
        CertificateExtensions =
        {
            new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true),
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], critical: false),
        },
    };
}
