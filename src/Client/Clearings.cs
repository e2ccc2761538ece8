using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>Money that the scheme takes (a clearing) or gives back (a refund).</summary>
public sealed record ClearingRequest
{
    /// <summary>The clearing's own id, 1 to 64 characters: the same again is the same clearing.</summary>
    public required string TransactionId { get; init; }

    /// <summary>What it belongs to; null for money that no authorisation came before.</summary>
    public Guid? AuthorizationId { get; init; }

    public required Guid CardId { get; init; }

    /// <summary>More than zero, in the card's currency, or in one that there is an exchange rate for.</summary>
    public required Money Amount { get; init; }

    /// <summary>What the merchant charged, in its own currency.</summary>
    public Money? OriginalAmount { get; init; }

    public required Merchant Merchant { get; init; }

    /// <summary>Of a clearing: false where more is to come of the authorisation; null for true. Left null for a refund.</summary>
    public bool? Final { get; init; }
}

/// <summary>What was posted.</summary>
/// <param name="TransactionId">The suite's transaction that it belongs to.</param>
/// <param name="Amount">In the balance's currency.</param>
/// <param name="FromPartner">The part that the partner's own balance bore; negative where it gained.</param>
/// <param name="Held">What the authorisation still holds.</param>
public sealed record PostedClearing(Guid Id, Guid TransactionId, TransactionStatus Status, Money Amount, Money FromPartner, Money Held);

/// <summary>A file of clearings and what became of its records.</summary>
/// <param name="Matched">Records that belong to an authorisation and took what it held, or were posted before.</param>
/// <param name="Differing">Records that belong to an authorisation and took another amount.</param>
/// <param name="Unmatched">Records without an authorisation; they were posted all the same.</param>
/// <param name="Refused">Records that were not posted.</param>
/// <param name="Lines">Null in the answer to an upload.</param>
public sealed record ClearingFile(
    Guid Id,
    string Name,
    ClearingFileStatus Status,
    int Records,
    int Matched,
    int Differing,
    int Unmatched,
    int Refused,
    DateTimeOffset UploadedAt,
    DateTimeOffset? FinishedAt,
    IReadOnlyList<ClearingLine>? Lines = null);

/// <param name="Record">Its number in the file, from 1.</param>
/// <param name="Kind"><c>Clearing</c> or <c>Refund</c>.</param>
/// <param name="Outcome"><c>Matched</c>, <c>Differing</c>, <c>Unmatched</c> or <c>Refused</c>; null while it waits.</param>
/// <param name="Rule"><c>TRANSACTION_ID</c>, <c>CARD_MERCHANT_AMOUNT</c> or <c>ALREADY_POSTED</c>; null where no authorisation was found.</param>
/// <param name="Code">Why it was refused.</param>
/// <param name="PostedTo">The suite's transaction.</param>
/// <param name="Difference">What was cleared less what was held, minor units.</param>
public sealed record ClearingLine(
    int Record, string Kind, string TransactionId, Guid CardId, string? Outcome, string? Rule, string? Code, Guid? PostedTo, long? Difference);

[JsonConverter(typeof(ByName<ClearingFileStatus>))]
public enum ClearingFileStatus
{
    /// <summary>A status of a later version of the suite.</summary>
    Unknown,
    Posting,
    Done,
}

internal sealed record NewClearingFile(string Name, string Csv);

/// <summary>What became of an authorisation's hold.</summary>
/// <param name="Amount">What was let go of.</param>
/// <param name="Held">What is held now.</param>
/// <param name="Available">What the balance has left; null where the partner holds it.</param>
public sealed record Reversal(Guid AuthorizationId, TransactionStatus Status, Money Amount, Money Held, Money? Available);

/// <summary>The answer to an increment of an authorisation.</summary>
/// <param name="ApprovalCode">Six digits; null when declined.</param>
/// <param name="Held">What the authorisation holds now.</param>
public sealed record Increment(Decision Decision, string ActionCode, string Reason, Guid AuthorizationId, string? ApprovalCode, Money Held, Money Available);

internal sealed record NewReversal(string TransactionId, Money? Amount);

internal sealed record NewIncrement(string TransactionId, Money Amount);

internal sealed record AuthorisationName(string TransactionId, AuthorisationType Type);

internal sealed record UnansweredReversal(
    string TransactionId, AuthorisationName Authorization, Guid CardId, Money? Amount);
