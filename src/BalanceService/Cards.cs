using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService;

/// <summary>CardService's word on a card.</summary>
internal static class Cards
{
    /// <summary>Whose a card is, and whether it says no.</summary>
    /// <param name="processor">Null for anybody; otherwise a card that it does not serve is not there.</param>
    public static async Task<CardFacts?> FindCard(this Peer cardService, Guid cardId, string? processor, CancellationToken cancel) =>
        (await cardService.Get<CardFacts>($"/internal/cards/{cardId}" + (processor is null ? "" : $"?processor={Uri.EscapeDataString(processor)}"), cancel)).ValueOrNothing;
}
