using Antaca.Contracts.Requests;
using Antaca.DataCore.Vault;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Programmes;

/// <summary>Opens a card programme for a partner, on a range of account numbers that no other programme draws from.</summary>
internal static class CreateProgramme
{
    private const int DefaultSessionMinutes = 10;
    private const int DefaultIdleMinutes = 5;
    private const int DefaultCardValidityMonths = 36;
    private const string DefaultTimeZone = "UTC";
    private const int DefaultHoldLifetimeDays = 7;

    /// <param name="BinRange"><c>510510</c> for the whole BIN (6 to 8 digits), or <c>510510:000000000-099999999</c> for a part of it.</param>
    /// <param name="CvvExpiryOrder">How the expiry goes into the CVVs. It never changes.</param>
    /// <param name="Processor">Lower-case letters, digits and dashes: the name in the processor's certificate.</param>
    /// <param name="TimeZone">IANA name of the zone in which days, weeks and months of spending limits begin, such as <c>Europe/Warsaw</c>.</param>
    /// <param name="HoldLifetimeDays">When the hold of an authorisation falls away by itself, 1 to 60.</param>
    /// <param name="StandIn">What is answered where the partner's host does not answer; null declines.</param>
    /// <param name="Controls">What every card of the programme may be used for; null for no rule.</param>
    internal sealed record Request(
        Guid PartnerId,
        string Name,
        string BinRange,
        string Currency,
        string Processor,
        string? RemoteUrl = null,
        bool DigitalFirst = false,
        KycMode KycMode = KycMode.Partner,
        bool AutoBalance = false,
        bool SelfRegistration = false,
        int SessionMinutes = DefaultSessionMinutes,
        int IdleMinutes = DefaultIdleMinutes,
        int CardValidityMonths = DefaultCardValidityMonths,
        CvvExpiryOrder CvvExpiryOrder = CvvExpiryOrder.YYMM,
        string TimeZone = DefaultTimeZone,
        int HoldLifetimeDays = DefaultHoldLifetimeDays,
        StandInRule? StandIn = null,
        SpendRules? Controls = null);

    public static void MapCreateProgramme(this IEndpointRouteBuilder programmes) =>
        programmes.MapPost("/", Handle).AdmitsOperators(Role.Admin).Produces<ProgrammeView>(201)
            .Example(new Request(ExampleIds.Partner, "Travel cards", "520520:000000000-099999999", "EUR", "sandbox", SelfRegistration: true, TimeZone: "Europe/Warsaw"))
            .Refuses(ProgrammeProblems.RangeOverlaps(), ProgrammeProblems.Exists());

    private static async Task<IResult> Handle(Request request, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var known = PanRange.TryParse(request.BinRange, out var range);
        var faults = ProgrammeFields.Faults(request.Name, request.RemoteUrl, request.SessionMinutes, request.IdleMinutes, request.CardValidityMonths)
            .UnlessAuthorisable(request.TimeZone, request.HoldLifetimeDays, request.StandIn, request.Controls)
            .Unless(known && ProgrammeFields.IsUsable(range), "binRange", $"must be a BIN of 6 to 8 digits that does not begin with 0, or such a BIN and a range of {ProgrammeFields.MinRangeSize} numbers or more in it: 510510:000000000-099999999")
            .Unless(Currencies.Known(request.Currency), "currency", "must be an ISO 4217 code such as PLN")
            .Unless(ProgrammeFields.IsProcessor(request.Processor), "processor", "must be 1 to 64 lower-case letters, digits and dashes");
        if (faults.Any)
        {
            return faults.Problem();
        }

        var now = clock.GetUtcNow();
        var (text, firstAccount) = ProgrammeFields.Written(range);
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        if (!await work.PartnerExists(request.PartnerId))
        {
            return Problems.Invalid("partnerId", "is no partner's");
        }
        var rangeId = Guid.CreateVersion7(now);
        if (!await work.AddRange(rangeId, request.PartnerId, text, firstAccount, range.Size, now))
        {
            return ProgrammeProblems.RangeOverlaps();
        }
        var programme = new ProgrammeView(
            Guid.CreateVersion7(now),
            request.PartnerId,
            request.Name.Trim(),
            text,
            request.Currency,
            request.RemoteUrl,
            request.Processor,
            request.DigitalFirst,
            request.KycMode,
            request.AutoBalance,
            request.SelfRegistration,
            request.SessionMinutes,
            request.IdleMinutes,
            request.CardValidityMonths,
            request.CvvExpiryOrder,
            request.TimeZone,
            request.HoldLifetimeDays,
            request.StandIn,
            request.Controls,
            now);
        if (!await work.AddProgramme(programme, rangeId))
        {
            return ProgrammeProblems.Exists();
        }
        Work.Audit(subject: $"program:{programme.Id}", partnerId: programme.PartnerId);
        return await work.Answer(once, StatusCodes.Status201Created, programme);
    }
}
