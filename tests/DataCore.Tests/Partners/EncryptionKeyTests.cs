using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Partners;

[Collection("partners")]
public sealed class EncryptionKeyTests(PartnerSuite suite)
{
    [Fact]
    public async Task The_key_is_shown_by_its_thumbprint_until_it_is_replaced_or_taken_back()
    {
        using var first = RSA.Create(2048);
        using var second = RSA.Create(2048);
        var partner = await suite.NewPartner();

        var registered = await Register(partner, JwkOf(first));
        Assert.Equal(Thumbprint(first), registered.Must(200)["encryptionKeyId"].GetString());
        Assert.Equal(registered.Text, (await suite.OfAdmin.Get($"/partners/{partner}")).Must(200).Text);
        Assert.Equal(registered.Text, (await Register(partner, JwkOf(first))).Must(200).Text);
        Assert.Equal(Thumbprint(second), (await Register(partner, JwkOf(second))).Must(200)["encryptionKeyId"].GetString());

        var removed = (await suite.OfAdmin.Delete($"/partners/{partner}/encryption-key")).Must(200);
        Assert.Equal(JsonValueKind.Null, removed["encryptionKeyId"].ValueKind);
        Assert.Equal(removed.Text, (await suite.OfAdmin.Delete($"/partners/{partner}/encryption-key")).Must(200).Text);
        Assert.Equal(removed.Text, (await suite.OfAdmin.Get($"/partners/{partner}")).Must(200).Text);
    }

    [Theory]
    [InlineData(2048, 200)]
    [InlineData(4096, 200)]
    [InlineData(2040, 422)]
    [InlineData(4104, 422)]
    public async Task A_key_has_2048_to_4096_bits(int bits, int status)
    {
        // Only its length is looked at: no factor of it need be known.
        var modulus = RandomNumberGenerator.GetBytes(bits / 8);
        modulus[0] |= 0x80;
        modulus[^1] |= 1;
        var partner = await suite.NewPartner();

        (await Register(partner, new { kty = "RSA", n = Base64Url.EncodeToString(modulus), e = "AQAB" })).Must(status);

        Assert.Equal(status == 200, await suite.Rows.Scalar<bool>("select encryption_key is not null from partners where id = $1", partner));
    }

    [Fact]
    public async Task What_is_no_public_RSA_key_is_refused_and_the_former_stays()
    {
        using var rsa = RSA.Create(2048);
        var key = rsa.ExportParameters(includePrivateParameters: true);
        var (n, d) = (Base64Url.EncodeToString(key.Modulus), Base64Url.EncodeToString(key.D));
        var partner = await suite.NewPartner();
        var before = (await Register(partner, JwkOf(rsa))).Must(200).Text;

        foreach (var jwk in new object?[] { null, "", new { }, new { kty = "RSA", n, e = "AQAB", d }, new { kty = "RSA", n }, new { kty = "RSA", n, e = "Ag" }, new { kty = "oct", k = n }, ExampleKeys.Device })
        {
            var refused = (await Register(partner, jwk)).Must(422);
            Assert.StartsWith("jwk", Assert.Single(refused["errors"].EnumerateObject()).Name, StringComparison.Ordinal);
            Assert.DoesNotContain(d, refused.Text, StringComparison.Ordinal);
        }

        (await suite.OfAdmin.Put($"/partners/{partner}/encryption-key", new { })).MustRefuse(422, "VALIDATION_FAILED");
        Assert.Equal(before, (await suite.OfAdmin.Get($"/partners/{partner}")).Must(200).Text);
    }

    private Task<Answer> Register(Guid partner, object? jwk) => suite.OfAdmin.Put($"/partners/{partner}/encryption-key", new { jwk });

    private static object JwkOf(RSA key) => new { kty = "RSA", n = Base64Url.EncodeToString(key.ExportParameters(includePrivateParameters: false).Modulus), e = "AQAB" };

    /// <summary>RFC 7638, written out: the test's own second opinion.</summary>
    private static string Thumbprint(RSA key)
    {
        var modulus = Base64Url.EncodeToString(key.ExportParameters(includePrivateParameters: false).Modulus);
        return Base64Url.EncodeToString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($$"""{"e":"AQAB","kty":"RSA","n":"{{modulus}}"}""")));
    }
}
