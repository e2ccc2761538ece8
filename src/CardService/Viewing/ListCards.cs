using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Viewing;

/// <summary>The user's cards without their secrets, newest first, a page at a time.</summary>
internal static class ListCards
{
    public static void MapListCards(this IEndpointRouteBuilder cards) => cards.MapGet("/", Handle);

    private static async Task<Results<Ok<Page<CardView>>, ProblemHttpResult>> Handle(
        int? limit, string? after, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var cards = await database.List(caller, page, cancel);
        return TypedResults.Ok(page.Of(cards, card => new Cursor(card.CreatedAt, card.Id), CardView.Of));
    }
}
