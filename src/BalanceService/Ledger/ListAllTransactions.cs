using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Ledger;

/// <summary>Lists for operators what happened to every partner's balances, newest first, as JSON or as text for a spreadsheet.</summary>
internal static class ListAllTransactions
{
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
        [FromKeyedServices("cardservice")] Peer cardService,
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

        var filter = new TransactionFilter(customerId, balanceId, cardId, status, type, Period.Of(from, to));
        IReadOnlyList<Transaction> transactions = [];
        // A card is on one balance for ever: there its transactions are found.
        if (cardId is null)
        {
            transactions = await database.ListTransactions(filter, page, cancel);
        }
        else if (await cardService.FindCard(cardId.Value, processor: null, cancel) is { } card && (balanceId ?? card.BalanceId) == card.BalanceId)
        {
            transactions = await database.ListTransactions(filter with { BalanceId = card.BalanceId }, page, cancel);
        }
        var shown = page.Of(
            transactions,
            transaction => new Cursor(transaction.AuthorizedAt, transaction.Id),
            transaction => TransactionView.Of(transaction) with { CustomerId = transaction.UserId });
        return Csv.IsWanted(request) ? Csv.Of(shown, TransactionColumns.OfAny) : TypedResults.Ok(shown);
    }
}

/// <summary>What an operator looks for; null for any.</summary>
internal sealed record TransactionFilter(Guid? CustomerId, Guid? BalanceId, Guid? CardId, string? Status, string? Type, Period Period);
