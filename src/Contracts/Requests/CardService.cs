using System.Text.Json;

namespace Antaca.Contracts.Requests;

/// <summary>
/// The cards on a balance: <c>GET /internal/balances/{balanceId}/cards?partnerId=&amp;userId=</c>. Each is a card as its
/// owner sees it, which BalanceService passes on unread.
/// </summary>
public sealed record CardsOfBalance(IReadOnlyList<JsonElement> Items);

/// <summary>
/// Whose a card is: <c>GET /internal/cards/{cardId}?processor=</c>. 404 when there is none, or when <c>processor</c> is named and
/// does not serve the card's programme.
/// </summary>
/// <param name="Decline">Why the card, as it stands, says no to any payment; null where it does not.</param>
public sealed record CardFacts(Guid Id, Guid PartnerId, Guid UserId, Guid BalanceId, Guid ProgramId, DeclineReason? Decline = null);

/// <summary>How many cards of a user are not removed or expired: <c>GET /internal/users/{userId}/open-cards?partnerId=</c>. Of one balance: <c>GET /internal/balances/{balanceId}/open-cards?partnerId=&amp;userId=</c>.</summary>
public sealed record OpenCards(int Count);
