using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Antaca.Jose.Tests;

/// <summary>The published vectors of Vectors/jwe.json, and Seal against the framework's primitives by hand.</summary>
public class JweVectorTests
{
    [Fact]
    public void Rfc_7520_section_5_2_opens()
    {
        var vector = Keys.Vectors.GetProperty("rfc7520_5_2");
        using var key = Keys.OfVector(vector.GetProperty("key"));

        var opened = Assert.IsType<JweResult.Opened>(Jwe.Open(vector.GetProperty("compact").GetString(), key));

        Assert.Equal(vector.GetProperty("plaintext").GetString(), Encoding.UTF8.GetString(opened.Plaintext));
    }

    [Fact]
    public void Wycheproof_90_opens()
    {
        var vector = Keys.Vectors.GetProperty("wycheproof_90");
        using var key = Keys.OfVector(vector.GetProperty("key"));
        var test = vector.GetProperty("case");

        var opened = Assert.IsType<JweResult.Opened>(Jwe.Open(test.GetProperty("jwe").GetString(), key));

        Assert.Equal(test.GetProperty("pt_hex").GetString(), Convert.ToHexStringLower(opened.Plaintext));
    }

    [Fact]
    public void Seal_writes_what_rfc_7516_says()
    {
        var compact = Jwe.Seal("Hello"u8, Keys.Ours.PublicKey);

        var parts = compact.Split('.').Select(part =>
        {
            Assert.True(StrictBase64Url.TryDecode(part, out var bytes));
            return bytes;
        }).ToArray();
        var header = JsonDocument.Parse(parts[0]).RootElement;
        Assert.Equal("RSA-OAEP-256", header.GetProperty("alg").GetString());
        Assert.Equal("A256GCM", header.GetProperty("enc").GetString());
        Assert.Equal(Keys.Ours.PublicKey.Kid, header.GetProperty("kid").GetString());
        Assert.Equal(3, header.EnumerateObject().Count());

        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Keys.Ours.ExportPkcs8(), out _);
        var contentKey = rsa.Decrypt(parts[1], RSAEncryptionPadding.OaepSHA256);
        Assert.Equal(32, contentKey.Length);
        Assert.Equal(12, parts[2].Length);
        Assert.Equal(16, parts[4].Length);
        using var aes = new AesGcm(contentKey, 16);
        var plaintext = new byte[parts[3].Length];
        aes.Decrypt(parts[2], parts[3], parts[4], plaintext, Encoding.ASCII.GetBytes(compact[..compact.IndexOf('.')]));
        Assert.Equal("Hello", Encoding.ASCII.GetString(plaintext));
    }
}
