using Antaca.BalanceService.Ledger;
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
        return await work.ChangeState(balanceId, caller, AccountState.Open, clock.GetUtcNow());
    }
}
