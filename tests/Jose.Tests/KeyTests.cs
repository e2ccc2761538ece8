using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Antaca.Jose.Tests;

public class KeyTests
{
    // RFC 7638 section 3.1
    private const string Rfc7638 =
        """{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}""";

    // RFC 7515 appendix A.3.1; its thumbprint computed independently
    private const string Rfc7515Ec =
        """{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""";

    [Theory]
    [InlineData(Rfc7638, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")]
    [InlineData(Rfc7515Ec, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U")]
    public void A_thumbprint_is_that_of_rfc_7638(string json, string thumbprint)
    {
        Assert.True(Jwk.TryParse(json, out var jwk));
        Assert.Equal(thumbprint, jwk.Thumbprint);
    }

    [Fact]
    public void An_rsa_key_survives_being_written_as_a_jwk()
    {
        Assert.True(Jwk.TryParse(Keys.Ours.PublicKey.Jwk.ToJson(), out var jwk));
        Assert.Equal(Keys.Ours.PublicKey.Jwk, jwk);
        Assert.True(jwk.TryGetRsa(out var key));
        Assert.Equal(Keys.Ours.PublicKey.Kid, key.Kid);
        Assert.False(jwk.TryGetP256(out _));
        Assert.IsType<JweResult.Opened>(Jwe.Open(Jwe.Seal("x"u8, key), Keys.Ours));
    }

    [Fact]
    public void A_p256_key_survives_being_written_as_a_jwk()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.True(Jwk.TryParse(Jwk.Of(pair).ToJson(), out var jwk));
        Assert.False(jwk.TryGetRsa(out _));
        Assert.True(jwk.TryGetP256(out var key));
        var signature = pair.SignData("challenge"u8, HashAlgorithmName.SHA256);
        Assert.True(key.VerifyData("challenge"u8, signature, HashAlgorithmName.SHA256));
        key.Dispose();
    }

    [Fact]
    public void Another_curve_is_not_written()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<CryptographicException>(() => Jwk.Of(pair));
    }

    [Fact]
    public void A_point_off_the_curve_is_no_key()
    {
        var zeros = StrictBase64Url.Encode(new byte[32]);
        Assert.True(Jwk.TryParse($$"""{"kty":"EC","crv":"P-256","x":"{{zeros}}","y":"{{zeros}}"}""", out var origin));
        Assert.False(origin.TryGetP256(out _));

        Assert.True(Jwk.TryParse(Rfc7515Ec.Replace("f83O", "f83P", StringComparison.Ordinal), out var beside));
        Assert.False(beside.TryGetP256(out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"kty":"oct","k":"AAAA"}""")]
    [InlineData("""{"kty":"RSA","n":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","n":"","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","n":"AAEB","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","n":"AQAB=","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","n":"AQAB","n":"AQAB","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","n":7,"e":"AQAB"}""")]
    [InlineData("""{"kty":"EC","crv":"P-384","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"AQAB","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""")]
    [InlineData("""{"kty":"\ud800"}""")]
    public void What_is_no_public_jwk_is_refused(string json) => Assert.False(Jwk.TryParse(json, out _));

    [Fact]
    public void A_jwk_past_the_limit_is_refused() =>
        Assert.False(Jwk.TryParse(Rfc7515Ec + new string(' ', Jwk.MaxJsonBytes), out _));

    [Fact]
    public void A_jwk_stands_as_itself_in_a_record()
    {
        var json = $$"""{"Key":{{Keys.Ours.PublicKey.Jwk.ToJson()}},"Name":"n"}""";
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<Holder>(json)));

        var twice = json.Replace("""{"kty":"RSA",""", """{"kty":"RSA","kty":"RSA",""", StringComparison.Ordinal);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Holder>(twice));
    }

    private sealed record Holder(Jwk Key, string Name);

