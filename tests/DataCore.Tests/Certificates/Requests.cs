using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Antaca.TestKit;

namespace Antaca.DataCore.Tests.Certificates;

/// <summary>Certificate requests (PKCS #10) as partners make them, and as nobody should.</summary>
internal static class Requests
{
    /// <summary>Ed25519 (RFC 8410).</summary>
    public const string Ed25519 =
        """
        -----BEGIN CERTIFICATE REQUEST-----
        MIGQMEQCAQAwETEPMA0GA1UEAwwGYmFuay0xMCowBQYDK2VwAyEACgnjnEmFyGYJ
        fk+mQCbDl3IO79pymBnjfsosoWeL5jugADAFBgMrZXADQQDvnkl/BB9ih6+HxSUr
        Y8Bl7TEsnYw7s+2COkQMXRAc0brgWVgKYJWOhI6K1Q9dETxnYV0au2Y8f5nQ9zVK
        8HoD
        -----END CERTIFICATE REQUEST-----
        """;

    /// <summary>RSA of 2048 bits, signed with SHA-1 (<c>openssl req -sha1</c>).</summary>
    public const string RsaWithSha1 =
        """
        -----BEGIN CERTIFICATE REQUEST-----
        MIICXjCCAUYCAQAwGTEXMBUGA1UEAwwOYmFuay1nYXRld2F5LTEwggEiMA0GCSqG
        SIb3DQEBAQUAA4IBDwAwggEKAoIBAQC+BCeFL5X5zVZ2KAyVmb4ZMBJPN19pTotz
        dYMvIofw/ZAZwGiPyvHl6soWhX/VnQ7ZzKlQpguj91ZYAtHratxlUkBJXaqS4Rcd
        d0Y1cosfddOzTs2z2PfhI/OPXnkdDcVMlUSIZ3bspyVCVcUE0T/QdpkRMffpYeE/
        nKqPRQ7swagFXMlwXZSAo4dLYUkpi/v6y9XXHkMF2rWogaTBQdXBBMIZUkFstVlo
        3hGCaIb3An9/mmOLXu9a/P6HK8hgi7H1lrYaQUD8PMTwZm5jsm5Xi259TzM+GIc1
        j0NWEx+2/ulbcxPEdmPXSi7OwxtnQgL6NuXqK0IB/Ysxxi3dyE6HAgMBAAGgADAN
        BgkqhkiG9w0BAQUFAAOCAQEAqQKF+Aaz/2qU0+2VTSSD06L4H5dqcJDeHIMHQmpC
        H11Ndgl7rdWjSrlTeENucKPQ6McWTI6nTWAtIwxCwTcWhAubHGVxsNQT+NrYAfOc
        pMfwwBUlOkjdLFVIoFjxf/W2/KJbHESBJPqsepBLk1qCPnBCLXL0CP2tKpAHbwbg
        gex0PTmlFr+VWk1sfrXZLHuE/ky9xjrCxWT4+hdMgtcMkjY6DoOeJEiU5dQpr3ia
        iTAn27wVzE2GHDAmAA/oViFQPH3oCVzhyds0C1UARdRLRX/Eyu1NrV8Lhg5eB50J
        e3M/iK2U2W09x6/1AOdXx33h7T9tPR/Evp2Y0AjdKBRLGw==
        -----END CERTIFICATE REQUEST-----
        """;

    /// <summary>P-256, signed with SHA-1.</summary>
    public const string EcWithSha1 =
        """
        -----BEGIN CERTIFICATE REQUEST-----
        MIHTMHsCAQAwGTEXMBUGA1UEAwwOYmFuay1nYXRld2F5LTEwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAARquYO1rhdG4SfTQINi6/3r7y2wes7+XoEUS2fMoSe7DWaQ
        FEM9E3QcBJdQbqQLYoOBHFWzIYzEDXbdeP/wPb+xoAAwCQYHKoZIzj0EAQNJADBG
        AiEA3LifztWTGRKoxTCs7YPgn+OIlWc6PB1XM30t0ag9NawCIQCyzSxNT+tThnPc
        5LjRgFUwvai3LoNfDId/ouc72nxeUg==
        -----END CERTIFICATE REQUEST-----
        """;

    /// <summary>P-256 by its numbers in place of its name (<c>-pkeyopt ec_param_enc:explicit</c>).</summary>
    public const string ExplicitCurve =
        """
        -----BEGIN CERTIFICATE REQUEST-----
        MIIByDCCAW8CAQAwGTEXMBUGA1UEAwwOYmFuay1nYXRld2F5LTEwggFLMIIBAwYH
        KoZIzj0CATCB9wIBATAsBgcqhkjOPQEBAiEA/////wAAAAEAAAAAAAAAAAAAAAD/
        //////////////8wWwQg/////wAAAAEAAAAAAAAAAAAAAAD///////////////wE
        IFrGNdiqOpPns+u9VXaYhrxlHQawzFOw9jvOPD4n0mBLAxUAxJ02CIbnBJNqZnjh
        E50mt4GffpAEQQRrF9Hy4SxCR/i85uVjpEDydwN9gS3rM6D0oTlF2JjClk/jQuL+
        Gn+bjufrSnwPnhYrzjNXazFezsu2QGg3v1H1AiEA/////wAAAAD//////////7zm
        +q2nF56E87nKwvxjJVECAQEDQgAEKeRUJtaGgBnEtJOTEwQgedDNPHEZPoDs2FPI
        NiuVIaoMOW/6iSp0uBlOLSTHYxAHaElqr3Ro6RRNRooUX5X5qKAAMAoGCCqGSM49
        BAMCA0cAMEQCICCjwRX0uZzCUt6zGyY2sW8v8CkwWVUnx8mxY7scio+/AiB0XHS/
        i6/NhpA0t4Qajfmkv4P0sragmFUF8ZY1ZZlFow==
        -----END CERTIFICATE REQUEST-----
        """;

    /// <summary>CN and OU in one part of the subject (<c>-multivalue-rdn</c>).</summary>
    public const string TwoInOnePart =
        """
        -----BEGIN CERTIFICATE REQUEST-----
        MIHgMIGHAgEAMCUxIzAKBgNVBAsMA3R3bzAVBgNVBAMMDmJhbmstZ2F0ZXdheS0x
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELHKhFVv57N00qs5MYNkz0ITSmmTG
        0+6+ZVXQTgJo/L/KTMq7GDUOv20KMbwj5r4SM7DZXsJAnVgXr461lblPnqAAMAoG
        CCqGSM49BAMCA0gAMEUCIQDdDKkbnUoFjYnwS3q2wtVxmkRMHxrqyOIa08QJPWJH
        uQIgXLFY/iGY4+fQuoqBiCmPMG+VlMIpZW/UIEA5PHxGggM=
        -----END CERTIFICATE REQUEST-----
        """;

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
