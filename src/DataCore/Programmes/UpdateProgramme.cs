using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Programmes;

/// <summary>Changes what is given of a programme; what is absent stays. Partner, range, currency and processor are for ever.</summary>
internal static class UpdateProgramme
{
    /// <param name="TimeZone">IANA name of the zone in which days, weeks and months of spending limits begin, such as <c>Europe/Warsaw</c>.</param>
    /// <param name="HoldLifetimeDays">When the hold of a later authorisation falls away by itself, 1 to 60.</param>
    /// <param name="StandIn">What is answered where the partner's host does not answer, in place of what was said before.</param>
    /// <param name="Controls">What every card of the programme may be used for, in place of all rules before; an empty object for no rule.</param>
    internal sealed record Request(
        string? Name = null,
        string? RemoteUrl = null,
        bool? DigitalFirst = null,
        KycMode? KycMode = null,
        bool? AutoBalance = null,
        bool? SelfRegistration = null,
        int? SessionMinutes = null,
        int? IdleMinutes = null,
        int? CardValidityMonths = null,
        string? TimeZone = null,
        int? HoldLifetimeDays = null,
        StandInRule? StandIn = null,
        SpendRules? Controls = null);

    public static void MapUpdateProgramme(this IEndpointRouteBuilder programmes) =>
        programmes.MapPatch("/{programId:guid}", Handle).AdmitsOperators(Role.Admin)
            .Example(new Request(SessionMinutes: 15, IdleMinutes: 5))
            .Refuses(ProgrammeProblems.NotFound(), ProgrammeProblems.Exists());

    private static async Task<Results<Ok<ProgrammeView>, ProblemHttpResult>> Handle(
        Guid programId, Request request, NpgsqlDataSource database, CancellationToken cancel)
    {
        var faults = ProgrammeFields.Faults(request.Name, request.RemoteUrl, request.SessionMinutes, request.IdleMinutes, request.CardValidityMonths)
            .UnlessAuthorisable(request.TimeZone, request.HoldLifetimeDays, request.StandIn, request.Controls);
        if (faults.Any)
        {
            return faults.Problem();
        }
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindProgrammeForChange(programId) is not { } programme)
        {
            return ProgrammeProblems.NotFound();
        }
        var changed = programme with
        {
            Name = request.Name?.Trim() ?? programme.Name,
            RemoteUrl = request.RemoteUrl ?? programme.RemoteUrl,
            DigitalFirst = request.DigitalFirst ?? programme.DigitalFirst,
            KycMode = request.KycMode ?? programme.KycMode,
            AutoBalance = request.AutoBalance ?? programme.AutoBalance,
            SelfRegistration = request.SelfRegistration ?? programme.SelfRegistration,
            SessionMinutes = request.SessionMinutes ?? programme.SessionMinutes,
            IdleMinutes = request.IdleMinutes ?? programme.IdleMinutes,
            CardValidityMonths = request.CardValidityMonths ?? programme.CardValidityMonths,
            TimeZone = request.TimeZone ?? programme.TimeZone,
            HoldLifetimeDays = request.HoldLifetimeDays ?? programme.HoldLifetimeDays,
            StandIn = request.StandIn ?? programme.StandIn,
            Controls = request.Controls ?? programme.Controls,
        };
        if (!await work.SaveProgramme(changed))
        {
            return ProgrammeProblems.Exists();
        }
        Work.Audit(partnerId: programme.PartnerId);
        await work.Commit();
        return TypedResults.Ok(changed);
    }
}
