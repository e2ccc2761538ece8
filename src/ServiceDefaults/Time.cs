using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Antaca.ServiceDefaults;

/// <summary>The clock of every service: UTC, in the microseconds that PostgreSQL keeps, so that what is answered is what is stored.</summary>
public sealed class Clock : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => InMicroseconds(base.GetUtcNow());

    /// <summary>The same moment without what PostgreSQL would round away.</summary>
    public static DateTimeOffset InMicroseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}

/// <summary>ISO 8601 in UTC, written with <c>Z</c>. A time with another offset is read as the moment it is; one without is refused.</summary>
internal sealed class TimeJson : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var time) && NamesItsOffset(reader.GetString()!)
            ? Clock.InMicroseconds(time.ToUniversalTime())
            : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Text(value));

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    private static bool NamesItsOffset(string text) => text[^1] is 'Z' or 'z' || (text.Length > 16 && text[^6] is '+' or '-');
}
