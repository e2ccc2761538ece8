using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Antaca.Jose;
using Antaca.TestKit;

namespace Antaca.Gateway.Tests.Encryption;

/// <summary>Encrypted calls by hand, so that a test can send what no client would.</summary>
internal static class SealedCalls
{
    /// <summary>The caller's own key.</summary>
    public static readonly RsaPrivateKey OwnKey = RsaPrivateKey.Create();

    public static Task<Answer> PostSealed(this Api api, string path, string plaintext, RsaPublicKey gatewayKey, string? key = null) =>
        api.PostPayload(path, Jwe.Seal(Encoding.UTF8.GetBytes(plaintext), gatewayKey), key);

    public static Task<Answer> PostPayload(this Api api, string path, string payload, string? key = null) =>
        api.PostRaw(path, JsonSerializer.Serialize(new { payload }), key);

    /// <summary>Posts the text as it is with the two headers of an encrypted call.</summary>
    public static Task<Answer> PostRaw(this Api api, string path, string body, string? key = null, string contentType = "application/json") =>
        api.Send(HttpMethod.Post, path, new StringContent(body, Encoding.UTF8, contentType), key, Headers());

    /// <summary>An encrypted call without a body: the two headers only.</summary>
    public static Task<Answer> SendSealed(this Api api, HttpMethod method, string path) => api.Send(method, path, content: null, key: null, Headers());

    public static (string Name, string Value)[] Headers(string? publicKey = null) =>
        [("Public-Key", publicKey ?? OwnKey.PublicKey.ToHeader()), ("Encrypted-Request", "true")];

    /// <summary>The one member of an encrypted answer.</summary>
    public static string Payload(this Answer answer)
    {
        var only = answer.Json.EnumerateObject().Single();
        return only.Name == "payload" ? only.Value.GetString()! : throw new InvalidOperationException($"Not an encrypted answer: {answer.Text}");
    }

    public static JsonElement Open(this Answer answer) => Jwe.Open(answer.Payload(), OwnKey) is JweResult.Opened opened
        ? JsonSerializer.Deserialize<JsonElement>(opened.Plaintext)
        : throw new InvalidOperationException("The answer does not open with the caller's key.");

    /// <summary>RFC 7516 section 5.1 with nothing but the framework's own primitives.</summary>
    public static string SealByHand(string header, string plaintext, string gatewayPem, RSAEncryptionPadding padding)
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(gatewayPem);
        var contentKey = RandomNumberGenerator.GetBytes(32);
        var nonce = RandomNumberGenerator.GetBytes(12);
        var clear = Encoding.UTF8.GetBytes(plaintext);
        var ciphertext = new byte[clear.Length];
        var tag = new byte[16];
        var encodedHeader = Encode(Encoding.UTF8.GetBytes(header));
        using var aes = new AesGcm(contentKey, tag.Length);
        aes.Encrypt(nonce, clear, ciphertext, tag, Encoding.ASCII.GetBytes(encodedHeader));
        return string.Join('.', encodedHeader, Encode(rsa.Encrypt(contentKey, padding)), Encode(nonce), Encode(ciphertext), Encode(tag));
    }

    public static string WithHeader(string compact, string header) => WithPart(compact, 0, Encode(Encoding.UTF8.GetBytes(header)));

    public static string WithPart(string compact, int index, string part)
    {
        var parts = compact.Split('.');
        parts[index] = part;
        return string.Join('.', parts);
    }

    /// <summary>The part without its last <paramref name="bytes"/> bytes.</summary>
    public static string Shortened(string compact, int index, int bytes = 1) =>
        WithPart(compact, index, Encode(Base64Url.DecodeFromChars(compact.Split('.')[index])[..^bytes]));

    public static string WithFlippedBit(string compact, int index)
    {
        var part = Base64Url.DecodeFromChars(compact.Split('.')[index]);
        part[part.Length / 2] ^= 1;
        return WithPart(compact, index, Encode(part));
    }

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
