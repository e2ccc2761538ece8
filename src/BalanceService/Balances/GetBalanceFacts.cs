using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>Tells CardService whose a balance is and whether it is open.</summary>
internal static class GetBalanceFacts
{
    public static void MapGetBalanceFacts(this IEndpointRouteBuilder balances) => balances.MapGet("/{balanceId:guid}", Handle);

    private static async Task<Results<Ok<BalanceFacts>, ProblemHttpResult>> Handle(
        Guid balanceId, Guid partnerId, Guid userId, NpgsqlDataSource database, CancellationToken cancel)
    {
        var balance = await database.FindBalance(balanceId, partnerId, userId, cancel);
        if (balance is null)
        {
            return BalanceProblems.NotFound();
        }
        return TypedResults.Ok(new BalanceFacts(balance.Id, partnerId, userId, balance.ProgrammeId!.Value, balance.Currency, balance.State == AccountState.Open));
    }
}