    [Theory]
    [InlineData(2048)]
    [InlineData(3072)]
    [InlineData(4096)]
    public void The_public_key_header_is_base64_of_pem_or_of_der(int sizeBits)
    {
        using var rsa = RSA.Create(sizeBits);
        var pem = rsa.ExportSubjectPublicKeyInfoPem();
        foreach (var header in new[]
        {
            Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo()),
            Base64(pem),
            Base64(pem + "\n"),
            Base64(pem.ReplaceLineEndings("\r\n")),
        })
        {
            Assert.True(RsaPublicKey.TryParse(header, out var key));
            Assert.Equal(sizeBits, key.SizeBits);
            Assert.True(RsaPublicKey.TryParse(key.ToHeader(), out var again));
            Assert.Equal(key.Kid, again.Kid);
        }
    }

    public static TheoryData<string?> BadHeaders()
    {
        using var rsa = RSA.Create(2048);
        using var tooSmall = RSA.Create(1024);
        using var justTooSmall = RSA.Create(2040);
        using var tooLarge = RSA.Create(4104);
        using var elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = rsa.ExportSubjectPublicKeyInfoPem();
        var der = rsa.ExportSubjectPublicKeyInfo();
        return
        [
            null,
            "",
            "not base64!",
            Convert.ToBase64String("hello"u8),
            pem,
            Convert.ToBase64String(der)[..^4],
            Convert.ToBase64String([.. der, 0]),
            Convert.ToBase64String(rsa.ExportRSAPublicKey()),
            Convert.ToBase64String(rsa.ExportPkcs8PrivateKey()),
            Base64(rsa.ExportRSAPublicKeyPem()),
            Base64(rsa.ExportPkcs8PrivateKeyPem())[..RsaPublicKey.MaxHeaderCharacters],
            Base64(pem + pem),
            Base64("x" + pem),
            Base64(pem + "x"),
            Base64("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"),
            Base64("-----BEGIN PUBLIC KEY-----"),
            Base64("-----BEGIN é"),
            Base64(elliptic.ExportSubjectPublicKeyInfoPem()),
            Convert.ToBase64String(tooSmall.ExportSubjectPublicKeyInfo()),
            Convert.ToBase64String(justTooSmall.ExportSubjectPublicKeyInfo()),
            Convert.ToBase64String(tooLarge.ExportSubjectPublicKeyInfo()),
            Base64(pem) + new string('A', RsaPublicKey.MaxHeaderCharacters),
        ];
    }

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void Any_other_public_key_header_is_refused(string? header) => Assert.False(RsaPublicKey.TryParse(header, out _));

    [Theory]
    [InlineData(new byte[] { 3 })]
    [InlineData(new byte[] { 1, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 1 })]
    [InlineData(new byte[] { 0, 0, 0 })]
    public void An_exponent_out_of_bounds_is_refused(byte[] exponent)
    {
        using var rsa = RSA.Create(2048);
        Assert.False(RsaPublicKey.TryCreate(rsa.ExportParameters(false).Modulus, exponent, out _));
    }

    [Fact]
    public void An_even_modulus_is_refused()
    {
        using var rsa = RSA.Create(2048);
        var modulus = rsa.ExportParameters(false).Modulus!;
        modulus[^1] ^= 1;
        Assert.False(RsaPublicKey.TryCreate(modulus, [1, 0, 1], out _));
    }

    [Fact]
    public void A_private_key_survives_being_kept()
    {
        using var fromBytes = RsaPrivateKey.FromPkcs8(Keys.Ours.ExportPkcs8());
        using var fromPem = RsaPrivateKey.FromPem(PemEncoding.WriteString("PRIVATE KEY", Keys.Ours.ExportPkcs8()));
        Assert.Equal(Keys.Ours.Kid, fromBytes.Kid);
        Assert.Equal(Keys.Ours.Kid, fromPem.Kid);
        Assert.IsType<JweResult.Opened>(Jwe.Open(Jwe.Seal("x"u8, Keys.Ours.PublicKey), fromBytes));
    }

    [Fact]
    public void A_private_key_out_of_bounds_is_refused()
    {
        using var rsa = RSA.Create(1024);
        Assert.Throws<CryptographicException>(() => RsaPrivateKey.Of(rsa));
        Assert.Throws<ArgumentOutOfRangeException>(() => RsaPrivateKey.Create(1024));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
