using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Antaca.TestKit;

namespace Antaca.DataCore.Tests.Certificates;

/// <summary>Certificate requests (PKCS #10) as partners make them, and as nobody should.</summary>
internal static class Requests
{
    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>Of a new P-256 key.</summary>
    public static string Csr(string subject = "CN=bank-gateway-1")
    {
        using var key = NewKey();
        return Csr(key, subject);
    }

    public static string Csr(ECDsa key, string subject = "CN=bank-gateway-1", HashAlgorithmName? hash = null) =>
        new CertificateRequest(subject, key, hash ?? HashAlgorithmName.SHA256).CreateSigningRequestPem();

    public static string Csr(ECDsa key, X500DistinguishedName subject) => new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSigningRequestPem();

    public static string Csr(RSA key, HashAlgorithmName? hash = null, RSASignaturePadding? padding = null) =>
        new CertificateRequest("CN=bank-gateway-1", key, hash ?? HashAlgorithmName.SHA256, padding ?? RSASignaturePadding.Pkcs1).CreateSigningRequestPem();

    public static byte[] Der(string pem) => Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]);

    public static string Pem(byte[] der) => PemEncoding.WriteString("CERTIFICATE REQUEST", der);

    public static X509Certificate2 Certificate(this Answer signed) => X509Certificate2.CreateFromPem(signed["certificate"].GetString());
}
