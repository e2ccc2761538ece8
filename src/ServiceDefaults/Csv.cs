using System.Buffers;
using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Antaca.ServiceDefaults;

/// <summary>A column of a list as text: its name, and what it shows of an item.</summary>
/// <param name="Value">Text, a number, an id, an enumeration's value, a time or null.</param>
public sealed record CsvColumn<T>(string Name, Func<T, object?> Value);

/// <summary>
/// A page of a list as text (RFC 4180, UTF-8, a header line) for whoever asks with <c>Accept: text/csv</c>. Text that a
/// spreadsheet would take for a formula begins with an apostrophe; numbers stay numbers, negative ones too. The cursor of the next page is in the header
/// <see cref="NextHeader"/>, which the last page does not have.
/// </summary>
public static class Csv
{
    public const string MediaType = "text/csv";
    public const string NextHeader = "Next-Cursor";

    private static readonly CsvConfiguration _format = new(CultureInfo.InvariantCulture)
    {
        NewLine = "\r\n",
    };

    private static readonly SearchValues<char> _formula = SearchValues.Create("=+-@\t\r");

    /// <summary>Whether the caller would rather have text than JSON.</summary>
    public static bool IsWanted(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        var text = Quality(accepted, MediaType);
        return text > 0 && text >= Quality(accepted, "application/json");
    }

    public static IResult Of<T>(Page<T> page, IReadOnlyList<CsvColumn<T>> columns) => new CsvPage<T>(page, columns);

    private static double Quality(IList<MediaTypeHeaderValue> accepted, string mediaType) =>
        accepted.Where(range => range.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase)).Max(range => (double?)(range.Quality ?? 1)) ?? 0;

    private static void Write(CsvWriter csv, object? value)
    {
        var text = Text(value);
        var dangerous = value is string && text.Length > 0 && _formula.Contains(text[0]);
        csv.WriteField(dangerous ? "'" + text : text, dangerous || ConfigurationFunctions.ShouldQuote(new ShouldQuoteArgs(text, typeof(string), csv)));
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        DateTimeOffset time => TimeJson.Text(time),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private sealed class CsvPage<T>(Page<T> page, IReadOnlyList<CsvColumn<T>> columns) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.ContentType = MediaType + "; charset=utf-8; header=present";
            response.Headers.Vary = HeaderNames.Accept;
            if (page.Next is not null)
            {
                response.Headers[NextHeader] = page.Next;
            }

            await using var text = new StringWriter(CultureInfo.InvariantCulture);
            await using var csv = new CsvWriter(text, _format);
            foreach (var column in columns)
            {
                csv.WriteField(column.Name);
            }
            await csv.NextRecordAsync();
            foreach (var item in page.Items)
            {
                foreach (var column in columns)
                {
                    Write(csv, column.Value(item));
                }
                await csv.NextRecordAsync();
            }
            await csv.FlushAsync();
            await response.WriteAsync(text.ToString(), httpContext.RequestAborted);
        }
    }
}
