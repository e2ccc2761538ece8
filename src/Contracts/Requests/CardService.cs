using System.Text.Json;

namespace Antaca.Contracts.Requests;

/// <summary>
/// The cards on a balance: <c>GET /internal/balances/{balanceId}/cards?partnerId=&amp;userId=</c>. Each is a card as its
/// owner sees it, which BalanceService passes on unread.
/// </summary>
public sealed record CardsOfBalance(IReadOnlyList<JsonElement> Items);

/// <summary>How many cards of a user are not removed or expired: <c>GET /internal/users/{userId}/open-cards?partnerId=</c>. Of one balance: <c>GET /internal/balances/{balanceId}/open-cards?partnerId=&amp;userId=</c>.</summary>
public sealed record OpenCards(int Count);
