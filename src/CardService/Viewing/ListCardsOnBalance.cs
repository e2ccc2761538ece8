using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Viewing;

/// <summary>For BalanceService: the cards on one user's balance, the newest <see cref="MaxCards"/> of them.</summary>
internal static class ListCardsOnBalance
{
    public const int MaxCards = 200;

    public static void MapListCardsOnBalance(this IEndpointRouteBuilder balances) => balances.MapGet("/{balanceId:guid}/cards", Handle);

    private static async Task<Ok<CardsOnBalance>> Handle(Guid balanceId, Guid partnerId, Guid userId, NpgsqlDataSource database, CancellationToken cancel)
    {
        var cards = await database.ListOnBalance(balanceId, partnerId, userId, MaxCards, cancel);
        return TypedResults.Ok(new CardsOnBalance([.. cards.Select(CardView.Of)]));
    }

    internal sealed record CardsOnBalance(IReadOnlyList<CardView> Items);
}
