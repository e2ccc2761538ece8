using System.Text.Json;

namespace Antaca.LocalHosting;

/// <summary>
/// A line of .NET's JSON console, shortened for a person: time, level, category, message, the fault's first line. Any other
/// line stays as it is; the log file has the whole line in any case.
/// </summary>
internal static class ConsoleJson
{
    public static string Readable(string line)
    {
        if (!line.StartsWith('{'))
        {
            return line;
        }
        try
        {
            using var json = JsonDocument.Parse(line);
            var entry = json.RootElement;
            if (Text(entry, "LogLevel") is not { } level || Text(entry, "Message") is not { } message)
            {
                return line;
            }
            var time = Text(entry, "Timestamp") is { } stamp && stamp.IndexOf('T', StringComparison.Ordinal) is var day and > 0 ? stamp[(day + 1)..].TrimEnd('Z', ' ') + " " : "";
            var fault = Text(entry, "Exception") is { } exception ? $" | {FirstLine(exception)}" : "";
            return $"{time}{Short(level)} {Text(entry, "Category")}: {FirstLine(message)}{fault}";
        }
        catch (JsonException)
        {
            return line;
        }
    }

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string FirstLine(string text) => text.AsSpan().IndexOfAny('\r', '\n') is var end and >= 0 ? text[..end] : text;

    private static string Short(string level) => level switch
    {
        "Trace" => "trce",
        "Debug" => "dbug",
        "Information" => "info",
        "Warning" => "warn",
        "Error" => "fail",
        "Critical" => "crit",
        _ => level,
    };
}
