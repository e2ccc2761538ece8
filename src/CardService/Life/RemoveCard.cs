using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Life;

/// <summary>
/// Ends a card for good. Its history stays; the vault hears of it by the event that is owed with the removal, and destroys
/// its number. Removed again, it stays so.
/// </summary>
internal static class RemoveCard
{
    public static void MapRemoveCard(this IEndpointRouteBuilder cards) =>
        cards.MapDelete("/{cardId:guid}", Handle).AdmitsOperators(Role.Manager, Role.Admin)
            .WithSummary("Removes a card").WithDescription("For good: its number is destroyed. What was paid with it stays on record.")
            .Refuses(CardProblems.NotFound(), CardProblems.InProduction());

    private static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        Guid cardId, Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindForChange(cardId, caller) is not { } card)
        {
            return CardProblems.NotFound();
        }
        Work.Audit(userId: card.UserId, partnerId: card.PartnerId);
        var now = clock.GetUtcNow();
        if (await work.Remove(card.Id, now))
        {
            work.Owe(new CardRemoved(card.PartnerId, card.UserId, card.Id, now));
        }
        else if (card.Status == CardStatus.Ordered)
        {
            return CardProblems.InProduction();
        }
        await work.Commit();
        return TypedResults.NoContent();
    }
}
