using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Ledger;

/// <summary>Lists what happened to every partner's balances, for operators: newest first, filtered, as JSON or as CSV.</summary>
internal static class ListAllTransactions
{
    private static readonly CsvColumn<TransactionView>[] _columns =
    [
        new("id", transaction => transaction.Id),
        new("balanceId", transaction => transaction.BalanceId),
        new("cardId", transaction => transaction.CardId),
        new("type", transaction => transaction.Type),
        new("status", transaction => transaction.Status),
        new("amount", transaction => transaction.Amount.Amount),
        new("currency", transaction => transaction.Amount.Currency),
        new("merchantMid", transaction => transaction.Merchant?.Mid),
        new("merchantName", transaction => transaction.Merchant?.Name),
        new("merchantMcc", transaction => transaction.Merchant?.Mcc),
        new("merchantCountry", transaction => transaction.Merchant?.Country),
        new("authorizedAt", transaction => transaction.AuthorizedAt),
        new("clearedAt", transaction => transaction.ClearedAt),
        new("actionCode", transaction => transaction.ActionCode),
        new("reason", transaction => transaction.Reason),
        new("reference", transaction => transaction.Reference),
    ];

    /// <summary>What to look for; null for any.</summary>
    internal sealed record Filter(Guid? CustomerId, Guid? BalanceId, Guid? CardId, string? Status, string? Type, DateTimeOffset From, DateTimeOffset To);

    public static void MapListAllTransactions(this IEndpointRouteBuilder transactions) =>
        transactions.MapGet("/", Handle).AdmitsEveryOperator().Produces<Page<TransactionView>>().OffersCsv();

    private static async Task<IResult> Handle(
        Guid? customerId,
        Guid? balanceId,
        Guid? cardId,
        string? status,
        string? type,
        DateTimeOffset? from,
        DateTimeOffset? to,
        int? limit,
        string? after,
        HttpRequest request,
        NpgsqlDataSource database,
        CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var faults = new Faults()
            .Unless(status is null || Enum.GetNames<TransactionStatus>().Contains(status), "status", "is not a status of a transaction")
            .Unless(type is null || Enum.GetNames<TransactionType>().Contains(type), "type", "is not a type of a transaction");
        if (faults.Any)
        {
            return faults.Problem();
        }

        var filter = new Filter(
            customerId, balanceId, cardId, status, type, (from ?? DateTimeOffset.MinValue).ToUniversalTime(), (to ?? DateTimeOffset.MaxValue).ToUniversalTime());
        var found = await database.ListAllTransactions(filter, page, cancel);
        var transactions = page.Of(found, transaction => new Cursor(transaction.AuthorizedAt, transaction.Id), TransactionView.Of);
        return Csv.IsWanted(request) ? Csv.Of(transactions, _columns) : TypedResults.Ok(transactions);
    }
}
