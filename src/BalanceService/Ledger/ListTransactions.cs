using Antaca.BalanceService.Balances;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Ledger;

/// <summary>Lists what happened to a balance, newest first: declined authorisations too. As JSON or as text for a spreadsheet.</summary>
internal static class ListTransactions
{
    public static void MapListTransactions(this IEndpointRouteBuilder balances) =>
        balances.MapGet("/{balanceId:guid}/transactions", Handle).AdmitsEveryOperator()
            .Produces<Page<TransactionView>>().Produces<string>(200, Csv.MediaType)
            .Refuses(BalanceProblems.NotFound());

    private static async Task<IResult> Handle(
        Guid balanceId,
        DateTimeOffset? from,
        DateTimeOffset? to,
        int? limit,
        string? after,
        HttpRequest request,
        Caller caller,
        NpgsqlDataSource database,
        CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        if (await database.FindBalance(balanceId, caller, cancel) is null)
        {
            return BalanceProblems.NotFound();
        }

        var transactions = await database.ListTransactions(balanceId, caller, Period.Of(from, to), page, cancel);
        var shown = page.Of(transactions, transaction => new Cursor(transaction.AuthorizedAt, transaction.Id), TransactionView.Of);
        return Csv.IsWanted(request) ? Csv.Of(shown, TransactionColumns.OfBalance) : TypedResults.Ok(shown);
    }
}
