using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Controls;

/// <summary>What a card may be used for: the rules of both sides, to either.</summary>
internal static class GetControls
{
    public static void MapGetControls(this IEndpointRouteBuilder cards) =>
        cards.MapGet("/{cardId:guid}/controls", Handle).AdmitsEveryOperator()
            .WithSummary("Shows what a card may be used for")
            .Refuses(CardProblems.NotFound());

    private static async Task<Results<Ok<ControlsView>, ProblemHttpResult>> Handle(Guid cardId, Caller caller, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.FindControls(cardId, caller, cancel) is { } card ? TypedResults.Ok(ControlsView.Of(card)) : CardProblems.NotFound();
}
