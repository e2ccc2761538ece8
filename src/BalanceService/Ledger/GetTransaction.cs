using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Ledger;

/// <summary>Shows a transaction of a balance with what became of it: increments, reversals, clearings, refunds, the end of its hold.</summary>
internal static class GetTransaction
{
    public static void MapGetTransaction(this IEndpointRouteBuilder balances) =>
        balances.MapGet("/{balanceId:guid}/transactions/{transactionId:guid}", Handle).AdmitsEveryOperator()
            .Refuses(TransactionProblems.NotFound());

    private static async Task<Results<Ok<TransactionHistory>, ProblemHttpResult>> Handle(
        Guid balanceId, Guid transactionId, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        var moments = await database.ReadHistory(transactionId, balanceId, caller, cancel);
        if (moments.Count == 0)
        {
            return TransactionProblems.NotFound();
        }

        var history = TransactionHistory.Of(moments);
        return TypedResults.Ok(caller.IsOperator ? history.ForOperators(moments[0].UserId, await database.ReadEntries(transactionId, cancel)) : history);
    }
}
