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
