using System.Security.Cryptography;
using System.Text.Json;
using Antaca.Jose;

namespace Antaca.Jose.Tests;

/// <summary>Keys made once for the run (RSA generation is slow), and the keys of the vector file.</summary>
internal static class Keys
{
    public static readonly RsaPrivateKey Ours = RsaPrivateKey.Create();
    public static readonly RsaPrivateKey Another = RsaPrivateKey.Create();

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
