using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.KycService.Decisions;

/// <summary>
/// Takes the word of a partner that verifies its users itself. The same decision (status and reference) again changes
/// nothing; another one is added to the history, and the last one counts.
/// </summary>
internal static class SetKycStatus
{
    private const int MaxReferenceLength = 128;

    internal enum PartnerDecision
    {
        Accepted,
        Rejected,
    }

    internal sealed record Request(PartnerDecision Status, string Reference);

    internal sealed record Decision(Guid CustomerId, KycStatus KycStatus, string Reference, DateTimeOffset DecidedAt);

    public static void MapSetKycStatus(this IEndpointRouteBuilder kyc) =>
        kyc.MapPut("/", Handle)
            .Example(new Request(PartnerDecision.Accepted, "case 2026/4711"))
            .Refuses(DecisionProblems.UserNotFound());

    private static async Task<Results<Ok<Decision>, ProblemHttpResult>> Handle(
        Request request, Caller caller, [FromKeyedServices("datacore")] Peer dataCore, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (caller is not { PartnerId: { } partnerId, UserId: { } userId })
        {
            return DecisionProblems.UserNotFound();
        }
        if (new Faults().UnlessLine(request.Reference, "reference", MaxReferenceLength) is { Any: true } faults)
        {
            return faults.Problem();
        }
        var user = (await dataCore.Get<UserFacts>($"/internal/users/{userId}?partnerId={partnerId}", cancel)).ValueOrNothing;
        if (user is null)
        {
            return DecisionProblems.UserNotFound();
        }

        await using var work = await Work.Begin(database, cancel);
        await work.OpenForPartner(Guid.CreateVersion7(clock.GetUtcNow()), userId, partnerId, clock.GetUtcNow());
        var application = await work.FindForDecision(userId, partnerId);
        var status = request.Status == PartnerDecision.Accepted ? KycStatus.Accepted : KycStatus.Rejected;
        if (application.Status == status && application.Reference == request.Reference)
        {
            return TypedResults.Ok(new Decision(userId, status, request.Reference, application.DecidedAt!.Value));
        }

        var now = clock.GetUtcNow();
        var decided = application with { Status = status, Reference = request.Reference, DecidedAt = now };
        await work.SaveDecision(decided, Guid.CreateVersion7(now), caller.Actor);
        if (status == KycStatus.Accepted)
        {
            work.Owe(new KycAccepted(partnerId, userId, application.Id, now));
        }
        else
        {
            work.Owe(new KycRejected(partnerId, userId, application.Id, now));
        }
        await work.Commit();
        return TypedResults.Ok(new Decision(userId, status, request.Reference, now));
    }
}
