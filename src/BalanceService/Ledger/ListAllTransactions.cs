using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Ledger;

/// <summary>Lists for operators what happened to every partner's balances, newest first, as JSON or as text for a spreadsheet.</summary>
internal static class ListAllTransactions
{
    private static readonly CsvColumn<TransactionView>[] _columns =
    [
        new("id", transaction => transaction.Id),
        new("customerId", transaction => transaction.CustomerId),
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

    public static void MapListAllTransactions(this IEndpointRouteBuilder transactions) => transactions.MapGet("/", Handle).AdmitsEveryOperator().Produces<Page<TransactionView>>().Produces<string>(200, Csv.MediaType);

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
        var faults = new Faults()
            .Unless(status is null || Enum.GetNames<TransactionStatus>().Contains(status), "status", "is not a status of transactions")
            .Unless(type is null || Enum.GetNames<TransactionType>().Contains(type), "type", "is not a type of transactions");
        if (faults.Any)
        {
            return faults.Problem();
        }
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }

        var filter = new TransactionFilter(
            customerId,
            balanceId,
            cardId,
            status,
            type,
            (from ?? DateTimeOffset.MinValue).ToUniversalTime(),
            (to ?? DateTimeOffset.MaxValue).ToUniversalTime());
        var transactions = await database.ListTransactions(filter, page, cancel);
        var shown = page.Of(
            transactions,
            transaction => new Cursor(transaction.AuthorizedAt, transaction.Id),
            transaction => TransactionView.Of(transaction) with { CustomerId = transaction.UserId });
        return Csv.IsWanted(request) ? Csv.Of(shown, _columns) : TypedResults.Ok(shown);
    }
}

/// <summary>What an operator looks for; null for any.</summary>
/// <param name="From">The first moment that counts.</param>
/// <param name="To">The first that does not any more.</param>
internal sealed record TransactionFilter(
    Guid? CustomerId, Guid? BalanceId, Guid? CardId, string? Status, string? Type, DateTimeOffset From, DateTimeOffset To);
