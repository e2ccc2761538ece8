using System.Globalization;
using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>A page of a balance's statement for a month: posted money, the oldest first. Amounts are minor units of <see cref="Currency"/>.</summary>
public sealed record Statement
{
    public required Guid BalanceId { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    /// <summary>Such as <c>2026-11</c>.</summary>
    public required string Month { get; init; }

    /// <summary>IANA name of the zone whose month it is.</summary>
    public required string TimeZone { get; init; }

    /// <summary>What was posted before the month; the same on every page.</summary>
    public required long OpeningBalance { get; init; }

    /// <summary>What is posted at the end of the month, or by now; the same on every page.</summary>
    public required long ClosingBalance { get; init; }

    public required IReadOnlyList<StatementLine> Lines { get; init; }

    /// <summary>What to ask on with as <c>after</c>; null on the last page.</summary>
    public string? Next { get; init; }

    internal static string QueryOf(DateOnly month, string? timeZone, int limit, string? after) => Query.Of(
        ("month", month.ToString("yyyy-MM", CultureInfo.InvariantCulture)), ("timeZone", timeZone), ("limit", limit), ("after", after));
}

/// <summary>A movement of posted money.</summary>
public sealed record StatementLine
{
    public required Guid TransactionId { get; init; }

    /// <summary>The step of the transaction's history that moved it; null where the transaction itself did.</summary>
    public Guid? OperationId { get; init; }

    public required TransactionType Type { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset PostedAt { get; init; }

    /// <summary>Positive: the balance got it. Minor units.</summary>
    public required long Amount { get; init; }

    /// <summary>What was posted after it, minor units.</summary>
    public required long BalanceAfter { get; init; }

    /// <summary>Of what a card paid or got back.</summary>
    public Merchant? Merchant { get; init; }

    /// <summary>The partner's own words, of a reload.</summary>
    public string? Reference { get; init; }
}

/// <summary>A transaction with all that became of it.</summary>
public sealed record TransactionHistory : Transaction
{
    /// <summary>What was approved at first.</summary>
    public required Money AuthorizedAmount { get; init; }

    /// <summary>What it holds now.</summary>
    public required Money Held { get; init; }

    public required Money ClearedAmount { get; init; }

    public required Money RefundedAmount { get; init; }

    /// <summary>When the hold falls away by itself, UTC; null where nothing was held.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What the amount was converted with; null where it was in the balance's currency.</summary>
    public UsedRate? ExchangeRate { get; init; }

    /// <summary>What became of it, the oldest first: the last 200 steps.</summary>
    public required IReadOnlyList<HistoryStep> History { get; init; }

    /// <summary>Whose it is; told to operators alone.</summary>
    public Guid? CustomerId { get; init; }

    /// <summary>The money it moved, account by account; told to operators alone.</summary>
    public IReadOnlyList<MovedMoney>? Entries { get; init; }
}

/// <summary>Something that became of a transaction.</summary>
public sealed record HistoryStep
{
    public required Guid OperationId { get; init; }

    public required HistoryStepKind Kind { get; init; }

    public required Money Amount { get; init; }

    /// <summary>What it changed of the hold: negative where it let go.</summary>
    public required Money Held { get; init; }

    /// <summary>Of what the suite did by itself; upper snake case.</summary>
    public string? Reason { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset At { get; init; }
}

[JsonConverter(typeof(ByName<HistoryStepKind>))]
public enum HistoryStepKind
{
    /// <summary>A kind of a later version of the suite.</summary>
    Unknown,
    Increment,
    Reversal,
    Clearing,
    Refund,
    Expiry,
}

/// <summary>An exchange rate that was used.</summary>
/// <param name="Rate">How many major units of <paramref name="Quote"/> one major unit of <paramref name="Base"/> is worth.</param>
/// <param name="Base">ISO 4217.</param>
/// <param name="Quote">ISO 4217.</param>
/// <param name="Source">Who says so.</param>
/// <param name="ValidFrom">Since when, UTC.</param>
public sealed record UsedRate(decimal Rate, string Base, string Quote, string Source, DateTimeOffset ValidFrom);

/// <summary>Money that a transaction moved on one account.</summary>
/// <param name="AccountKind"><c>User</c>, <c>Partner</c>, <c>Credit</c>, <c>Deposit</c>, <c>Funding</c>, <c>Settlement</c> or <c>Fees</c>.</param>
/// <param name="Amount">Positive: the account got it.</param>
/// <param name="OperationId">The step of the history that moved it; null where the transaction itself did.</param>
public sealed record MovedMoney(string AccountKind, Money Amount, Guid? OperationId = null);

/// <summary>Why an authorisation was declined.</summary>
public sealed record DeclineExplanation
{
    /// <summary>Four digits.</summary>
    public required string ActionCode { get; init; }

    /// <summary>Upper snake case.</summary>
    public required string Reason { get; init; }

    /// <summary>Which of several rules said no; null where there is one alone.</summary>
    public string? Rule { get; init; }

    /// <summary>All that it was decided from. Null, like what follows, where nobody decided: it was reversed before it came.</summary>
    public DecisionInputs? Inputs { get; init; }

    /// <summary>What comes of the same inputs now.</summary>
    public RepeatedDecision? Replayed { get; init; }

    /// <summary>Whether that is what was answered.</summary>
    public bool? Agrees { get; init; }
}

/// <summary>What comes of the kept inputs of a decision now.</summary>
public sealed record RepeatedDecision(string ActionCode, string Reason, string? Rule = null);

/// <summary>All that an authorisation was decided from. Amounts are minor units of the balance's currency.</summary>
public sealed record DecisionInputs
{
    /// <summary>What the card said already.</summary>
    public CardObjection? Card { get; init; }

    public required BalanceState State { get; init; }

    /// <summary>Null where there was no exchange rate for what was asked.</summary>
    public long? Amount { get; init; }

    public required long Available { get; init; }

    /// <summary>What the partner's own account behind the balance had left; null where there is none.</summary>
    public long? BackingAvailable { get; init; }

    /// <summary>Whether less than the amount would have been of use.</summary>
    public required bool Partial { get; init; }

    public required IReadOnlyList<CountedLimit> Limits { get; init; }
}

/// <summary>Why a card said no before any money was looked at.</summary>
/// <param name="ActionCode">Four digits.</param>
/// <param name="Reason">Upper snake case.</param>
/// <param name="Rule">Which rule said so, where more than one could.</param>
/// <param name="Inputs">What the rule looked at.</param>
public sealed record CardObjection(string ActionCode, string Reason, string? Rule = null, IReadOnlyDictionary<string, string>? Inputs = null);

/// <summary>A limit of spending with what was spent.</summary>
/// <param name="Rule">Its name, such as <c>card.amount.day</c>.</param>
/// <param name="Amount">The most in all, minor units; null where uses are counted.</param>
/// <param name="Uses">The most authorisations in all; null where amounts are summed up.</param>
/// <param name="Spent">So far, minor units.</param>
/// <param name="Used">Authorisations so far.</param>
public sealed record CountedLimit(string Rule, long? Amount, int? Uses, long Spent, int Used);
