using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>Opens a blocked balance again. Where it is open already, it stays as it is.</summary>
internal static class UnblockBalance
{
    public static void MapUnblockBalance(this IEndpointRouteBuilder balances) =>
        balances.MapPost("/{balanceId:guid}/unblock", Handle).Admits().AdmitsOperators(Role.Manager, Role.Admin)
            .Refuses(BalanceProblems.NotFound(), BalanceProblems.Closed());

    private static async Task<Results<Ok<BalanceView>, ProblemHttpResult>> Handle(
        Guid balanceId, Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindForChange(balanceId, caller) is not { } balance)
        {
            return BalanceProblems.NotFound();
        }
        if (balance.State == AccountState.Closed)
        {
            return BalanceProblems.Closed();
        }
        Work.Audit(userId: balance.UserId, partnerId: balance.PartnerId);
        if (balance.State != AccountState.Open)
        {
            await work.SaveState(balance.Id, balance.PartnerId, AccountState.Open);
            work.Owe(new BalanceStateChanged(balance.PartnerId, balance.UserId!.Value, balance.Id, nameof(AccountState.Open), clock.GetUtcNow()));
        }
        await work.Commit();
        return TypedResults.Ok(BalanceView.Of(balance with { State = AccountState.Open }));
    }
}
