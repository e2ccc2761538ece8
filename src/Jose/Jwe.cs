using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Antaca.Jose;

/// <summary>What came of opening a JWE: the plaintext, or one of two refusals that say nothing about our key.</summary>
public abstract record JweResult
{
    private JweResult()
    {
    }

    /// <summary>It opened. The caller clears <see cref="Plaintext"/> when it holds secrets.</summary>
    public sealed record Opened(byte[] Plaintext) : JweResult;

    /// <summary>Not a compact JWE of the allowed profile; <see cref="Why"/> is a fixed sentence that may be shown to the sender.</summary>
    public sealed record Malformed(string Why) : JweResult;

    /// <summary>Well-formed, but it does not open with our keys: wrong key, or a changed bit anywhere.</summary>
    public sealed record CannotDecrypt : JweResult
    {
        internal static readonly CannotDecrypt Instance = new();
    }
}

/// <summary>
/// JSON Web Encryption in compact serialisation (RFC 7516, RFC 7518), one profile of it: <c>alg</c> RSA-OAEP-256 (inbound
/// also RSA-OAEP), <c>enc</c> A256GCM with a 12-byte IV and a 16-byte tag, no <c>zip</c>, no <c>crit</c>.
/// </summary>
public static class Jwe
{
    /// <summary>The longest compact JWE that is opened: 1 MiB of plaintext and its envelope, in characters.</summary>
    public const int MaxCompactCharacters = 1_500_000;

    /// <summary>The longest encoded protected header, in characters.</summary>
    public const int MaxHeaderCharacters = 2048;

    /// <summary>How many keys may be offered for one opening: the current one and those within their overlap.</summary>
    public const int MaxKeys = 8;

    private const int Parts = 5;
    private const int ContentKeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int MinEncryptedKeyBytes = RsaPublicKey.MinSizeBits / 8;
    private const int MaxEncryptedKeyBytes = RsaPublicKey.MaxSizeBits / 8;

