using Antaca.CardService.Locks;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;

namespace Antaca.CardService;

internal enum CardType
{
    Virtual,
    Physical,
    DigitalFirst,
}

internal enum CardStatus
{
    /// <summary>Waiting for its number: of no existence to anyone outside this service.</summary>
    Issuing,

    /// <summary>Plastic in production: not shown to its user.</summary>
    Ordered,
    Inactive,
    Active,
    Locked,
    Removed,
    Expired,
}

/// <summary>A card as this service may know it: with its number masked. Bound to one user and one balance for ever.</summary>
internal record Card
{
    /// <summary>How many wrong PINs stop a card: the last one does.</summary>
    public const short PinTries = 3;

    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid UserId { get; init; }
    public required Guid ProgramId { get; init; }
    public required Guid BalanceId { get; init; }
    public required CardType Type { get; init; }
    public required CardStatus Status { get; init; }

    /// <summary>First six and last four digits; null while the card is <see cref="CardStatus.Issuing"/>.</summary>
    public string? MaskedCardNo { get; init; }

    /// <summary>The last day, in UTC, on which the card works.</summary>
    public required DateOnly Exp { get; init; }
    public string? CardholderName { get; init; }
    public short? LockCode { get; init; }
    public LockSource? LockSource { get; init; }
    public DateTimeOffset? LockedAt { get; init; }
    public DateTimeOffset? ActivatedAt { get; init; }

    /// <summary>Null while no PIN is set.</summary>
    public short? PinTriesLeft { get; init; }

    /// <summary>The card that follows on this one.</summary>
    public Guid? ReplacedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    public CardLock? Lock => LockCode is { } code ? new CardLock(LockReason.From(code), LockSource!.Value, LockedAt!.Value) : null;

    /// <summary>A new virtual card, without a number yet.</summary>
    public static Card NewVirtual(UserFacts user, Guid balanceId, string? cardholderName, DateTimeOffset now) =>
        New(CardType.Virtual, user, balanceId, cardholderName, now);

    /// <summary>A new card of plastic, without a number yet.</summary>
    public static Card NewPhysical(UserFacts user, Guid balanceId, string embossName, DateTimeOffset now) =>
        New(CardType.Physical, user, balanceId, embossName, now);

    private static Card New(CardType type, UserFacts user, Guid balanceId, string? cardholderName, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        PartnerId = user.PartnerId,
        UserId = user.Id,
        ProgramId = user.Programme.Id,
        BalanceId = balanceId,
        Type = type,
        Status = CardStatus.Issuing,
        Exp = ExpOf(user.Programme, now),
        CardholderName = cardholderName,
        CreatedAt = now,
    };

    /// <summary>The last day of a card of this programme that is made now.</summary>
    public static DateOnly ExpOf(ProgrammeFacts programme, DateTimeOffset now) => LastDayOfMonth(Day(now).AddMonths(programme.CardValidityMonths));

    /// <summary>Whether the card's last day is past.</summary>
    public bool IsOver(DateTimeOffset now) => Day(now) > Exp;

    public static DateOnly LastDayOfMonth(DateOnly day) => new(day.Year, day.Month, DateTime.DaysInMonth(day.Year, day.Month));

    /// <summary>Whether the card is a user's, and neither removed nor expired.</summary>
    public bool IsAlive => Status is CardStatus.Inactive or CardStatus.Active or CardStatus.Locked;

    /// <summary>Whether the card has a CVV that is printed nowhere.</summary>
    public bool MayResetCvv => Type != CardType.Physical;

    /// <summary>Whether the card is ever put into a terminal.</summary>
    public bool MayHavePin => Type != CardType.Virtual;

    /// <summary>Whether the card can be stopped at all: it is in use, or stopped already.</summary>
    public bool MayBeLocked => Status is CardStatus.Active or CardStatus.Locked;

    /// <summary>An irreversible lock is never replaced; a reversible one gives way to any other.</summary>
    public bool MayTakeLock => Lock is not { Reason.Irreversible: true };

    /// <summary>Whether there is any use of the card to be ruled on, or will be.</summary>
    public bool MayBeControlled => Status is not (CardStatus.Removed or CardStatus.Expired);

    /// <summary>Whether plastic can be made for a card that has none: it is virtual and in use.</summary>
    public bool MayBePrinted(DateTimeOffset now) => Type == CardType.Virtual && WhyDeclined(now) is null;

    public Card With(LockReason reason, LockSource source, DateTimeOffset now) => this with
    {
        Status = CardStatus.Locked,
        LockCode = reason.Code,
        LockSource = source,
        LockedAt = now,
    };

    /// <summary>A lock for wrong PINs takes the reason for it away: the tries are given back.</summary>
    public Card Unlocked() => this with
    {
        Status = CardStatus.Active,
        LockCode = null,
        LockSource = null,
        LockedAt = null,
        PinTriesLeft = PinTriesLeft is null || LockCode != LockReason.PinTriesExceeded ? PinTriesLeft : PinTries,
    };

    /// <summary>Why this card says no to any transaction now, or null. A lock speaks before everything else about a card that exists.</summary>
    public DeclineReason? WhyDeclined(DateTimeOffset now) => this switch
    {
        { Status: CardStatus.Removed } => new DeclineReason(ActionCodes.NoSuchNumber, "CARD_REMOVED"),
        { Lock.Reason: var reason } => new DeclineReason(reason.ActionCode, reason.Decline),
        { Status: CardStatus.Expired } => new DeclineReason(ActionCodes.Expired, "CARD_EXPIRED"),
        _ when IsOver(now) => new DeclineReason(ActionCodes.Expired, "CARD_EXPIRED"),
        { Status: not CardStatus.Active } => new DeclineReason(ActionCodes.NotActivatedOrUnknown, "CARD_NOT_ACTIVATED"),
        _ => null,
    };

    private static DateOnly Day(DateTimeOffset time) => DateOnly.FromDateTime(time.UtcDateTime);
}

/// <summary>What the processor tells the terminal.</summary>
internal static class ActionCodes
{
    public const string Expired = "1001";
    public const string NoSuchNumber = "1011";
    public const string NotActivatedOrUnknown = "1018";
    public const string WrongCvv = "1022";
    public const string WrongPin = "1017";
    public const string PinTriesExceeded = "1006";
    public const string Other = "1000";
}
