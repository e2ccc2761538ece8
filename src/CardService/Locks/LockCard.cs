using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Locks;

/// <summary>
/// Stops a card. The same lock again changes nothing; a reversible lock gives way to any other, the last one holding; an
/// irreversible one is never replaced.
/// </summary>
internal static class LockCard
{
    internal sealed record Request(int Code);

    public static void MapLockCard(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/{cardId:guid}/lock", Handle).AdmitsEveryOperator().Produces<CardView>()
            .Example(new Request(7))
            .Refuses(CardProblems.NotFound())
            .Refuses(409, "CARD_NOT_ACTIVE", "LOCK_IRREVERSIBLE");

    private static async Task<IResult> Handle(
        Guid cardId, Request request, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (!LockReason.TryFrom(request.Code, out var reason))
        {
            return CardProblems.UnknownLockCode();
        }

        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        var card = await work.FindForChange(cardId, caller);
        if (card is null)
        {
            return CardProblems.NotFound();
        }
        Work.Audit(userId: card.UserId, partnerId: card.PartnerId);
        if (card.Lock?.Reason == reason)
        {
            return await work.Answer(once, StatusCodes.Status200OK, CardView.Of(card, caller));
        }
        if (!card.MayBeLocked)
        {
            return CardProblems.NotLockable(card.Status);
        }
        if (!card.MayTakeLock)
        {
            return CardProblems.LockIrreversible(card.Lock!);
        }

        var locked = card.With(reason, caller.LockSource(), clock.GetUtcNow());
        await work.SaveLock(locked);
        work.Owe(new CardLocked(card.PartnerId, card.UserId, card.Id, reason.Code, locked.LockedAt!.Value));
        return await work.Answer(once, StatusCodes.Status200OK, CardView.Of(locked, caller));
    }
}