    private static readonly JsonDocumentOptions _strictHeader = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>Seals for <paramref name="recipient"/> with RSA-OAEP-256 and A256GCM; <c>kid</c> is the recipient's thumbprint.</summary>
    public static string Seal(ReadOnlySpan<byte> plaintext, RsaPublicKey recipient)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        Span<byte> secrets = stackalloc byte[ContentKeyBytes + NonceBytes];
        var contentKey = secrets[..ContentKeyBytes];
        var nonce = secrets[ContentKeyBytes..];
        Span<byte> encryptedKey = stackalloc byte[MaxEncryptedKeyBytes];
        Span<byte> tag = stackalloc byte[TagBytes];
        var ciphertext = ArrayPool<byte>.Shared.Rent(plaintext.Length);
        try
        {
            RandomNumberGenerator.Fill(secrets);
            encryptedKey = encryptedKey[..recipient.Rsa.Encrypt(contentKey, encryptedKey, RSAEncryptionPadding.OaepSHA256)];
            using var aes = new AesGcm(contentKey, TagBytes);
            aes.Encrypt(nonce, plaintext, ciphertext.AsSpan(0, plaintext.Length), tag, recipient.SealedHeader);
            return Compact(recipient.SealedHeader, encryptedKey, nonce, ciphertext.AsSpan(0, plaintext.Length), tag);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(contentKey);
            ArrayPool<byte>.Shared.Return(ciphertext);
        }
    }

    /// <summary>The five parts in one buffer, so that a seal costs little beside its RSA operation.</summary>
    private static string Compact(
        ReadOnlySpan<byte> encodedHeader, ReadOnlySpan<byte> encryptedKey, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag)
    {
        var length = encodedHeader.Length + Base64Url.GetEncodedLength(encryptedKey.Length) + Base64Url.GetEncodedLength(nonce.Length)
            + Base64Url.GetEncodedLength(ciphertext.Length) + Base64Url.GetEncodedLength(tag.Length) + Parts - 1;
        var compact = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            encodedHeader.CopyTo(compact);
            var written = encodedHeader.Length;
            written += Part(encryptedKey, compact.AsSpan(written));
            written += Part(nonce, compact.AsSpan(written));
            written += Part(ciphertext, compact.AsSpan(written));
            written += Part(tag, compact.AsSpan(written));
            return Encoding.ASCII.GetString(compact, 0, written);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(compact);
        }

        static int Part(ReadOnlySpan<byte> bytes, Span<byte> rest)
        {
            rest[0] = (byte)'.';
            return 1 + Base64Url.EncodeToUtf8(bytes, rest[1..]);
        }
    }

    /// <summary>
    /// Opens with the key that the header's <c>kid</c> names, or without a <c>kid</c> with whichever of <paramref name="keys"/>
    /// fits, at most <see cref="MaxKeys"/>, the likeliest first.
    /// </summary>
    public static JweResult Open(string? compact, params ReadOnlySpan<RsaPrivateKey> keys)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keys.Length, MaxKeys);
        if (Envelope.TryRead(compact, out var envelope) is { } fault)
        {
            return new JweResult.Malformed(fault);
        }

        foreach (var key in keys)
        {
            var named = envelope.Kid is null || envelope.Kid == key.Kid;
            if (named && key.Rsa.KeySize == envelope.EncryptedKey.Length * 8 && TryOpen(envelope, key.Rsa) is { } plaintext)
            {
                return new JweResult.Opened(plaintext);
            }
        }
        return JweResult.CannotDecrypt.Instance;
    }

    /// <summary>
    /// Null where it does not open, after the same work whatever the reason: one RSA operation, one pass of AES over the whole
    /// ciphertext, one exception. How long a refusal takes tells nothing of how far the opening came (RFC 7516 section 11.5).
    /// </summary>
    private static byte[]? TryOpen(in Envelope envelope, RSA key)
    {
        Span<byte> unwrapped = stackalloc byte[MaxEncryptedKeyBytes];
        var content = new byte[envelope.Ciphertext.Length];
        try
        {
            var threw = !TryUnwrap(envelope, key, unwrapped);
            using var aes = new AesGcm(unwrapped[..ContentKeyBytes], TagBytes);
            if (threw)
            {
                // Encrypting is the same work as decrypting, without a second exception.
                Span<byte> tag = stackalloc byte[TagBytes];
                aes.Encrypt(envelope.Nonce, envelope.Ciphertext, content, tag, envelope.AssociatedData);
                return null;
            }
            aes.Decrypt(envelope.Nonce, envelope.Ciphertext, envelope.Tag, content, envelope.AssociatedData);
            return content;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(unwrapped);
        }
    }

    /// <summary>
    /// The content key at the start of <paramref name="unwrapped"/>: the sender's, or a random one where what was wrapped has
    /// another length, or, with false, where it cost an exception.
    /// </summary>
    private static bool TryUnwrap(in Envelope envelope, RSA key, Span<byte> unwrapped)
    {
        try
        {
            if (!key.TryDecrypt(envelope.EncryptedKey, unwrapped, envelope.Padding, out var length) || length != ContentKeyBytes)
            {
                RandomNumberGenerator.Fill(unwrapped[..ContentKeyBytes]);
            }
            return true;
        }
        catch (CryptographicException)
        {
            RandomNumberGenerator.Fill(unwrapped[..ContentKeyBytes]);
            return false;
        }
    }

    /// <summary>The five parts, decoded and within the profile.</summary>
    private readonly record struct Envelope(
        byte[] AssociatedData, RSAEncryptionPadding Padding, string? Kid, byte[] EncryptedKey, byte[] Nonce, byte[] Ciphertext, byte[] Tag)
    {
        /// <summary>Null, or what is wrong in a sentence.</summary>
        public static string? TryRead(string? compact, out Envelope envelope)
        {
            envelope = default;
            if (string.IsNullOrEmpty(compact))
            {
                return "The JWE is empty.";
            }
            if (compact.Length > MaxCompactCharacters)
            {
                return "The JWE is too long.";
            }

            Span<Range> parts = stackalloc Range[Parts + 1];
            var text = compact.AsSpan();
            if (text.Split(parts, '.') != Parts)
            {
                return "A compact JWE has five parts.";
            }
            if (text[parts[0]].Length > MaxHeaderCharacters)
            {
                return "The JWE's header is too long.";
            }
            if (!StrictBase64Url.TryDecode(text[parts[0]], out var header)
                || !StrictBase64Url.TryDecode(text[parts[1]], out var encryptedKey)
                || !StrictBase64Url.TryDecode(text[parts[2]], out var nonce)
                || !StrictBase64Url.TryDecode(text[parts[3]], out var ciphertext)
                || !StrictBase64Url.TryDecode(text[parts[4]], out var tag))
            {
                return "A part of the JWE is not base64url without padding.";
            }
            if (ReadHeader(header, out var padding, out var kid) is { } fault)
            {
                return fault;
            }
            if (encryptedKey.Length is < MinEncryptedKeyBytes or > MaxEncryptedKeyBytes)
            {
                return "The JWE's encrypted key is not of an RSA key of 2048 to 4096 bits.";
            }
            if (nonce.Length != NonceBytes)
            {
                return "The JWE's IV is not 12 bytes.";
            }
            if (tag.Length != TagBytes)
            {
                return "The JWE's tag is not 16 bytes.";
            }

            envelope = new Envelope(
                Encoding.ASCII.GetBytes(compact, 0, text[parts[0]].Length), padding, kid, encryptedKey, nonce, ciphertext, tag);
            return null;
        }

        private static string? ReadHeader(byte[] utf8, out RSAEncryptionPadding padding, out string? kid)
        {
            padding = RSAEncryptionPadding.OaepSHA256;
            kid = null;
            if (!Utf8.IsValid(utf8))
            {
                return "The JWE's header is not UTF-8.";
            }
            try
            {
                using var document = JsonDocument.Parse(utf8, _strictHeader);
                return ReadHeader(document.RootElement, out padding, out kid);
            }
            catch (Exception fault) when (fault is JsonException or InvalidOperationException)
            {
                return "The JWE's header is not JSON, or names a member twice.";
            }
        }

        private static string? ReadHeader(JsonElement header, out RSAEncryptionPadding padding, out string? kid)
        {
            padding = RSAEncryptionPadding.OaepSHA256;
            kid = null;
            if (header.ValueKind != JsonValueKind.Object)
            {
                return "The JWE's header is not a JSON object.";
            }
            if (header.TryGetProperty("zip", out _) || header.TryGetProperty("crit", out _))
            {
                return "zip and crit are not accepted in the JWE's header.";
            }
            if (header.TryGetProperty("kid", out var name))
            {
                if (name.ValueKind != JsonValueKind.String)
                {
                    return "The JWE's kid is not a string.";
                }
                kid = name.GetString();
            }
            if (!Is(header, "enc", "A256GCM"))
            {
                return "The JWE's enc is not A256GCM.";
            }
            if (Is(header, "alg", "RSA-OAEP"))
            {
                padding = RSAEncryptionPadding.OaepSHA1;
                return null;
            }
            return Is(header, "alg", "RSA-OAEP-256") ? null : "The JWE's alg is neither RSA-OAEP-256 nor RSA-OAEP.";
        }

        private static bool Is(JsonElement header, string name, string value) =>
            header.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String && member.ValueEquals(value);
    }
}
