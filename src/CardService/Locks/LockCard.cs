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
    /// <param name="ReplacedBy">With code 8 alone, also later: the card of the same user and programme that follows.</param>
    internal sealed record Request(int Code, Guid? ReplacedBy = null);

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
        if (request.ReplacedBy is not null && reason.Code != LockReason.Replaced)
        {
            return Problems.Invalid("replacedBy", "goes with code 8");
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
        if (card.Lock?.Reason != reason)
        {
            if (!card.MayBeLocked)
            {
                return CardProblems.NotLockable(card.Status);
            }
            if (!card.MayTakeLock)
            {
                return CardProblems.LockIrreversible(card.Lock!);
            }
            card = card.With(reason, caller.LockSource(), clock.GetUtcNow());
            await work.SaveLock(card);
            work.Owe(new CardLocked(card.PartnerId, card.UserId, card.Id, reason.Code, card.LockedAt!.Value));
        }
        if (request.ReplacedBy is { } follower && follower != card.ReplacedBy)
        {
            if (!await work.ReplaceBy(card, follower))
            {
                return CardProblems.ReplacementNotFound();
            }
            card = card with { ReplacedBy = follower };
        }
        return await work.Answer(once, StatusCodes.Status200OK, CardView.Of(card, caller));
    }
}
