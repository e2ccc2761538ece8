using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>A processor's question whether a card may pay. Name the card by its id, or by number and expiry.</summary>
public sealed record AuthorisationRequest
{
    /// <summary>The processor's own id, 1 to 64 characters. With <see cref="Type"/> it makes the call idempotent by nature.</summary>
    public required string TransactionId { get; init; }

    public required AuthorisationType Type { get; init; }

    public Guid? CardId { get; init; }

    /// <summary>The PAN, 16 digits; with <see cref="Exp"/>.</summary>
    public string? CardNo { get; init; }

    /// <summary>Any day of the card's last month; with <see cref="CardNo"/>.</summary>
    public DateOnly? Exp { get; init; }

    /// <summary>Three digits; with <see cref="CardNo"/>.</summary>
    public string? Cvv { get; init; }

    /// <summary>Where the cardholder entered a PIN; null where not.</summary>
    public PinBlock? PinBlock { get; init; }

    /// <summary>In the card's currency; 0 for a <see cref="AuthorisationType.Verification"/> and more for anything else.</summary>
    public required Money Amount { get; init; }

    /// <summary>What the merchant charged, in its own currency.</summary>
    public Money? OriginalAmount { get; init; }

    public required Merchant Merchant { get; init; }

    public required EntryChannel Channel { get; init; }

    /// <summary>When the terminal sent it.</summary>
    public required DateTimeOffset TransmittedAt { get; init; }

    /// <summary>True where less than <see cref="Amount"/> is of use to the merchant: then what is there is approved.</summary>
    public bool? PartialApproval { get; init; }

    /// <summary>The secrets masked.</summary>
    public override string ToString() =>
        $"{Type} {TransactionId}, {CardId?.ToString() ?? Mask.CardNo(CardNo)}, {Amount.Amount} {Amount.Currency} at {Merchant.Name} ({Channel})";
}

/// <summary>A lock from outside. Name the card by its id or by its number.</summary>
public sealed record NewOutsideLock
{
    public Guid? CardId { get; init; }

    /// <summary>The PAN, 16 digits.</summary>
    public string? CardNo { get; init; }

    public required LockCode Code { get; init; }

    public required OutsideSource Source { get; init; }

    /// <summary>The number masked.</summary>
    public override string ToString() => $"lock {Code} by {Source}, {CardId?.ToString() ?? Mask.CardNo(CardNo)}";
}

/// <summary>Who locks a card from outside.</summary>
[JsonConverter(typeof(ByName<OutsideSource>))]
public enum OutsideSource
{
    Mastercard = 1,
    Visa = 2,
    Acquirer = 3,
}

/// <summary>A card that is locked from outside, as far as its processor is told.</summary>
public sealed record OutsideLock(Guid CardId, CardStatus Status, CardLock Lock);

[JsonConverter(typeof(ByName<AuthorisationType>))]
public enum AuthorisationType
{
    Purchase = 1,
    Cash = 2,

    /// <summary>Asks about the card; no money.</summary>
    Verification = 3,
}

/// <summary>How the card was read.</summary>
[JsonConverter(typeof(ByName<EntryChannel>))]
public enum EntryChannel
{
    Pos = 1,
    Contactless = 2,
    Atm = 3,
    Ecommerce = 4,
}

/// <summary>The answer to an authorisation.</summary>
/// <param name="ActionCode">Four digits; <c>0000</c> is approved.</param>
/// <param name="Reason">Tells apart what shares an action code: <c>CARD_LOST</c>, <c>INSUFFICIENT_FUNDS</c> ...</param>
/// <param name="AuthorizationId">Null where no balance was touched.</param>
/// <param name="ApprovalCode">Six digits; null when declined.</param>
/// <param name="Available">What the balance has left; null where no balance was touched.</param>
/// <param name="ApprovedAmount">In the balance's currency: less than asked for in a partial approval; null when declined.</param>
public sealed record Authorisation(
    Decision Decision,
    string ActionCode,
    string Reason,
    Guid? AuthorizationId = null,
    string? ApprovalCode = null,
    Money? Available = null,
    Money? ApprovedAmount = null);

[JsonConverter(typeof(ByName<Decision>))]
public enum Decision
{
    /// <summary>A decision of a later version of the suite; treat it as declined.</summary>
    Unknown,
    Approved,
    Declined,
}
