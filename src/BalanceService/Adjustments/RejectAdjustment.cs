using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Adjustments;

/// <summary>Turns a proposed adjustment down; whoever proposed it may so take it back. Rejected again, it stays as it is.</summary>
internal static class RejectAdjustment
{
    public static void MapRejectAdjustment(this IEndpointRouteBuilder adjustments) =>
        adjustments.MapPost("/{adjustmentId:guid}/reject", Handle).AdmitsOperators(Role.Admin)
            .Refuses(AdjustmentProblems.NotFound(), AdjustmentProblems.Decided());

    private static async Task<Results<Ok<AdjustmentView>, ProblemHttpResult>> Handle(
        Guid adjustmentId, Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindAdjustmentForChange(adjustmentId) is not { } adjustment)
        {
            return AdjustmentProblems.NotFound();
        }
        if (adjustment.Status == AdjustmentStatus.Rejected)
        {
            return TypedResults.Ok(AdjustmentView.Of(adjustment));
        }
        if (adjustment.Status != AdjustmentStatus.Proposed)
        {
            return AdjustmentProblems.Decided(adjustment);
        }

        Work.Audit(userId: adjustment.UserId, partnerId: adjustment.PartnerId);
        var rejected = adjustment with { Status = AdjustmentStatus.Rejected, DecidedBy = caller.OperatorId, DecidedAt = clock.GetUtcNow() };
        await work.SaveDecision(rejected);
        await work.Commit();
        return TypedResults.Ok(AdjustmentView.Of(rejected));
    }
}
