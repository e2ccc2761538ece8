using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>A card without its secrets.</summary>
public sealed record Card
{
    public required Guid Id { get; init; }

    public required CardType Type { get; init; }

    public required CardStatus Status { get; init; }

    /// <summary>First six and last four digits: <c>510510******5100</c>.</summary>
    public required string MaskedCardNo { get; init; }

    /// <summary>The last day on which the card works, UTC.</summary>
    public required DateOnly Exp { get; init; }

    public string? CardholderName { get; init; }

    public required Guid BalanceId { get; init; }

    /// <summary>Told to operators alone.</summary>
    public Guid? CustomerId { get; init; }

    /// <summary>Null until activated.</summary>
    public DateOnly? ActivationDate { get; init; }

    /// <summary>Null where the card is not locked.</summary>
    public CardLock? Lock { get; init; }

    public PinState? Pin { get; init; }

    /// <summary>The card that follows on this one, renewed or replaced; null where none does.</summary>
    public Guid? ReplacedBy { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

[JsonConverter(typeof(ByName<CardType>))]
public enum CardType
{
    /// <summary>A type of a later version of the suite.</summary>
    Unknown,
    Virtual,
    Physical,

    /// <summary>Virtual first, printed later without data on the plastic.</summary>
    DigitalFirst,
}

[JsonConverter(typeof(ByName<CardStatus>))]
public enum CardStatus
{
    /// <summary>A status of a later version of the suite.</summary>
    Unknown,

    /// <summary>In production: told to operators alone.</summary>
    Ordered,

    /// <summary>Plastic that waits for its activation.</summary>
    Inactive,
    Active,
    Locked,

    /// <summary>For good; its number is destroyed.</summary>
    Removed,
    Expired,
}

/// <summary>A lock on a card.</summary>
/// <param name="Reason">For people, such as <c>Card lost</c>.</param>
/// <param name="Irreversible">It cannot be lifted or weakened.</param>
/// <param name="Source">Who locked it: <c>User</c>, <c>Partner</c>, <c>Operator</c>; <c>Mastercard</c>, <c>Visa</c> or <c>Acquirer</c> from
/// outside; <c>System</c> for wrong PINs.</param>
/// <param name="LockedAt">UTC.</param>
public sealed record CardLock(LockCode Code, string Reason, bool Irreversible, string Source, DateTimeOffset LockedAt);

/// <param name="TriesLeft">0 to 3; 0 where none is set.</param>
public sealed record PinState(bool Set, int TriesLeft);

/// <summary>Why a card is locked, by the number on the wire.</summary>
public enum LockCode
{
    /// <summary>Irreversible; authorisations answer 2008.</summary>
    Lost = 1,

    /// <summary>Irreversible; authorisations answer 2009.</summary>
    Stolen = 2,

    /// <summary>Authorisations answer 1000.</summary>
    PendingQuery = 3,

    /// <summary>Authorisations answer 1016.</summary>
    Consolidation = 4,

    /// <summary>Irreversible; authorisations answer 1018.</summary>
    Inactive = 5,

    /// <summary>Authorisations answer 1006; unlocking restores the tries.</summary>
    PinTriesExceeded = 6,

    /// <summary>Authorisations answer 1002.</summary>
    SuspectedFraud = 7,

    /// <summary>Irreversible; authorisations answer 1011.</summary>
    Replaced = 8,
}

/// <summary>A card that was just issued, with its secrets: show them to their owner and store neither.</summary>
public sealed record IssuedCard
{
    public required Guid Id { get; init; }

    public required CardType Type { get; init; }

    /// <summary>The PAN, 16 digits.</summary>
    public required string CardNo { get; init; }

    /// <summary>Three digits.</summary>
    public required string Cvv { get; init; }

    /// <summary>The last day on which the card works, UTC.</summary>
    public required DateOnly Exp { get; init; }

    public required Guid BalanceId { get; init; }

    public required CardStatus Status { get; init; }

    /// <summary>The secrets masked.</summary>
    public override string ToString() => $"{Type} card {Id}, {Mask.CardNo(CardNo)}, CVV ***, {Exp:yyyy-MM-dd}, {Status}";
}

/// <summary>The full data of a card: show it to its owner and store it nowhere.</summary>
public sealed record CardSecrets
{
    public required Guid Id { get; init; }

    public required CardType Type { get; init; }

    /// <summary>The PAN, 16 digits.</summary>
    public required string CardNo { get; init; }

    /// <summary>Three digits.</summary>
    public required string Cvv { get; init; }

    /// <summary>The last day on which the card works, UTC.</summary>
    public required DateOnly Exp { get; init; }

    /// <summary>The secrets masked.</summary>
    public override string ToString() => $"{Type} card {Id}, {Mask.CardNo(CardNo)}, CVV ***, {Exp:yyyy-MM-dd}";
}

/// <summary>A card that an operator issued: operators see no card's secrets.</summary>
/// <param name="MaskedCardNo">First six and last four digits.</param>
/// <param name="Exp">The last day on which the card works, UTC.</param>
public sealed record IssuedCardSummary(Guid Id, CardType Type, string MaskedCardNo, DateOnly Exp, Guid BalanceId, CardStatus Status);

internal sealed record NewVirtualCard(Guid BalanceId, string? CardholderName);

internal sealed record NewLock(LockCode Code, Guid? ReplacedBy);

internal static class Mask
{
    private const int ShownFirst = 6;
    private const int ShownLast = 4;
    private const int Digits = 16;

    public static string CardNo(string? digits) => digits is { Length: Digits }
        ? string.Concat(digits.AsSpan(0, ShownFirst), new string('*', Digits - ShownFirst - ShownLast), digits.AsSpan(Digits - ShownLast))
        : "****";
}
