using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antaca.Jose;

namespace Antaca.Jose.Tests;

/// <summary>Keys made once for the run (RSA generation is slow), and the keys of the vector file.</summary>
internal static class Keys
{
    public static readonly RsaPrivateKey Ours = RsaPrivateKey.Create();
    public static readonly RsaPrivateKey Another = RsaPrivateKey.Create();

    private static readonly ConcurrentDictionary<int, Lazy<RsaPrivateKey>> _bySize = new();

    public static RsaPrivateKey OfSize(int bits) => _bySize.GetOrAdd(bits, size => new Lazy<RsaPrivateKey>(() => RsaPrivateKey.Create(size))).Value;

    /// <summary>RFC 7518 section 6.3.2.</summary>
    public static JsonObject PrivateJwk(RsaPrivateKey key)
    {
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(key.ExportPkcs8(), out _);
        var numbers = rsa.ExportParameters(includePrivateParameters: true);
        var jwk = new JsonObject { ["kty"] = "RSA", ["kid"] = key.Kid };
        (string Name, byte[]? Value)[] members =
        [
            ("n", numbers.Modulus), ("e", numbers.Exponent), ("d", numbers.D), ("p", numbers.P), ("q", numbers.Q),
            ("dp", numbers.DP), ("dq", numbers.DQ), ("qi", numbers.InverseQ),
        ];
        foreach (var (name, value) in members)
        {
            jwk[name] = StrictBase64Url.Encode(value);
        }
        return jwk;
    }

    public static JsonElement Vectors { get; } = ReadVectors();

    public static RsaPrivateKey OfVector(JsonElement jwk)
    {
        byte[] Number(string name)
        {
            Assert.True(StrictBase64Url.TryDecode(jwk.GetProperty(name).GetString(), out var bytes));
            return bytes;
        }
        return RsaPrivateKey.Of(
            RSA.Create(new RSAParameters
            {
                Modulus = Number("n"),
                Exponent = Number("e"),
                D = Number("d"),
                P = Number("p"),
                Q = Number("q"),
                DP = Number("dp"),
                DQ = Number("dq"),
                InverseQ = Number("qi"),
            }),
            jwk.GetProperty("kid").GetString());
    }

    private static JsonElement ReadVectors()
    {
        using var file = typeof(Keys).Assembly.GetManifestResourceStream("jwe.json")!;
        return JsonDocument.Parse(file).RootElement;
    }
}
