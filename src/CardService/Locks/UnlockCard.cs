using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Locks;

/// <summary>Puts a stopped card back into use, unless it was stopped for good. A card that is not stopped stays as it is.</summary>
internal static class UnlockCard
{
    public static void MapUnlockCard(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/{cardId:guid}/unlock", Handle).AdmitsEveryOperator().Produces<CardView>()
            .Refuses(CardProblems.NotFound())
            .Refuses(409, "CARD_NOT_ACTIVE", "LOCK_IRREVERSIBLE");

    private static async Task<IResult> Handle(
        Guid cardId, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, cardId) is { } earlier)
        {
            return earlier;
        }
        var card = await work.FindForChange(cardId, caller);
        if (card is null)
        {
            return CardProblems.NotFound();
        }
        Work.Audit(userId: card.UserId, partnerId: card.PartnerId);
        if (!card.MayBeLocked)
        {
            return CardProblems.NotLockable(card.Status);
        }
        if (card.Lock is not { } stopped)
        {
            return await work.Answer(once, StatusCodes.Status200OK, CardView.Of(card, caller));
        }
        if (stopped.Reason.Irreversible)
        {
            return CardProblems.LockIrreversible(stopped);
        }

        var unlocked = card.Unlocked();
        await work.SaveUnlock(unlocked);
        work.Owe(new CardUnlocked(card.PartnerId, card.UserId, card.Id, stopped.Reason.Code, clock.GetUtcNow()));
        return await work.Answer(once, StatusCodes.Status200OK, CardView.Of(unlocked, caller));
    }
}
