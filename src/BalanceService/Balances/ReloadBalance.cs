using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>
/// Adds money to a user's balance from the partner's funding account. For the partner itself and for administrators, and
/// always under an Idempotency-Key.
/// </summary>
internal static class ReloadBalance
{
    private const int MaxReferenceLength = 140;

    /// <param name="Reference">The caller's own words, to find the reload by.</param>
    internal sealed record Request(Money Amount, string Reference);

    public static void MapReloadBalance(this IEndpointRouteBuilder balances) =>
        balances.MapPost("/{balanceId:guid}/reload", Handle).Admits(Channel.Secure).AdmitsOperators(Role.Admin)
            .Example(new Request(Money.Of(12_500, "PLN"), "transfer 2026/11/4711")).Produces<TransactionView>(201)
            .Refuses(BalanceProblems.NotFound(), BalanceProblems.LimitExceeded(), BalanceProblems.HeldByPartner(), Idempotency.Required())
            .Refuses(409, "BALANCE_NOT_OPEN", "BALANCE_CURRENCY_MISMATCH");

    private static async Task<IResult> Handle(
        Guid balanceId, Request request, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (once.Key is null)
        {
            return Idempotency.Required();
        }
        var faults = new Faults()
            .Unless(request.Amount.Amount > 0, "amount", "must be more than zero")
            .UnlessLine(request.Reference, "reference", MaxReferenceLength);
        if (faults.Any)
        {
            return faults.Problem();
        }

        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        var accounts = await work.LockForReload(balanceId, caller);
        if (accounts.Count == 0)
        {
            return BalanceProblems.NotFound();
        }
        var balance = accounts.Single(account => account.Kind == AccountKind.User);
        var funding = accounts.Single(account => account.Kind == AccountKind.Funding);
        if (balance.Holder == BalanceHolder.Partner)
        {
            return BalanceProblems.HeldByPartner();
        }
        if (balance.State != AccountState.Open)
        {
            return BalanceProblems.NotOpen(balance);
        }
        if (balance.Currency != request.Amount.Currency)
        {
            return BalanceProblems.CurrencyMismatch(balance, request.Amount);
        }
        var amount = request.Amount.Amount;
        if (!balance.MayPost(amount) || !funding.MayPost(-amount))
        {
            return BalanceProblems.LimitExceeded();
        }

        Work.Audit(userId: balance.UserId, partnerId: balance.PartnerId);
        var now = clock.GetUtcNow();
        var reload = await work.PostReload(Guid.CreateVersion7(now), funding, balance, amount, request.Reference, now);
        work.Owe(new BalanceReloaded(balance.PartnerId, balance.UserId!.Value, balance.Id, reload!.Id, amount, balance.Currency, now));
        return await work.Answer(once, StatusCodes.Status201Created, TransactionView.Of(reload));
    }
}
