using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Antaca.ServiceDefaults;

/// <summary>
/// How long an answer is of use, told from hop to hop: where a caller waits no longer than so long for everything, each
/// service hears in the header <see cref="Header"/> how much of it is left, in milliseconds, and stops in time to say so.
/// </summary>
public static class TimeLeft
{
    public const string Header = "Time-Left";

    /// <summary>The header's value: what is left of the whole, less what the answer takes on its way back; at least one millisecond.</summary>
    public static string Tell(TimeSpan whole, TimeSpan passed, TimeSpan wayBack) =>
        ((int)Math.Max(1, (whole - passed - wayBack).TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);

    /// <param name="atMost">What the service takes where it was told nothing, and what it never exceeds.</param>
    public static TimeSpan Of(HttpContext context, TimeSpan atMost) =>
        int.TryParse(context.Request.Headers[Header], NumberStyles.None, CultureInfo.InvariantCulture, out var told) && told < atMost.TotalMilliseconds
            ? TimeSpan.FromMilliseconds(told)
            : atMost;
}
