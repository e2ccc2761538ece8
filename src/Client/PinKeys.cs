using System.Text.Json;
using System.Text.Json.Serialization;
using Antaca.Jose;

namespace Antaca.Client;

/// <summary>How a PIN block is formed and enciphered (ISO 9564-1).</summary>
[JsonConverter(typeof(PinBlockFormatNames))]
public enum PinBlockFormat
{
    /// <summary>A format of a later version of the suite.</summary>
    Unknown,

    /// <summary>Format 0 under Triple DES, double length: 8 bytes.</summary>
    Iso0,

    /// <summary>Format 4 under AES-256: 16 bytes.</summary>
    Iso4,
}

/// <summary>A PIN as the processor sends it: enciphered, for this one card.</summary>
/// <param name="Block">16 hexadecimal digits in format 0, 32 in format 4.</param>
/// <param name="KeyId">Of the PIN key it is under.</param>
public sealed record PinBlock(PinBlockFormat Format, string Block, Guid KeyId)
{
    /// <summary>The block masked.</summary>
    public override string ToString() => $"PIN block {Format} under key {KeyId}";
}

/// <summary>A key under which a processor sends PIN blocks: never the key itself.</summary>
/// <param name="KeyId">What the processor names with each block.</param>
/// <param name="CheckValue">Of the key (ANSI X9.24-1): three bytes under Triple DES, five of a CMAC under AES; hexadecimal.</param>
/// <param name="CreatedAt">UTC.</param>
public sealed record PinKey(Guid KeyId, string Processor, PinBlockFormat Format, string CheckValue, DateTimeOffset CreatedAt);

/// <summary>A PIN key that was just made.</summary>
/// <param name="KeyId">What the processor names with each block.</param>
/// <param name="CheckValue">Of the key (ANSI X9.24-1): three bytes under Triple DES, five of a CMAC under AES; hexadecimal.</param>
/// <param name="WrappedKey">base64url of the key under the processor's RSA key: RSA-OAEP with SHA-256. It is shown this once.</param>
/// <param name="CreatedAt">UTC.</param>
public sealed record NewPinKey(Guid KeyId, string Processor, PinBlockFormat Format, string CheckValue, string WrappedKey, DateTimeOffset CreatedAt)
{
    /// <summary>The key masked.</summary>
    public override string ToString() => $"PIN key {KeyId} of {Processor}, {Format}, check value {CheckValue}";
}

internal sealed record PinKeyRequest(PinBlockFormat Format, Jwk Jwk);

internal sealed class PinBlockFormatNames : JsonConverter<PinBlockFormat>
{
    private const string Iso0 = "ISO-0";
    private const string Iso4 = "ISO-4";

    public override PinBlockFormat Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? reader.GetString() switch
            {
                Iso0 => PinBlockFormat.Iso0,
                Iso4 => PinBlockFormat.Iso4,
                _ => PinBlockFormat.Unknown,
            }
            : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, PinBlockFormat value, JsonSerializerOptions options) => writer.WriteStringValue(value switch
    {
        PinBlockFormat.Iso0 => Iso0,
        PinBlockFormat.Iso4 => Iso4,
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "is no format to send"),
    });
}
