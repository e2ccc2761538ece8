using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Partners;

/// <summary>Adds the partner's money, which has arrived, to a balance of its own. For administrators, and always under an Idempotency-Key.</summary>
internal static class ReloadPartnerBalance
{
    private const int MaxReferenceLength = 140;

    /// <param name="Reference">The operator's own words, to find the reload by.</param>
    internal sealed record Request(Money Amount, string Reference);

    public static void MapReloadPartnerBalance(this IEndpointRouteBuilder balances) =>
        balances.MapPost("/{partnerBalanceId:guid}/reload", Handle).Admits().AdmitsOperators(Role.Admin)
            .Example(new Request(Money.Of(5_000_000, "PLN"), "transfer 2026/11/17")).Produces<TransactionView>(201)
            .Refuses(PartnerBalanceProblems.NotFound(), BalanceProblems.LimitExceeded(), Idempotency.Required())
            .Refuses(409, "BALANCE_CURRENCY_MISMATCH");

    private static async Task<IResult> Handle(
        Guid partnerBalanceId, Request request, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
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
        var accounts = await work.LockWithFunding(partnerBalanceId);
        if (accounts.Count == 0)
        {
            return PartnerBalanceProblems.NotFound();
        }
        var balance = accounts.Single(account => account.Id == partnerBalanceId);
        var funding = accounts.Single(account => account.Kind == AccountKind.Funding);
        if (balance.Currency != request.Amount.Currency)
        {
            return BalanceProblems.CurrencyMismatch(balance, request.Amount);
        }
        var amount = request.Amount.Amount;
        if (!PartnerBalance.MayPost(balance, amount) || !funding.MayPost(-amount))
        {
            return BalanceProblems.LimitExceeded();
        }

        Work.Audit(partnerId: balance.PartnerId);
        var now = clock.GetUtcNow();
        var reload = await work.PostReload(Guid.CreateVersion7(now), funding, balance, amount, request.Reference, now);
        return await work.Answer(once, StatusCodes.Status201Created, TransactionView.Of(reload!));
    }
}
