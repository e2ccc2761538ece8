using Antaca.CardService.Authorisations;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Viewing;

/// <summary>Tells BalanceService whose a card is, whatever its state; to a processor's question only of a card whose programme it serves.</summary>
internal static class GetCardFacts
{
    public static void MapGetCardFacts(this IEndpointRouteBuilder cards) => cards.MapGet("/{cardId:guid}", Handle);

    private static async Task<Results<Ok<CardFacts>, ProblemHttpResult>> Handle(
        Guid cardId, string? processor, Programmes programmes, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var card = await database.FindForAuthorisation(cardId, cancel);
        if (card is null || (processor is not null && (await programmes.Find(card.ProgramId, cancel))?.Processor != processor))
        {
            return CardProblems.NotFound();
        }
        return TypedResults.Ok(new CardFacts(card.Id, card.PartnerId, card.UserId, card.BalanceId, card.ProgramId, card.WhyDeclined(clock.GetUtcNow())));
    }
}
