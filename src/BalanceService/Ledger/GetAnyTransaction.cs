using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Ledger;

/// <summary>Shows operators any partner's transaction with what became of it and the money it moved.</summary>
internal static class GetAnyTransaction
{
    public static void MapGetAnyTransaction(this IEndpointRouteBuilder transactions) =>
        transactions.MapGet("/{transactionId:guid}", Handle).AdmitsEveryOperator()
            .Refuses(TransactionProblems.NotFound());

    private static async Task<Results<Ok<TransactionHistory>, ProblemHttpResult>> Handle(Guid transactionId, NpgsqlDataSource database, CancellationToken cancel)
    {
        var moments = await database.ReadHistory(transactionId, cancel);
        if (moments.Count == 0)
        {
            return TransactionProblems.NotFound();
        }
        return TypedResults.Ok(TransactionHistory.Of(moments).ForOperators(moments[0].UserId, await database.ReadEntries(transactionId, cancel)));
    }
}
