using System.ComponentModel.DataAnnotations;
using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Adjustments;

internal sealed record AdjustmentSettings
{
    /// <summary>An adjustment of more than this, minor units, needs a second operator's consent.</summary>
    [Range(0, Money.MaxMinorUnits)]
    public long FourEyesAbove { get; init; } = 100_000;
}

/// <summary>Why an operator moves money.</summary>
internal enum AdjustmentReason
{
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

internal enum AdjustmentStatus
{
    Proposed,
    Approved,
    Rejected,
}

/// <summary>An adjustment that needs a second operator's consent.</summary>
internal sealed record Adjustment
{
    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid UserId { get; init; }
    public required Guid AccountId { get; init; }
    public required long Amount { get; init; }
    public required string Currency { get; init; }
    public required AdjustmentReason Reason { get; init; }
    public required string Note { get; init; }
    public required AdjustmentStatus Status { get; init; }
    public required Guid ProposedBy { get; init; }
    public required DateTimeOffset ProposedAt { get; init; }
    public Guid? DecidedBy { get; init; }
    public DateTimeOffset? DecidedAt { get; init; }
    public Guid? TransactionId { get; init; }

    /// <summary>Where the money comes from and goes to.</summary>
    public static AccountKind CounterpartOf(AdjustmentReason reason) => reason == AdjustmentReason.Fee ? AccountKind.Fees : AccountKind.Partner;

    /// <summary>What is wrong with an amount for this reason; null for nothing.</summary>
    public static string? FaultOf(long amount, AdjustmentReason reason) => reason switch
    {
        _ when amount == 0 => "must not be zero",
        AdjustmentReason.Fee or AdjustmentReason.ChargebackLost when amount > 0 => $"must be less than zero for {reason}",
        AdjustmentReason.Goodwill or AdjustmentReason.ChargebackWon when amount < 0 => $"must be more than zero for {reason}",
        _ => null,
    };

    /// <summary>Why the balance cannot be adjusted so; null where it can. It is locked, and so is the counterpart.</summary>
    public static ProblemHttpResult? ObjectionTo(Account balance, Account counterpart, Money amount) => balance switch
    {
        { State: AccountState.Closed } => BalanceProblems.Closed(),
        { Holder: BalanceHolder.Partner } => BalanceProblems.HeldByPartner(),
        _ when balance.Currency != amount.Currency => BalanceProblems.CurrencyMismatch(balance, amount),
        _ when amount.Amount < 0 && balance.Available + amount.Amount < 0 => AdjustmentProblems.InsufficientFunds(balance),
        _ when !balance.MayPost(amount.Amount) || !counterpart.MayPost(-amount.Amount) => BalanceProblems.LimitExceeded(),
        _ => null,
    };
}

/// <summary>An adjustment that needs a second operator's consent, on the wire.</summary>
/// <param name="Amount">Negative where it takes from the balance.</param>
/// <param name="ProposedBy">The operator.</param>
/// <param name="DecidedBy">Another operator; the same one may only reject.</param>
/// <param name="TransactionId">Of an approved one.</param>
internal sealed record AdjustmentView(
    Guid Id,
    Guid BalanceId,
    Guid CustomerId,
    Money Amount,
    AdjustmentReason Reason,
    string Note,
    AdjustmentStatus Status,
    Guid ProposedBy,
    DateTimeOffset ProposedAt,
    Guid? DecidedBy,
    DateTimeOffset? DecidedAt,
    Guid? TransactionId)
{
    public static AdjustmentView Of(Adjustment adjustment) => new(
        adjustment.Id,
        adjustment.AccountId,
        adjustment.UserId,
        Money.Of(adjustment.Amount, adjustment.Currency),
        adjustment.Reason,
        adjustment.Note,
        adjustment.Status,
        adjustment.ProposedBy,
        adjustment.ProposedAt,
        adjustment.DecidedBy,
        adjustment.DecidedAt,
        adjustment.TransactionId);
}
