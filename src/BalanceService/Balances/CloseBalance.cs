using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>
/// Closes a balance for good: nothing may be on it or held, and its cards must be removed or expired. Closed again, it stays as it
/// is. What happened to it stays on record.
/// </summary>
internal static class CloseBalance
{
    public static void MapCloseBalance(this IEndpointRouteBuilder balances) =>
        balances.MapPost("/{balanceId:guid}/close", Handle).AdmitsOperators(Role.Manager, Role.Admin)
            .Refuses(BalanceProblems.NotFound(), BalanceProblems.HasCards(), BalanceProblems.NotEmpty());

    private static async Task<Results<Ok<BalanceView>, ProblemHttpResult>> Handle(
        Guid balanceId,
        Caller caller,
        [FromKeyedServices("cardservice")] Peer cardService,
        NpgsqlDataSource database,
        TimeProvider clock,
        CancellationToken cancel)
    {
        if (await database.FindOwn(balanceId, caller, cancel) is not { } found)
        {
            return BalanceProblems.NotFound();
        }
        var cards = await cardService.Get<OpenCards>($"/internal/balances/{balanceId}/open-cards?partnerId={found.PartnerId}&userId={found.UserId}", cancel);

        await using var work = await Work.Begin(database, cancel);
        var balance = (await work.FindForChange(balanceId, caller))!;
        if (balance.State == AccountState.Closed)
        {
            return TypedResults.Ok(BalanceView.Of(balance));
        }
        if (cards.ValueOrNothing!.Count > 0)
        {
            return BalanceProblems.HasCards();
        }
        if (balance.Posted != 0 || balance.Held != 0 || await work.HoldsMoney(balance.Id, balance.PartnerId))
        {
            return BalanceProblems.NotEmpty();
        }

        Work.Audit(userId: balance.UserId, partnerId: balance.PartnerId);
        await work.SaveState(balance.Id, balance.PartnerId, AccountState.Closed);
        work.Owe(new BalanceStateChanged(balance.PartnerId, balance.UserId!.Value, balance.Id, nameof(AccountState.Closed), clock.GetUtcNow()));
        await work.Commit();
        return TypedResults.Ok(BalanceView.Of(balance with { State = AccountState.Closed }));
    }
}
