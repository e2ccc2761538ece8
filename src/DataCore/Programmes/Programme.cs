using System.Globalization;
using System.Text.RegularExpressions;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Vault;
using Antaca.ServiceDefaults;

namespace Antaca.DataCore.Programmes;

internal enum KycMode
{
    Manual,
    Automatic,
    Http,
    Partner,
}

/// <summary>One partner's card programme, on the wire.</summary>
/// <param name="BinRange">BIN, first and last account number, such as <c>510510:000000000-999999999</c>.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="RemoteUrl">Where the partner holds the balances itself; null where we hold them.</param>
/// <param name="SessionMinutes">How long an app's session lives at the most, 1 to 60.</param>
/// <param name="IdleMinutes">How long it lives unused, 1 to 60.</param>
/// <param name="TimeZone">IANA name of the zone in which days, weeks and months of spending limits begin.</param>
/// <param name="HoldLifetimeDays">When the hold of an authorisation falls away by itself, 1 to 60.</param>
/// <param name="StandIn">What is answered where the partner's host does not answer; null declines.</param>
/// <param name="Controls">What every card of the programme may be used for; null for no rule.</param>
internal sealed record ProgrammeView(
    Guid Id,
    Guid PartnerId,
    string Name,
    string BinRange,
    string Currency,
    string? RemoteUrl,
    string Processor,
    bool DigitalFirst,
    KycMode KycMode,
    bool AutoBalance,
    bool SelfRegistration,
    int SessionMinutes,
    int IdleMinutes,
    int CardValidityMonths,
    CvvExpiryOrder CvvExpiryOrder,
    string TimeZone,
    int HoldLifetimeDays,
    StandInRule? StandIn,
    SpendRules? Controls,
    DateTimeOffset CreatedAt);

/// <summary>The order of year and month in what a CVV is computed from; the schemes' rules and some processors differ.</summary>
internal enum CvvExpiryOrder
{
    YYMM,
    MMYY,
}

/// <summary>What a programme's settings may be.</summary>
internal static partial class ProgrammeFields
{
    public const int MaxNameLength = 128;
    public const int MaxRemoteUrlLength = 2048;
    public const int MaxSessionMinutes = 60;
    public const int MaxCardValidityMonths = 120;
    public const int MinRangeSize = 10;
    public const int MaxTimeZoneLength = 64;
    public const int MaxHoldLifetimeDays = 60;
    public const int MaxStandInMinutes = 1_440;

    private const int AccountAndBinDigits = 15;

    /// <summary>Notes what is wrong with the settings that are given; null is not given.</summary>
    public static Faults Faults(string? name, string? remoteUrl, int? sessionMinutes, int? idleMinutes, int? cardValidityMonths)
    {
        var faults = new Faults();
        if (name is not null)
        {
            faults.UnlessLine(name.Trim(), "name", MaxNameLength);
        }
        return faults
            .Unless(remoteUrl is null || IsRemoteUrl(remoteUrl), "remoteUrl", "must be an https address without credentials, query or fragment")
            .Unless(sessionMinutes is null or (>= 1 and <= MaxSessionMinutes), "sessionMinutes", $"must be 1 to {MaxSessionMinutes}")
            .Unless(idleMinutes is null or (>= 1 and <= MaxSessionMinutes), "idleMinutes", $"must be 1 to {MaxSessionMinutes}")
            .Unless(cardValidityMonths is null or (>= 1 and <= MaxCardValidityMonths), "cardValidityMonths", $"must be 1 to {MaxCardValidityMonths}");
    }

    /// <summary>Notes what is wrong with what authorisations go by; null is not given.</summary>
    public static Faults UnlessAuthorisable(this Faults faults, string? timeZone, int? holdLifetimeDays, StandInRule? standIn, SpendRules? controls)
    {
        var approves = standIn is { Mode: StandInMode.Approve };
        return faults
            .Unless(timeZone is null || IsTimeZone(timeZone), "timeZone", "must be a time zone of the IANA database such as Europe/Warsaw")
            .Unless(holdLifetimeDays is null or (>= 1 and <= MaxHoldLifetimeDays), "holdLifetimeDays", $"must be 1 to {MaxHoldLifetimeDays}")
            .Unless(approves ? standIn?.MaxAmount is >= 1 and <= Money.MaxMinorUnits : standIn?.MaxAmount is null, "standIn.maxAmount", $"goes with Approve, and must be 1 to {Money.MaxMinorUnits} there")
            .Unless(approves ? standIn?.MaxMinutes is >= 1 and <= MaxStandInMinutes : standIn?.MaxMinutes is null, "standIn.maxMinutes", $"goes with Approve, and must be 1 to {MaxStandInMinutes} there")
            .UnlessSpendRules(controls, "controls.");
    }

    /// <summary>Whether a programme may draw from it: large enough, and of card numbers, which do not begin with a zero.</summary>
    public static bool IsUsable(PanRange range) => range.Size >= MinRangeSize && range.Bin[0] != '0';

    public static bool IsProcessor(string name) => ProcessorName().IsMatch(name);

    /// <summary>The range as the table has it: always with its bounds, and the first of its 15-digit numbers.</summary>
    public static (string Text, long FirstAccount) Written(PanRange range)
    {
        var digits = AccountAndBinDigits - range.Bin.Length;
        var from = range.First.ToString("D" + digits, CultureInfo.InvariantCulture);
        var to = (range.First + range.Size - 1).ToString("D" + digits, CultureInfo.InvariantCulture);
        return ($"{range.Bin}:{from}-{to}", long.Parse(range.Bin + from, CultureInfo.InvariantCulture));
    }

    /// <summary>By its name first: what is looked up is a file.</summary>
    private static bool IsTimeZone(string name) => name.Length <= MaxTimeZoneLength && ZoneName().IsMatch(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out _);

    /// <summary>Paths are put to its end, and it is shown to whoever sees the programme.</summary>
    private static bool IsRemoteUrl(string text) =>
        text.Length <= MaxRemoteUrlLength
        && !text.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter))
        && Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address is { Scheme: "https", UserInfo: "" }
        && text.AsSpan().IndexOfAny('?', '#') < 0;

    [GeneratedRegex(@"^[a-z0-9-]{1,64}\z")]
    private static partial Regex ProcessorName();

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9+_-]*(/[A-Za-z0-9+_-]+){0,2}\z")]
    private static partial Regex ZoneName();
}
