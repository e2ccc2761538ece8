using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>A user's balance. Amounts are minor units of <see cref="Currency"/>.</summary>
public sealed record Balance
{
    public required Guid Id { get; init; }

    public required Guid CustomerId { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    public required BalanceState State { get; init; }

    public required BalanceHolder Holder { get; init; }

    /// <summary>What the partner calls a balance that it holds itself; null for others.</summary>
    public string? ExternalId { get; init; }

    /// <summary>What is posted, minor units. Of a balance that the partner holds, lists say zero in this and what follows it.</summary>
    public required long Amount { get; init; }

    /// <summary>What open authorisations hold of it, minor units.</summary>
    public required long Held { get; init; }

    /// <summary><see cref="Amount"/> - <see cref="Held"/>: what can be spent, minor units.</summary>
    public required long Available { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The cards on this balance; null where the call does not tell them.</summary>
    public IReadOnlyList<Card>? Cards { get; init; }
}

[JsonConverter(typeof(ByName<BalanceState>))]
public enum BalanceState
{
    /// <summary>A state of a later version of the suite.</summary>
    Unknown,
    Open,
    Blocked,
    Closed,
}

/// <summary>Who keeps the money.</summary>
[JsonConverter(typeof(ByName<BalanceHolder>))]
public enum BalanceHolder
{
    /// <summary>A holder of a later version of the suite.</summary>
    Unknown,
    Platform,
    Partner,
}

internal sealed record NewBalance(string? Currency, string? ExternalId = null);

internal sealed record NewReload(Money Amount, string Reference);

/// <summary>A movement or authorisation on a balance.</summary>
public record Transaction
{
    public required Guid Id { get; init; }

    public required Guid BalanceId { get; init; }

    /// <summary>Null where no card took part.</summary>
    public Guid? CardId { get; init; }

    public required TransactionType Type { get; init; }

    public required TransactionStatus Status { get; init; }

    /// <summary>Negative in an adjustment that took from the balance, and in nothing else.</summary>
    public required Money Amount { get; init; }

    /// <summary>Of an authorisation.</summary>
    public Merchant? Merchant { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset AuthorizedAt { get; init; }

    /// <summary>UTC; null until cleared.</summary>
    public DateTimeOffset? ClearedAt { get; init; }

    /// <summary>Four digits, <c>0000</c> for approved; of an authorisation.</summary>
    public string? ActionCode { get; init; }

    /// <summary>Why it was declined, upper snake case; or adjusted.</summary>
    public string? Reason { get; init; }

    /// <summary>The words given with a reload or an adjustment.</summary>
    public string? Reference { get; init; }

    /// <summary>In the merchant's currency, where it is another.</summary>
    public Money? OriginalAmount { get; init; }
}

[JsonConverter(typeof(ByName<TransactionType>))]
public enum TransactionType
{
    /// <summary>A type of a later version of the suite.</summary>
    Unknown,
    Purchase,
    Cash,

    /// <summary>The card was asked about; no money is meant.</summary>
    Verification,
    Refund,
    Reload,
    Adjustment,
}

[JsonConverter(typeof(ByName<TransactionStatus>))]
public enum TransactionStatus
{
    /// <summary>A status of a later version of the suite.</summary>
    Unknown,
    Authorized,
    Declined,
    Reversed,
    Cleared,
}

/// <summary>Where a card was used.</summary>
/// <param name="Mid">The acquirer's merchant id: 1 to 32 characters.</param>
/// <param name="Name">1 to 100 characters.</param>
/// <param name="Mcc">ISO 18245 merchant category, four digits.</param>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
public sealed record Merchant(string Mid, string Name, string Mcc, string Country);
