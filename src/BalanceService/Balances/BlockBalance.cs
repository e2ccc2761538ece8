using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>Blocks a balance: it takes no money, and authorisations are declined. What is held stays so. Blocked again, it stays as it is.</summary>
internal static class BlockBalance
{
    public static void MapBlockBalance(this IEndpointRouteBuilder balances) =>
        balances.MapPost("/{balanceId:guid}/block", Handle).Admits().AdmitsOperators(Role.Manager, Role.Admin)
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
        if (balance.State != AccountState.Blocked)
        {
            await work.SaveState(balance.Id, balance.PartnerId, AccountState.Blocked);
            work.Owe(new BalanceStateChanged(balance.PartnerId, balance.UserId!.Value, balance.Id, nameof(AccountState.Blocked), clock.GetUtcNow()));
        }
        await work.Commit();
        return TypedResults.Ok(BalanceView.Of(balance with { State = AccountState.Blocked }));
    }
}
