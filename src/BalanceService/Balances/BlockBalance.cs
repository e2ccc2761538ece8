using Antaca.BalanceService.Ledger;
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
        return await work.ChangeState(balanceId, caller, AccountState.Blocked, clock.GetUtcNow());
    }
}
