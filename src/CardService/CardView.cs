using System.Text.Json.Serialization;
using Antaca.CardService.Locks;
using Antaca.ServiceDefaults;

namespace Antaca.CardService;

/// <summary>A card as everyone may see it who may see the card: no secret in it.</summary>
internal sealed record CardView(
    Guid Id,
    CardType Type,
    CardStatus Status,
    string MaskedCardNo,
    DateOnly Exp,
    string? CardholderName,
    Guid BalanceId,
    DateOnly? ActivationDate,
    LockView? Lock,
    PinView Pin,
    Guid? ReplacedBy,
    DateTimeOffset CreatedAt)
{
    /// <summary>Told to operators alone: everybody else sees the cards of one user.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? CustomerId { get; init; }

    public static CardView Of(Card card, Caller caller) => caller.IsOperator ? Of(card) with { CustomerId = card.UserId } : Of(card);

    public static CardView Of(Card card) => new(
        card.Id,
        card.Type,
        card.Status,
        card.MaskedCardNo!,
        card.Exp,
        card.CardholderName,
        card.BalanceId,
        card.ActivatedAt is { } activated ? DateOnly.FromDateTime(activated.UtcDateTime) : null,
        card.Lock is { } stopped ? LockView.Of(stopped) : null,
        new PinView(card.PinTriesLeft is not null, card.PinTriesLeft ?? 0),
        card.ReplacedBy,
        card.CreatedAt);
}

internal sealed record LockView(short Code, string Reason, bool Irreversible, LockSource Source, DateTimeOffset LockedAt)
{
    public static LockView Of(CardLock stopped) =>
        new(stopped.Reason.Code, stopped.Reason.Text, stopped.Reason.Irreversible, stopped.Source, stopped.LockedAt);
}

/// <param name="TriesLeft">0 where none is set.</param>
internal sealed record PinView(bool Set, int TriesLeft);
