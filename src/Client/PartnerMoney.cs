using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>A balance of a partner's own. Amounts are minor units of <see cref="Currency"/>.</summary>
public sealed record PartnerBalance
{
    public required Guid Id { get; init; }

    public Guid? PartnerId { get; init; }

    public required PartnerBalanceKind Kind { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    /// <summary>What is posted, minor units.</summary>
    public required long Amount { get; init; }

    /// <summary>What open authorisations hold of it, minor units.</summary>
    public required long Held { get; init; }

    /// <summary><see cref="Amount"/> - <see cref="Held"/>, minor units.</summary>
    public required long Available { get; init; }

    /// <summary>When less is available, the partner is warned; minor units; null for never.</summary>
    public long? LowThreshold { get; init; }

    /// <summary>Who is warned by e-mail too.</summary>
    public IReadOnlyList<string> Notify { get; init; } = [];

    /// <summary>UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

[JsonConverter(typeof(ByName<PartnerBalanceKind>))]
public enum PartnerBalanceKind
{
    /// <summary>A kind of a later version of the suite.</summary>
    Unknown,

    /// <summary>What the partner keeps; differences of clearings go to it and come from it.</summary>
    Partner,

    /// <summary>What its cards may spend in all where the suite holds its users' balances.</summary>
    Credit,

    /// <summary>The same where the partner holds the balances itself.</summary>
    Deposit,
}

/// <summary>A balance of a partner's own, to be opened.</summary>
/// <param name="Kind">One of each kind for each currency.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="LowThreshold">Minor units: when less is available, the partner is warned; null or 0 for never.</param>
/// <param name="Notify">Who is warned by e-mail too; 10 addresses at most.</param>
public sealed record NewPartnerBalance(PartnerBalanceKind Kind, string Currency, long? LowThreshold = null, IReadOnlyList<string>? Notify = null);

/// <summary>What is to change of a partner's own balance; null leaves as it is.</summary>
/// <param name="LowThreshold">Minor units; 0 for never.</param>
/// <param name="Notify">10 addresses at most; an empty list for nobody.</param>
public sealed record PartnerBalanceChange(long? LowThreshold = null, IReadOnlyList<string>? Notify = null);

/// <summary>Money that moved on a balance of a partner's own.</summary>
/// <param name="TransactionId">Whose part it is.</param>
/// <param name="Type">What moved it.</param>
/// <param name="Amount">Negative where the balance gave it.</param>
/// <param name="PostedAt">UTC.</param>
/// <param name="OperationId">The clearing or other step of the transaction; null for the transaction itself.</param>
/// <param name="CustomerId">The user whose transaction it was.</param>
/// <param name="Reason">Of an adjustment.</param>
/// <param name="Reference">The words given with a reload or an adjustment.</param>
public sealed record PartnerMovement(
    Guid TransactionId,
    TransactionType Type,
    Money Amount,
    DateTimeOffset PostedAt,
    Guid? OperationId = null,
    Guid? CustomerId = null,
    string? Reason = null,
    string? Reference = null);

/// <summary>What there is in one currency, of all partners.</summary>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Users">The sum of all users' balances, minor units.</param>
/// <param name="Wallet">The same with the partners' own balances.</param>
public sealed record BalanceSummary(string Currency, long Users, long Wallet);

/// <summary>Why an operator moves money.</summary>
[JsonConverter(typeof(ByName<AdjustmentReason>))]
public enum AdjustmentReason
{
    /// <summary>A reason of a later version of the suite.</summary>
    Unknown,

    /// <summary>Something was booked wrongly.</summary>
    Correction,

    /// <summary>Taken from the balance; goes to the fees, not to the partner.</summary>
    Fee,

    /// <summary>Given to the user.</summary>
    Goodwill,

    /// <summary>Given to the user: the dispute was won.</summary>
    ChargebackWon,

    /// <summary>Taken back: the dispute was lost.</summary>
    ChargebackLost,
}

internal sealed record NewAdjustment(Money Amount, AdjustmentReason Reason, string Note);

/// <summary>What became of an adjustment that was asked for.</summary>
/// <param name="Id">The transaction, where it was made at once; null where it waits for another operator.</param>
/// <param name="AdjustmentId">What that operator approves; null where it was made at once.</param>
public sealed record AdjustmentOutcome(Guid? Id = null, Guid? AdjustmentId = null)
{
    /// <summary>Whether it waits for another operator.</summary>
    [JsonIgnore]
    public bool Waits => AdjustmentId is not null;
}

/// <summary>An adjustment that needs a second operator's consent.</summary>
/// <param name="Amount">Negative where it takes from the balance.</param>
/// <param name="ProposedBy">The operator.</param>
/// <param name="ProposedAt">UTC.</param>
/// <param name="DecidedBy">Another operator; the same one may only reject.</param>
/// <param name="DecidedAt">UTC.</param>
/// <param name="TransactionId">Of an approved one.</param>
public sealed record Adjustment(
    Guid Id,
    Guid BalanceId,
    Guid CustomerId,
    Money Amount,
    AdjustmentReason Reason,
    string Note,
    AdjustmentStatus Status,
    Guid ProposedBy,
    DateTimeOffset ProposedAt,
    Guid? DecidedBy = null,
    DateTimeOffset? DecidedAt = null,
    Guid? TransactionId = null);

[JsonConverter(typeof(ByName<AdjustmentStatus>))]
public enum AdjustmentStatus
{
    /// <summary>A status of a later version of the suite.</summary>
    Unknown,
    Proposed,
    Approved,
    Rejected,
}

/// <summary>What one currency is worth in another, to be said.</summary>
/// <param name="Base">ISO 4217.</param>
/// <param name="Quote">ISO 4217, another.</param>
/// <param name="Rate">What one major unit of the base is worth, in major units of the quote; at most 10 fraction digits.</param>
/// <param name="Source">Who says so, 1 to 64 characters.</param>
/// <param name="ValidFrom">Not more than 5 minutes ago; null for now.</param>
public sealed record NewExchangeRate(string Base, string Quote, decimal Rate, string Source, DateTimeOffset? ValidFrom = null);

/// <summary>What one currency is worth in another.</summary>
/// <param name="Rate">What one major unit of the base is worth, in major units of the quote.</param>
/// <param name="ValidFrom">UTC; it holds until another of the pair begins.</param>
public sealed record ExchangeRate(
    Guid Id,
    string Base,
    string Quote,
    [property: JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)] decimal Rate,
    string Source,
    DateTimeOffset ValidFrom);
