using System.Text.Json.Serialization;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.Ledger;

internal enum TransactionType
{
    Purchase,
    Cash,

    /// <summary>The card was asked about; no money is meant.</summary>
    Verification,
    Refund,
    Reload,
    Adjustment,
}

internal enum TransactionStatus
{
    Authorized,
    Declined,
    Reversed,
    Cleared,
}

/// <summary>Something that happened to a balance, as its owner sees it.</summary>
internal record Transaction
{
    public required Guid Id { get; init; }

    /// <summary>Null where it is on a partner's own account.</summary>
    public Guid? UserId { get; init; }

    public required Guid AccountId { get; init; }
    public Guid? CardId { get; init; }
    public required TransactionType Type { get; init; }
    public required TransactionStatus Status { get; init; }
    public required long Amount { get; init; }
    public required string Currency { get; init; }
    public string? Reference { get; init; }
    public string? MerchantMid { get; init; }
    public string? MerchantName { get; init; }
    public string? MerchantMcc { get; init; }
    public string? MerchantCountry { get; init; }
    public required DateTimeOffset AuthorizedAt { get; init; }
    public DateTimeOffset? ClearedAt { get; init; }
    public string? ActionCode { get; init; }
    public string? Reason { get; init; }
    public required long AuthorizedAmount { get; init; }
    public required long ClearedAmount { get; init; }
    public required long RefundedAmount { get; init; }
    public long? OriginalAmount { get; init; }
    public string? OriginalCurrency { get; init; }
    public required long Held { get; init; }

    /// <summary>What it comes to: what is held and what was cleared; of what came to nothing, what was asked for. An adjustment has its sign.</summary>
    public long Counting => Type == TransactionType.Adjustment || Status is TransactionStatus.Declined or TransactionStatus.Reversed ? Amount : Held + ClearedAmount;
}

/// <summary>A transaction on the wire.</summary>
/// <param name="Merchant">Of an authorisation.</param>
/// <param name="Amount">Negative in an adjustment that took from the balance, and in nothing else.</param>
/// <param name="Reason">Why it was declined, or adjusted.</param>
/// <param name="Reference">Of a reload or an adjustment: the words given with it.</param>
/// <param name="OriginalAmount">In the merchant's currency, where it is another.</param>
internal sealed record TransactionView(
    Guid Id,
    Guid BalanceId,
    Guid? CardId,
    TransactionType Type,
    TransactionStatus Status,
    Money Amount,
    MerchantView? Merchant,
    DateTimeOffset AuthorizedAt,
    DateTimeOffset? ClearedAt,
    string? ActionCode,
    string? Reason,
    string? Reference,
    Money? OriginalAmount)
{
    /// <summary>Told to operators alone, in the list of every user's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? CustomerId { get; init; }

    public static TransactionView Of(Transaction transaction) => new(
        transaction.Id,
        transaction.AccountId,
        transaction.CardId,
        transaction.Type,
        transaction.Status,
        Money.Of(transaction.Counting, transaction.Currency),
        transaction.MerchantMid is null
            ? null
            : new MerchantView(transaction.MerchantMid, transaction.MerchantName!, transaction.MerchantMcc!, transaction.MerchantCountry!),
        transaction.AuthorizedAt,
        transaction.ClearedAt,
        transaction.ActionCode,
        transaction.Reason,
        transaction.Reference,
        transaction.OriginalAmount is { } original ? Money.Of(original, transaction.OriginalCurrency!) : null);
}

internal sealed record MerchantView(string Mid, string Name, string Mcc, string Country);
