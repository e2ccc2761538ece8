using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Antaca.Jose;

/// <summary>
/// A public JSON Web Key (RFC 7517, RFC 7518 section 6): RSA, or EC on P-256. Stands as itself in wire records: it is
/// written with its required members and its thumbprint as <c>kid</c>; reading refuses private and duplicate members and
/// ignores others.
/// </summary>
[JsonConverter(typeof(JwkJson))]
public sealed class Jwk : IEquatable<Jwk>
{
    /// <summary>The longest JWK that is read, in bytes of JSON.</summary>
    public const int MaxJsonBytes = 4096;

    private const int P256CoordinateBytes = 32;
    private static readonly string[] _privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    private static readonly JsonDocumentOptions _strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    private readonly byte[] _modulusOrX;
    private readonly byte[] _exponentOrY;

    private Jwk(string keyType, byte[] modulusOrX, byte[] exponentOrY)
    {
        KeyType = keyType;
        _modulusOrX = modulusOrX;
        _exponentOrY = exponentOrY;
        Thumbprint = StrictBase64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(RequiredMembers())));
    }

    /// <summary><c>RSA</c> or <c>EC</c>.</summary>
    public string KeyType { get; }

    /// <summary>RFC 7638 with SHA-256, base64url.</summary>
    public string Thumbprint { get; }

    /// <summary>The public half of an EC key on P-256.</summary>
    /// <exception cref="CryptographicException">The key is on another curve.</exception>
    public static Jwk Of(ECDsa key)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        if (parameters.Curve.Oid?.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
        {
            throw new CryptographicException("A JWK of this suite is on P-256.");
        }
        return new Jwk("EC", parameters.Q.X!, parameters.Q.Y!);
    }

    internal static Jwk OfRsa(byte[] modulus, byte[] exponent) => new("RSA", modulus, exponent);

    /// <summary>False where the text is not one RSA or P-256 public key in JWK form, its numbers in canonical encoding.</summary>
    public static bool TryParse(string json, [NotNullWhen(true)] out Jwk? jwk)
    {
        jwk = null;
        if (json.Length > MaxJsonBytes)
        {
            return false;
        }
        try
        {
            using var document = JsonDocument.Parse(json, _strict);
            return TryRead(document.RootElement, out jwk);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>False where this is no RSA key within the bounds of <see cref="RsaPublicKey"/>.</summary>
    public bool TryGetRsa([NotNullWhen(true)] out RsaPublicKey? key)
    {
        key = null;
        return KeyType == "RSA" && RsaPublicKey.TryCreate(_modulusOrX, _exponentOrY, out key);
    }

    /// <summary>False where this is no EC key, or its point is not on P-256. The caller disposes the key.</summary>
    public bool TryGetP256([NotNullWhen(true)] out ECDsa? key)
    {
        key = null;
        if (KeyType != "EC")
        {
            return false;
        }
        try
        {
            key = ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = _modulusOrX, Y = _exponentOrY },
            });
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this, JwkContext.Default.Jwk);

    public bool Equals(Jwk? other) => other is not null && Thumbprint == other.Thumbprint;

    public override bool Equals(object? obj) => Equals(obj as Jwk);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Thumbprint);

    public override string ToString() => $"{KeyType} {Thumbprint}";

    // RFC 7638 section 3.2: exactly these, in this order, without white space. base64url needs no escaping.
    private string RequiredMembers() => KeyType == "RSA"
        ? $$"""{"e":"{{StrictBase64Url.Encode(_exponentOrY)}}","kty":"RSA","n":"{{StrictBase64Url.Encode(_modulusOrX)}}"}"""
        : $$"""{"crv":"P-256","kty":"EC","x":"{{StrictBase64Url.Encode(_modulusOrX)}}","y":"{{StrictBase64Url.Encode(_exponentOrY)}}"}""";

    private static bool TryRead(JsonElement json, [NotNullWhen(true)] out Jwk? jwk)
    {
        jwk = null;
        if (json.ValueKind != JsonValueKind.Object || Array.Exists(_privateMembers, name => json.TryGetProperty(name, out _)))
        {
            return false;
        }

        switch (Text(json, "kty"))
        {
            case "RSA" when TryReadNumber(json, "n", out var modulus) && TryReadNumber(json, "e", out var exponent):
                jwk = new Jwk("RSA", modulus, exponent);
                return true;
            case "EC" when Text(json, "crv") == "P-256"
                && StrictBase64Url.TryDecode(Text(json, "x"), out var x) && x.Length == P256CoordinateBytes
                && StrictBase64Url.TryDecode(Text(json, "y"), out var y) && y.Length == P256CoordinateBytes:
                jwk = new Jwk("EC", x, y);
                return true;
            default:
                return false;
        }
    }

    // RFC 7518 section 2, Base64urlUInt: no leading zero octets.
    private static bool TryReadNumber(JsonElement json, string name, [NotNullWhen(true)] out byte[]? number) =>
        StrictBase64Url.TryDecode(Text(json, name), out number) && number.Length > 0 && number[0] != 0;

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Public so that source-generated readers of other assemblies find it.</summary>
    public sealed class JwkJson : JsonConverter<Jwk>
    {
        public override Jwk Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            // The raw text, so that the strict parse sees its duplicates.
            var text = document.RootElement.GetRawText();
            return TryParse(text, out var jwk) ? jwk : throw new JsonException("Not an RSA or P-256 public JWK.");
        }

        public override void Write(Utf8JsonWriter writer, Jwk value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            writer.WriteString("kty", value.KeyType);
            writer.WriteString("kid", value.Thumbprint);
            if (value.KeyType == "RSA")
            {
                writer.WriteString("n", StrictBase64Url.Encode(value._modulusOrX));
                writer.WriteString("e", StrictBase64Url.Encode(value._exponentOrY));
            }
            else
            {
                writer.WriteString("crv", "P-256");
                writer.WriteString("x", StrictBase64Url.Encode(value._modulusOrX));
                writer.WriteString("y", StrictBase64Url.Encode(value._exponentOrY));
            }
            writer.WriteEndObject();
        }
    }
}

[JsonSerializable(typeof(Jwk))]
internal sealed partial class JwkContext : JsonSerializerContext;
