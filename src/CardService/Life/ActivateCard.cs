using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Life;

/// <summary>Puts a card of plastic into use, once it is in its user's hands. Activated again, it stays as it is.</summary>
internal static class ActivateCard
{
    public static void MapActivateCard(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/{cardId:guid}/activate", Handle).AdmitsEveryOperator().Produces<CardView>()
            .Refuses(CardProblems.NotFound())
            .Refuses(409, "CARD_NOT_INACTIVE", "CARD_EXPIRED");

    private static async Task<IResult> Handle(
        Guid cardId, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, cardId) is { } earlier)
        {
            return earlier;
        }
        if (await work.FindForChange(cardId, caller) is not { } card)
        {
            return CardProblems.NotFound();
        }
        Work.Audit(userId: card.UserId, partnerId: card.PartnerId);
        if (card is { Type: CardType.Physical, Status: CardStatus.Active })
        {
            return await work.Answer(once, StatusCodes.Status200OK, CardView.Of(card, caller));
        }
        if (card is not { Type: CardType.Physical, Status: CardStatus.Inactive })
        {
            return CardProblems.NotInactive(card.Type, card.Status);
        }
        var now = clock.GetUtcNow();
        if (card.IsOver(now))
        {
            return CardProblems.Expired();
        }

        await work.ActivatePlastic(card.Id, now);
        work.Owe(new CardActivated(card.PartnerId, card.UserId, card.Id, now));
        return await work.Answer(once, StatusCodes.Status200OK, CardView.Of(card with { Status = CardStatus.Active, ActivatedAt = now }, caller));
    }
}
