using System.Text.Json;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.RemoteBalances;

internal enum RemoteMessageKind
{
    /// <summary>What was approved in the host's place.</summary>
    Advice,
    Reversal,
    Clearing,
    Refund,
}

/// <summary>Something that a partner's host must be told of one of its balances.</summary>
internal sealed record RemoteMessage
{
    /// <summary>Its X-Idempotency-Key.</summary>
    public required Guid Id { get; init; }

    public required Guid PartnerId { get; init; }
    public required Guid ProgrammeId { get; init; }
    public required Guid AccountId { get; init; }

    /// <summary>What the host knows the transaction by.</summary>
    public required Guid Reference { get; init; }

    public Guid? TransactionId { get; init; }
    public required RemoteMessageKind Kind { get; init; }
    public required string Body { get; init; }
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>How often it was told in vain.</summary>
    public int Failures { get; init; }

    /// <summary>
    /// What the host must be told of a decision that it does not know of: what was approved in its place; or that what it may hold for
    /// it, having said yes or nothing in time, is not wanted, in full or in part. Null where the two agree.
    /// </summary>
    public static RemoteMessage? After(DecideAuthorisation asked, RemoteWord word, Authorisation answer, DateTimeOffset now)
    {
        if (word is { StandIn: true } && answer.Approved)
        {
            var advice = PartnerAuthorization.Of(asked, word.Reference, word.Balance, answer.Amount) with { Advice = true, Partial = false, AuthorizationId = answer.Id };
            return Of(word.Balance, word.Reference, answer.Id, RemoteMessageKind.Advice, RemoteReference.Message(word.Reference, nameof(RemoteMessageKind.Advice)), now) with
            {
                Body = JsonSerializer.Serialize(advice, PartnerJson.Default.PartnerAuthorization),
            };
        }
        if (!word.MayBeHeld || (answer.Approved && answer.Amount >= word.Amount))
        {
            return null;
        }
        return Undo(word.Balance, word.Reference, answer.Id, asked.CardId, answer.Approved ? word.Amount - answer.Amount : null, answer.Approved ? answer.Amount : null, answer.Reason, now);
    }

    /// <summary>Lets go of what the host may hold of a transaction that we say no to; once for each.</summary>
    /// <param name="amount">Null for all of it.</param>
    public static RemoteMessage Undo(RemoteBalance balance, Guid reference, Guid? transactionId, Guid? cardId, long? amount, long? held, string reason, DateTimeOffset now) =>
        Notice(balance, RemoteMessageKind.Reversal, RemoteReference.Message(reference, nameof(Undo)), transactionId, new PartnerNotice(reference, transactionId, balance.ExternalId, cardId, now)
        {
            Amount = amount is { } some ? Money.Of(some, balance.Currency) : null,
            Held = held is { } left ? Money.Of(left, balance.Currency) : null,
            Reason = reason,
        });

    /// <summary>The hold of an authorisation was let go of, in full or in part.</summary>
    public static RemoteMessage Reversal(RemoteBalance balance, Guid reference, Guid transactionId, Guid? cardId, Operation operation, long held, DateTimeOffset now) =>
        Notice(balance, RemoteMessageKind.Reversal, operation.Id, transactionId, new PartnerNotice(reference, transactionId, balance.ExternalId, cardId, now)
        {
            Amount = Money.Of(operation.Amount, balance.Currency),
            Held = Money.Of(held, balance.Currency),
            Reason = operation.Reason,
        });

    public static RemoteMessage Notice(RemoteBalance balance, RemoteMessageKind kind, Guid id, Guid? transactionId, PartnerNotice notice) =>
        Of(balance, notice.TransactionId, transactionId, kind, id, notice.OccurredAt) with { Body = JsonSerializer.Serialize(notice, PartnerJson.Default.PartnerNotice) };

    private static RemoteMessage Of(RemoteBalance balance, Guid reference, Guid? transactionId, RemoteMessageKind kind, Guid id, DateTimeOffset now) => new()
    {
        Id = id,
        PartnerId = balance.PartnerId,
        ProgrammeId = balance.ProgrammeId,
        AccountId = balance.Id,
        Reference = reference,
        TransactionId = transactionId,
        Kind = kind,
        Body = "",
        OccurredAt = now,
    };
}

/// <summary>A balance that its partner holds.</summary>
internal sealed record RemoteBalance
{
    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid ProgrammeId { get; init; }
    public required string Currency { get; init; }

    /// <summary>What the partner calls it.</summary>
    public required string ExternalId { get; init; }

    public static RemoteBalance Of(Account balance) => new()
    {
        Id = balance.Id,
        PartnerId = balance.PartnerId,
        ProgrammeId = balance.ProgrammeId!.Value,
        Currency = balance.Currency,
        ExternalId = balance.ExternalId!,
    };
}

/// <summary>What the partner's host said of an authorisation, or the rule that stands in for it: a decline, or how much may be approved.</summary>
/// <param name="Amount">The most that may be approved, minor units of the balance's currency.</param>
/// <param name="Left">What the balance has left besides, as far as we know.</param>
internal sealed record RemoteWord(RemoteBalance Balance, Guid Reference, DeclineReason? Decline, long Amount, long Left)
{
    /// <summary>Whether the host holds money for it, or may: then it is told where we say no.</summary>
    public bool MayBeHeld { get; init; }

    /// <summary>Whether the rule spoke in the host's place.</summary>
    public bool StandIn { get; init; }

    /// <summary>What the amount was converted by.</summary>
    public Rates.ExchangeRate? Rate { get; init; }
}
