using System.Text;

namespace Antaca.Jose.Tests.Outside;

/// <summary>What others seal opens here, and what is sealed here opens there. This side only ever seals with RSA-OAEP-256.</summary>
public abstract class OutsideTests(Peer peer)
{
    private const int LongBytes = 100 * 1024;

    private static readonly Dictionary<string, string> _plaintexts = new()
    {
        ["an empty object"] = "{}",
        ["nothing"] = "",
        ["Unicode"] = """{"name":"Zażółć gęślą jaźń, 山田太郎, 🙂 \u0000"}""",
        ["100 KiB"] = $$"""{"text":"{{new string('x', LongBytes - 11)}}"}""",
    };

    public static TheoryData<int, string, string> Inbound
    {
        get
        {
            var all = new TheoryData<int, string, string>();
            foreach (var bits in new[] { 2048, 3072, 4096 })
            {
                foreach (var plaintext in _plaintexts.Keys)
                {
                    all.Add(bits, "RSA-OAEP", plaintext);
                    all.Add(bits, "RSA-OAEP-256", plaintext);
                }
            }
            return all;
        }
    }

    public static TheoryData<int, string> Outbound
    {
        get
        {
            var all = new TheoryData<int, string>();
            foreach (var bits in new[] { 2048, 3072, 4096 })
            {
                // jwcrypto takes an empty plaintext for a failure to open; and no answer of the suite is empty.
                foreach (var plaintext in _plaintexts.Keys.Where(name => name != "nothing"))
                {
                    all.Add(bits, plaintext);
                }
            }
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Inbound))]
    public async Task What_they_seal_opens_here(int bits, string alg, string plaintext)
    {
        var compact = await peer.Encrypt(Keys.OfSize(bits), alg, _plaintexts[plaintext]);
        var opened = Assert.IsType<JweResult.Opened>(Jwe.Open(compact, Keys.OfSize(bits)));
        Assert.Equal(_plaintexts[plaintext], Encoding.UTF8.GetString(opened.Plaintext));
    }

    [Theory]
    [MemberData(nameof(Outbound))]
    public async Task What_is_sealed_here_opens_there(int bits, string plaintext)
    {
        var compact = Jwe.Seal(Encoding.UTF8.GetBytes(_plaintexts[plaintext]), Keys.OfSize(bits).PublicKey);
        Assert.Equal(_plaintexts[plaintext], await peer.Decrypt(Keys.OfSize(bits), compact));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task What_was_changed_on_the_way_opens_neither_there_nor_here(int part)
    {
        var key = Keys.OfSize(2048);
        var ours = Changed(Jwe.Seal("{\"a\":1}"u8, key.PublicKey), part);
        await Assert.ThrowsAsync<PeerRefusedException>(() => peer.Decrypt(key, ours));
        var theirs = Changed(await peer.Encrypt(key, "RSA-OAEP-256", "{\"a\":1}"), part);
        Assert.IsType<JweResult.CannotDecrypt>(Jwe.Open(theirs, key));
    }

    [Theory]
    [InlineData("A128GCM")]
    [InlineData("A192GCM")]
    [InlineData("A256CBC-HS512")]
    public async Task What_they_seal_with_another_enc_is_refused(string enc) =>
        Assert.IsType<JweResult.Malformed>(Jwe.Open(await peer.Encrypt(Keys.OfSize(2048), "RSA-OAEP-256", "{}", enc), Keys.OfSize(2048)));

    [Theory]
    [InlineData(2048)]
    [InlineData(3072)]
    [InlineData(4096)]
    public async Task They_name_a_key_as_we_do(int bits)
    {
        var jwk = Keys.OfSize(bits).PublicKey.Jwk;
        Assert.Equal(jwk.Thumbprint, await peer.Thumbprint(jwk));
    }

    private static string Changed(string compact, int part)
    {
        var parts = compact.Split('.');
        Assert.True(StrictBase64Url.TryDecode(parts[part], out var bytes));
        bytes[bytes.Length / 2] ^= 1;
        parts[part] = StrictBase64Url.Encode(bytes);
        return string.Join('.', parts);
    }
}

public sealed class JoseTests(JosePeer peer) : OutsideTests(peer), IClassFixture<JosePeer>
{
    private readonly JosePeer _peer = peer;

    [Theory]
    [InlineData("RSA-OAEP-384")]
    [InlineData("RSA-OAEP-512")]
    public async Task What_they_seal_with_another_alg_is_refused(string alg) =>
        Assert.IsType<JweResult.Malformed>(Jwe.Open(await _peer.Encrypt(Keys.OfSize(2048), alg, "{}"), Keys.OfSize(2048)));
}

public sealed class JwcryptoTests(JwcryptoPeer peer) : OutsideTests(peer), IClassFixture<JwcryptoPeer>
{
    private readonly JwcryptoPeer _peer = peer;

    [Fact]
    public async Task What_they_compress_is_refused() =>
        Assert.IsType<JweResult.Malformed>(Jwe.Open(await _peer.Encrypt(Keys.OfSize(2048), "RSA-OAEP-256", "{}", zip: "DEF"), Keys.OfSize(2048)));
}
