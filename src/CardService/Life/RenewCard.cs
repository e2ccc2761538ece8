using Antaca.CardService.Controls;
using Antaca.CardService.Issuing;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Life;

/// <summary>
/// Issues the card that follows on a virtual one, on the same balance, within its last 60 days. The old card works until it
/// expires. Renewed again, it has the same follower.
/// </summary>
internal static class RenewCard
{
    public const int LastDays = 60;

    public static void MapRenewCard(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/{cardId:guid}/renew", Handle).AdmitsOperators(Role.Manager, Role.Admin)
            .WithSummary("Renews a virtual card").WithDescription($"Within the last {LastDays} days of the card, which works on until it expires. The answer is the new card; its full data is read as any card's.")
            .Refuses(CardProblems.NotFound(), CardProblems.NotRenewable(CardType.Physical), CardProblems.TooEarly(new DateOnly(2029, 11, 30)))
            .Refuses(CardProblems.UserNotFound(), CardProblems.UserLocked(), CardProblems.KycRequired(), CardProblems.BalanceNotFound(), CardProblems.BalanceNotOpen(), CardProblems.BalanceCurrencyMismatch("EUR", "PLN"))
            .Refuses(409, "BIN_RANGE_FULL", "CARD_NOT_ACTIVE", "IDEMPOTENCY_IN_PROGRESS");

    private static async Task<Results<Ok<CardView>, ProblemHttpResult>> Handle(
        Guid cardId,
        Caller caller,
        IssueGates gates,
        [FromKeyedServices("datacore")] Peer dataCore,
        NpgsqlDataSource database,
        TimeProvider clock,
        CancellationToken cancel)
    {
        if (await database.Find(cardId, caller, cancel) is not { } found)
        {
            return CardProblems.NotFound();
        }
        if (found.ReplacedBy is null && await Begin(found, caller, gates, database, clock, cancel) is { } refusal)
        {
            return refusal;
        }
        return await Finish(cardId, caller, dataCore, database, clock, cancel);
    }

    private static async Task<ProblemHttpResult?> Begin(
        Card found, Caller caller, IssueGates gates, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (found.Type != CardType.Virtual)
        {
            return CardProblems.NotRenewable(found.Type);
        }
        if (DateOnly.FromDateTime(now.UtcDateTime).AddDays(LastDays) < found.Exp)
        {
            return CardProblems.TooEarly(found.Exp);
        }
        var (user, refusal) = await gates.Pass(caller with { UserId = found.UserId }, found.BalanceId, cancel);
        if (user is null)
        {
            return refusal;
        }

        await using var work = await Work.Begin(database, cancel);
        if (await work.FindForChange(found.Id, caller) is not { } card)
        {
            return CardProblems.NotFound();
        }
        if (card.ReplacedBy is not null)
        {
            return null;
        }
        if (!card.MayBeLocked || !card.MayTakeLock)
        {
            return CardProblems.NotLockable(card.Status);
        }
        var follower = Card.NewVirtual(user, card.BalanceId, card.CardholderName, now);
        Work.Audit(userId: card.UserId, partnerId: card.PartnerId);
        await work.Insert(follower, claimedUntil: now);
        await work.ReplaceBy(card, follower.Id);
        await work.HandControlsOn(card.Id, follower.Id);
        work.Owe(new CardRenewed(card.PartnerId, card.UserId, card.Id, follower.Id, now));
        await work.Commit();
        return null;
    }

    private static async Task<Results<Ok<CardView>, ProblemHttpResult>> Finish(
        Guid cardId, Caller caller, Peer dataCore, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (await database.FindFollower(cardId, caller, cancel) is not { } follower)
        {
            return CardProblems.NotFound();
        }
        if (follower.Status == CardStatus.Issuing)
        {
            if (!await FinishCard.TakeUp(follower, database, clock, cancel))
            {
                return Idempotency.InProgress();
            }
            var finished = await FinishCard.FinishOrRelease(follower, FinishCard.NobodysBinding, dataCore, database, clock, cancel);
            if (!finished.Found)
            {
                return finished.Refusal();
            }
            follower = await database.FindFollower(cardId, caller, cancel);
        }
        return TypedResults.Ok(CardView.Of(follower!, caller));
    }
}
