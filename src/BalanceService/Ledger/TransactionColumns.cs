using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.Ledger;

/// <summary>A transaction as a line of text.</summary>
internal static class TransactionColumns
{
    /// <summary>Of any user's: they say whose.</summary>
    public static readonly CsvColumn<TransactionView>[] OfAny =
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

    public static readonly CsvColumn<TransactionView>[] OfBalance = [.. OfAny.Where(column => column.Name != "customerId")];
}
