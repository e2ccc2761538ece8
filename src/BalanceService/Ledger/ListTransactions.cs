using Antaca.BalanceService.Balances;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Ledger;

/// <summary>Lists what happened to a balance, newest first: declined authorisations too.</summary>
internal static class ListTransactions
{
    public static void MapListTransactions(this IEndpointRouteBuilder balances) => balances.MapGet("/{balanceId:guid}/transactions", Handle).AdmitsEveryOperator().Refuses(BalanceProblems.NotFound());

    private static async Task<Results<Ok<Page<TransactionView>>, ProblemHttpResult>> Handle(
        Guid balanceId, DateTimeOffset? from, DateTimeOffset? to, int? limit, string? after, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        if (await database.FindBalance(balanceId, caller, cancel) is null)
        {
            return BalanceProblems.NotFound();
        }

        var transactions = await database.ListTransactions(
            balanceId,
            caller,
            (from ?? DateTimeOffset.MinValue).ToUniversalTime(),
            (to ?? DateTimeOffset.MaxValue).ToUniversalTime(),
            page,
            cancel);
        return TypedResults.Ok(page.Of(transactions, transaction => new Cursor(transaction.AuthorizedAt, transaction.Id), TransactionView.Of));
    }
}
