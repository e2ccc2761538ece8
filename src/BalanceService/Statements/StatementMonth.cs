using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Antaca.BalanceService.Holds;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Statements;

/// <summary>A month by the calendar of a time zone: from its first moment until before that of the next.</summary>
/// <param name="Name">As it is asked for, such as <c>2026-11</c>.</param>
internal sealed partial record StatementMonth(string Name, string TimeZone, DateTimeOffset From, DateTimeOffset To)
{
    private const string Format = "yyyy-MM";
    private const string Utc = "UTC";
    private const int FirstYear = 1970;
    private const int LastYear = 2999;
    private const int MaxTimeZoneLength = 64;

    /// <summary>Trusts neither argument. What is wrong is in <paramref name="refusal"/>, 422 with both fields.</summary>
    /// <param name="month">Null for the one that is.</param>
    /// <param name="timeZone">IANA name; null for UTC.</param>
    public static bool TryRead(
        string? month, string? timeZone, DateTimeOffset now, [NotNullWhen(true)] out StatementMonth? read, [NotNullWhen(false)] out ProblemHttpResult? refusal)
    {
        var zone = TimeZoneInfo.Utc;
        var first = default(DateOnly);
        var faults = new Faults()
            .Unless(timeZone is null || (IsName(timeZone) && TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out zone)), "timeZone", "must be a time zone of the IANA database such as Europe/Warsaw")
            .Unless(
                month is null || (DateOnly.TryParseExact(month, Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out first) && first.Year is >= FirstYear and <= LastYear),
                "month",
                $"must be a month such as 2026-11, from {FirstYear} to {LastYear}");
        if (faults.Any)
        {
            (read, refusal) = (null, faults.Problem());
            return false;
        }

        if (month is null)
        {
            first = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone!).Date);
        }
        read = new StatementMonth(first.ToString(Format, CultureInfo.InvariantCulture), timeZone ?? Utc, BeginningOf(first, zone!), BeginningOf(first.AddMonths(1), zone!));
        refusal = null;
        return true;
    }

    // The middle of a month is within it in every zone.
    private static DateTimeOffset BeginningOf(DateOnly month, TimeZoneInfo zone) =>
        SpendWindow.Beginning(SpendWindow.Month, zone, new DateTimeOffset(month.Year, month.Month, 15, 0, 0, 0, TimeSpan.Zero));

    private static bool IsName(string timeZone) => timeZone.Length <= MaxTimeZoneLength && ZoneName().IsMatch(timeZone);

    /// <summary>The shape of IANA names: never a path to another file.</summary>
    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}\z")]
    private static partial Regex ZoneName();
}
