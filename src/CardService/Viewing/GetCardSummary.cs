using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Viewing;

/// <summary>A card without its secrets.</summary>
internal static class GetCardSummary
{
    public static void MapGetCardSummary(this IEndpointRouteBuilder cards) =>
        cards.MapGet("/{cardId:guid}/summary", Handle).AdmitsEveryOperator()
            .Refuses(CardProblems.NotFound());

    private static async Task<Results<Ok<CardView>, ProblemHttpResult>> Handle(Guid cardId, Caller caller, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.Find(cardId, caller, cancel) is { } card ? TypedResults.Ok(CardView.Of(card, caller)) : CardProblems.NotFound();
}
