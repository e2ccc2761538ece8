using System.Text.Json.Serialization;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.Ledger;

/// <summary>A transaction beside one of its operations, the exchange rate it was counted with, and what it holds.</summary>
internal sealed record TransactionMoment : Transaction
{
    public DateTimeOffset? ExpiresAt { get; init; }
    public string? RateBase { get; init; }
    public string? RateQuote { get; init; }
    public decimal? Rate { get; init; }
    public string? RateSource { get; init; }
    public DateTimeOffset? RateValidFrom { get; init; }

    /// <summary>Null, like what follows it, where nothing became of the transaction yet.</summary>
    public Guid? OperationId { get; init; }
    public OperationKind? OperationKind { get; init; }
    public long? OperationAmount { get; init; }
    public long? OperationHeld { get; init; }
    public string? OperationReason { get; init; }
    public DateTimeOffset? HappenedAt { get; init; }
}

/// <summary>Money that a transaction moved on one account.</summary>
internal sealed record TransactionEntry
{
    public required AccountKind AccountKind { get; init; }
    public required long Amount { get; init; }
    public required string Currency { get; init; }
    public Guid? OperationId { get; init; }
}

/// <summary>A transaction with all that became of it.</summary>
/// <param name="Amount">What it comes to: what is held and what was cleared; of what came to nothing, what was asked for.</param>
/// <param name="AuthorizedAmount">What was approved at first, in the balance's currency.</param>
/// <param name="Held">What it holds now: what was authorised, and what each step of its history changed of it.</param>
/// <param name="ExpiresAt">When the hold falls away by itself.</param>
/// <param name="ExchangeRate">What the authorised amount was converted with; null where it was in the balance's currency.</param>
/// <param name="History">What became of it, the oldest first: the last 200 steps.</param>
internal sealed record TransactionHistory(
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
    Money? OriginalAmount,
    Money AuthorizedAmount,
    Money Held,
    Money ClearedAmount,
    Money RefundedAmount,
    DateTimeOffset? ExpiresAt,
    UsedRate? ExchangeRate,
    IReadOnlyList<HistoryStep> History)
{
    /// <summary>Told to operators alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? CustomerId { get; init; }

    /// <summary>The money it moved, account by account, in the order of the journal. Told to operators alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<MovedMoney>? Entries { get; init; }

    /// <param name="moments">Of one transaction; one at least.</param>
    public static TransactionHistory Of(IReadOnlyList<TransactionMoment> moments)
    {
        var transaction = moments[0];
        var shown = TransactionView.Of(transaction);
        return new(
            shown.Id,
            shown.BalanceId,
            shown.CardId,
            shown.Type,
            shown.Status,
            shown.Amount,
            shown.Merchant,
            shown.AuthorizedAt,
            shown.ClearedAt,
            shown.ActionCode,
            shown.Reason,
            shown.Reference,
            shown.OriginalAmount,
            Money.Of(transaction.AuthorizedAmount, transaction.Currency),
            Money.Of(transaction.Held, transaction.Currency),
            Money.Of(transaction.ClearedAmount, transaction.Currency),
            Money.Of(transaction.RefundedAmount, transaction.Currency),
            transaction.ExpiresAt,
            transaction.Rate is { } rate ? new UsedRate(rate, transaction.RateBase!, transaction.RateQuote!, transaction.RateSource!, transaction.RateValidFrom!.Value) : null,
            [.. moments.Where(moment => moment.OperationId is not null).Select(HistoryStep.Of)]);
    }

    /// <summary>As an operator sees it.</summary>
    public TransactionHistory ForOperators(Guid customerId, IEnumerable<TransactionEntry> entries) => this with
    {
        CustomerId = customerId,
        Entries = [.. entries.Select(entry => new MovedMoney(entry.AccountKind, Money.Of(entry.Amount, entry.Currency), entry.OperationId))],
    };
}

/// <param name="Rate">How many major units of <paramref name="Quote"/> one major unit of <paramref name="Base"/> is worth.</param>
/// <param name="ValidFrom">Since when.</param>
internal sealed record UsedRate(decimal Rate, string Base, string Quote, string Source, DateTimeOffset ValidFrom);

/// <summary>Something that became of a transaction.</summary>
/// <param name="Held">What it changed of the hold.</param>
/// <param name="Reason">Of what we did by ourselves.</param>
internal sealed record HistoryStep(Guid OperationId, OperationKind Kind, Money Amount, Money Held, string? Reason, DateTimeOffset At)
{
    public static HistoryStep Of(TransactionMoment moment) => new(
        moment.OperationId!.Value,
        moment.OperationKind!.Value,
        Money.Of(moment.OperationAmount!.Value, moment.Currency),
        Money.Of(moment.OperationHeld!.Value, moment.Currency),
        moment.OperationReason,
        moment.HappenedAt!.Value);
}

/// <param name="Amount">Positive: the account got it.</param>
/// <param name="OperationId">The step of the history that moved it; null where the transaction itself did.</param>
internal sealed record MovedMoney(AccountKind AccountKind, Money Amount, Guid? OperationId);
