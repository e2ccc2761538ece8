using Antaca.CardService.Authorisations;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Locks;

/// <summary>
/// Stops a card from outside, by the same rules as <see cref="LockCard"/>: its scheme or an acquirer says so through the
/// processor that serves its programme. Any other processor's card is not there.
/// </summary>
internal static class LockOutside
{
    private static readonly LockSource[] _outside = [LockSource.Mastercard, LockSource.Visa, LockSource.Acquirer];

    internal sealed record Request
    {
        public Guid? CardId { get; init; }
        public VaultReference? CardNo { get; init; }
        public required int Code { get; init; }
        public required LockSource Source { get; init; }
    }

    internal sealed record Answer(Guid CardId, CardStatus Status, LockView Lock);

    public static void MapLockOutside(this IEndpointRouteBuilder locks) =>
        locks.MapPost("/", Handle)
            .WithSummary("Locks a card from outside").WithDescription("Name the card by cardId or cardNo. The same lock again changes nothing; a reversible lock gives way to any other, an irreversible one to none.")
            .Example(new { cardId = ExampleIds.Card, code = 2, source = nameof(LockSource.Mastercard) })
            .Refuses(CardProblems.NotFound(), CardProblems.NotLockable(CardStatus.Inactive))
            .Refuses(409, "LOCK_IRREVERSIBLE");

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Handle(
        Request request,
        Caller caller,
        [FromKeyedServices("datacore")] Peer dataCore,
        Programmes programmes,
        NpgsqlDataSource database,
        TimeProvider clock,
        CancellationToken cancel)
    {
        var known = LockReason.TryFrom(request.Code, out var reason);
        var faults = new Faults()
            .Unless(request.CardId is null != request.CardNo is null, "cardId", "must be given, or cardNo instead")
            .Unless(known, "code", "must be 1 to 8")
            .Unless(_outside.Contains(request.Source), "source", "must be Mastercard, Visa or Acquirer");
        if (faults.Any)
        {
            return faults.Problem();
        }

        var cardId = request.CardId ?? Guid.Empty;
        if (request.CardNo is { } number)
        {
            var answered = await dataCore.Post<IdentifyCard, IdentifiedCard>(
                "/internal/vault/identify", new IdentifyCard(caller.Binding, number, Expiry: null, Cvv: null), cancel);
            if (answered.Status == StatusCodes.Status404NotFound)
            {
                return CardProblems.NotFound();
            }
            if (answered.Value is not { } identified)
            {
                return answered.Refusal();
            }
            cardId = identified.CardId;
        }

        var programs = await programmes.ServedBy(caller.Processor!, cancel);
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindOfPrograms(cardId, programs) is not { } card)
        {
            return CardProblems.NotFound();
        }
        Work.Audit(subject: $"card:{card.Id}", userId: card.UserId, partnerId: card.PartnerId);
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
            card = card.With(reason!, request.Source, clock.GetUtcNow());
            await work.SaveLock(card);
            work.Owe(new CardLocked(card.PartnerId, card.UserId, card.Id, reason!.Code, card.LockedAt!.Value));
        }
        await work.Commit();
        return TypedResults.Ok(new Answer(card.Id, card.Status, LockView.Of(card.Lock!)));
    }
}
