using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Adjustments;

/// <summary>
/// Makes a proposed adjustment true, as another operator than the one who proposed it. What stood in its way then may do so now: it
/// stays proposed. Approved again, it stays as it is.
/// </summary>
internal static class ApproveAdjustment
{
    public static void MapApproveAdjustment(this IEndpointRouteBuilder adjustments) =>
        adjustments.MapPost("/{adjustmentId:guid}/approve", Handle).AdmitsOperators(Role.Admin)
            .Refuses(AdjustmentProblems.NotFound(), AdjustmentProblems.Own(), AdjustmentProblems.Decided(), BalanceProblems.Closed(), BalanceProblems.LimitExceeded())
            .Refuses(409, "INSUFFICIENT_FUNDS");

    private static async Task<Results<Ok<AdjustmentView>, ProblemHttpResult>> Handle(
        Guid adjustmentId, Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindAdjustmentForChange(adjustmentId) is not { } adjustment)
        {
            return AdjustmentProblems.NotFound();
        }
        if (adjustment.ProposedBy == caller.OperatorId)
        {
            return AdjustmentProblems.Own();
        }
        if (adjustment.Status == AdjustmentStatus.Approved)
        {
            return TypedResults.Ok(AdjustmentView.Of(adjustment));
        }
        if (adjustment.Status != AdjustmentStatus.Proposed)
        {
            return AdjustmentProblems.Decided(adjustment);
        }
        var accounts = await work.LockAccounts(adjustment.AccountId, Adjustment.CounterpartOf(adjustment.Reason));
        var (balance, counterpart) = (accounts[0], accounts[1]);
        if (Adjustment.ObjectionTo(balance, counterpart, Money.Of(adjustment.Amount, adjustment.Currency)) is { } objection)
        {
            return objection;
        }

        Work.Audit(userId: balance.UserId, partnerId: balance.PartnerId);
        var now = clock.GetUtcNow();
        var adjusted = await work.PostAdjustment(balance, counterpart, adjustment.Amount, adjustment.Reason, adjustment.Note, now);
        var approved = adjustment with { Status = AdjustmentStatus.Approved, DecidedBy = caller.OperatorId, DecidedAt = now, TransactionId = adjusted.Id };
        await work.SaveDecision(approved);
        work.Owe(new BalanceAdjusted(balance.PartnerId, balance.UserId!.Value, balance.Id, adjusted.Id, adjustment.Amount, balance.Currency, now));
        await work.Commit();
        return TypedResults.Ok(AdjustmentView.Of(approved));
    }
}
