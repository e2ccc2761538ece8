using Antaca.CardService.Issuing;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>
/// Makes a personalised card of the programme's stock the user's, on one of their balances. It is Inactive until it is
/// activated. Whoever names a card that cannot be linked, for whatever reason, hears that there is none, and may not go on for ever.
/// </summary>
internal static class LinkCard
{
    /// <summary>After so many wrong cards a user links none that day: who has the plastic in hand does not guess.</summary>
    public const int MaxWrongADay = 10;

    /// <param name="Exp">Any day of the month that stands on the card.</param>
    internal sealed record Request(VaultReference CardNo, DateOnly Exp, Guid BalanceId);

    /// <summary>What an Idempotency-Key stands for: the references of a repeat are others.</summary>
    internal sealed record Asked(Guid CardId, DateOnly Exp, Guid BalanceId);

    public static void MapLinkCard(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/link", Handle).AdmitsEveryOperator().Produces<CardView>()
            .WithSummary("Links a card of the stock to a user")
            .Example(new { cardNo = "5105105105105100", exp = "2029-11-30", balanceId = ExampleIds.Balance })
            .Refuses(CardProblems.NotFound(), CardProblems.LinkTriesExceeded())
            .Refuses(CardProblems.UserNotFound(), CardProblems.UserLocked(), CardProblems.KycRequired(), CardProblems.BalanceNotFound(), CardProblems.BalanceNotOpen(), CardProblems.BalanceCurrencyMismatch("EUR", "PLN"));

    private static async Task<IResult> Handle(
        Request request,
        Caller caller,
        Idempotency once,
        IssueGates gates,
        [FromKeyedServices("datacore")] Peer dataCore,
        NpgsqlDataSource database,
        TimeProvider clock,
        CancellationToken cancel)
    {
        var (user, refusal) = await gates.Pass(caller, request.BalanceId, cancel);
        if (user is null)
        {
            return refusal!;
        }
        var exp = Card.LastDayOfMonth(request.Exp);
        var answered = await dataCore.Post<IdentifyCard, IdentifiedCard>(
            "/internal/vault/identify", new IdentifyCard(caller.Binding, request.CardNo, exp, Cvv: null), cancel);
        if (answered.Value is null && answered.Status != StatusCodes.Status404NotFound)
        {
            return answered.Refusal();
        }

        await using var work = await Work.Begin(database, cancel);
        if (answered.Value is { } known && await work.Replay(once, new Asked(known.CardId, exp, request.BalanceId)) is { } earlier)
        {
            return earlier;
        }
        var now = clock.GetUtcNow();
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (await work.CountWrongLinks(user.Id, today) >= MaxWrongADay)
        {
            return CardProblems.LinkTriesExceeded();
        }
        var stock = answered.Value is { } identified ? await work.TakeFromStock(identified.CardId, user.PartnerId, user.Programme.Id, exp, now) : null;
        if (stock is null)
        {
            Work.Audit(outcome: "CARD_NOT_FOUND", partnerId: user.PartnerId);
            await work.NoteWrongLink(user.Id, today);
            await work.Commit();
            return CardProblems.NotFound();
        }
        var card = stock.For(user, request.BalanceId, now);
        Work.Audit(subject: $"card:{card.Id}", partnerId: card.PartnerId);
        await work.InsertLinked(card);
        work.Owe(new CardLinked(card.PartnerId, card.UserId, card.BalanceId, card.Id, now));
        return await work.Answer(once, StatusCodes.Status200OK, CardView.Of(card, caller));
    }
}
