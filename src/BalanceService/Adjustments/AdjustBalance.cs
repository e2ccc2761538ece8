using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Adjustments;

/// <summary>
/// Moves money between a user's balance and the partner's own, or to the fees: at once up to a limit; above it another operator
/// must approve. Never below zero, and always under an Idempotency-Key.
/// </summary>
internal static class AdjustBalance
{
    private const int MaxNoteLength = 140;

    /// <param name="Amount">Negative to take from the balance.</param>
    /// <param name="Note">The operator's own words; the user reads them.</param>
    internal sealed record Request(Money Amount, AdjustmentReason Reason, string Note);

    /// <summary>An adjustment that waits for a second operator.</summary>
    internal sealed record Proposal(Guid AdjustmentId, AdjustmentStatus Status);

    public static void MapAdjustBalance(this IEndpointRouteBuilder balances) =>
        balances.MapPost("/{balanceId:guid}/adjustments", Handle).Admits().AdmitsOperators(Role.Manager, Role.Admin)
            .Example(new Request(Money.Of(2_500, "PLN"), AdjustmentReason.Goodwill, "late delivery of the card"))
            .Produces<TransactionView>(201).Produces<Proposal>(202)
            .Refuses(BalanceProblems.NotFound(), BalanceProblems.Closed(), BalanceProblems.LimitExceeded(), BalanceProblems.HeldByPartner(), Idempotency.Required())
            .Refuses(409, "BALANCE_CURRENCY_MISMATCH", "INSUFFICIENT_FUNDS");

    private static async Task<IResult> Handle(
        Guid balanceId,
        Request request,
        Caller caller,
        Idempotency once,
        AdjustmentSettings settings,
        NpgsqlDataSource database,
        TimeProvider clock,
        CancellationToken cancel)
    {
        if (once.Key is null)
        {
            return Idempotency.Required();
        }
        var amount = request.Amount.Amount;
        var fault = Adjustment.FaultOf(amount, request.Reason);
        var faults = new Faults()
            .Unless(fault is null, "amount", fault ?? "")
            .UnlessLine(request.Note, "note", MaxNoteLength);
        if (faults.Any)
        {
            return faults.Problem();
        }

        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        var accounts = await work.LockAccounts(balanceId, Adjustment.CounterpartOf(request.Reason));
        if (accounts.Count == 0)
        {
            return BalanceProblems.NotFound();
        }
        var (balance, counterpart) = (accounts[0], accounts[1]);
        if (Adjustment.ObjectionTo(balance, counterpart, request.Amount) is { } objection)
        {
            return objection;
        }

        var now = clock.GetUtcNow();
        if (Math.Abs(amount) > settings.FourEyesAbove)
        {
            var proposed = await work.Propose(Guid.CreateVersion7(now), balance, amount, request.Reason, request.Note, caller.OperatorId!.Value, now);
            Work.Audit(subject: $"adjustment:{proposed!.Id}", userId: balance.UserId, partnerId: balance.PartnerId);
            return await work.Answer(once, StatusCodes.Status202Accepted, new Proposal(proposed.Id, proposed.Status));
        }
        Work.Audit(userId: balance.UserId, partnerId: balance.PartnerId);
        var adjusted = await work.PostAdjustment(balance, counterpart, amount, request.Reason, request.Note, now);
        work.Owe(new BalanceAdjusted(balance.PartnerId, balance.UserId!.Value, balance.Id, adjusted.Id, amount, balance.Currency, now));
        return await work.Answer(once, StatusCodes.Status201Created, TransactionView.Of(adjusted));
    }
}
