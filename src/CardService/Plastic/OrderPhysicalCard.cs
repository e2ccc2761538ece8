using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Antaca.CardService.Issuing;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>
/// Orders a physical card on an open balance of an active, verified user. Its row and the order's come first and its number
/// second; with the number both are true, and the bureau sees the order. The user sees the card once it is personalised.
/// The same Idempotency-Key hears of the same order again, and goes on where it stopped.
/// </summary>
internal static partial class OrderPhysicalCard
{
    /// <param name="EmbossName">As it stands on the plastic: A to Z, spaces and . ' -.</param>
    /// <param name="Design">The bureau's name of what the plastic looks like; its usual one where there is none.</param>
    internal sealed record Request(Guid BalanceId, string EmbossName, DeliveryAddress DeliveryAddress, string? Design = null)
    {
        /// <summary>Prints nothing personal.</summary>
        public override string ToString() => "***";
    }

    public static void MapOrderPhysicalCard(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/physical", Handle).AdmitsEveryOperator()
            .WithSummary("Orders a physical card").WithDescription("The user must be active and verified, the balance open and in the programme's currency. The card is shown to its user once the bureau has personalised it, and is activated then.")
            .Example(new Request(ExampleIds.Balance, "ANNA NOWAK", new DeliveryAddress("Prosta 1", "Warszawa", "00-001", "PL")))
            .Refuses(CardProblems.UserNotFound(), CardProblems.UserLocked(), CardProblems.KycRequired(), CardProblems.BalanceNotFound(), CardProblems.BalanceNotOpen(), CardProblems.BalanceCurrencyMismatch("EUR", "PLN"))
            .Refuses(CardProblems.NotFound())
            .Refuses(409, "BIN_RANGE_FULL");

    private static async Task<Results<Accepted<OrderTaken>, ProblemHttpResult>> Handle(
        Request request,
        Caller caller,
        Idempotency once,
        IssueGates gates,
        [FromKeyedServices("datacore")] Peer dataCore,
        NpgsqlDataSource database,
        TimeProvider clock,
        HttpResponse response,
        CancellationToken cancel)
    {
        var faults = request.DeliveryAddress.FaultsIn(new Faults()
            .Unless(EmbossNameForm().IsMatch(request.EmbossName), "embossName", "must be 1 to 26 of A to Z, spaces and . ' -, beginning with a letter")
            .Unless(IsDesign(request.Design), "design", DesignFault));
        if (faults.Any)
        {
            return faults.Problem();
        }

        var fingerprint = once.FingerprintOf(request);
        if (once.Key is not null && await database.FindIssueRequest(once, cancel) is { } earlier)
        {
            if (!CryptographicOperations.FixedTimeEquals(earlier.Fingerprint, fingerprint))
            {
                return Idempotency.Reused();
            }
            var told = await TellAgain(earlier.CardId, caller, dataCore, database, clock, cancel);
            if (told.Result is not ProblemHttpResult)
            {
                response.Headers[Idempotency.ReplayedHeader] = "true";
            }
            return told;
        }

        var (user, refusal) = await gates.Pass(caller, request.BalanceId, cancel);
        if (user is null)
        {
            return refusal!;
        }

        var card = Card.NewPhysical(user, request.BalanceId, request.EmbossName, clock.GetUtcNow());
        var order = PlasticOrder.For(card, OrderKind.Physical, OrderStatus.Issuing, request.DeliveryAddress, request.Design, card.CreatedAt);
        Work.Audit(subject: $"card:{card.Id}", partnerId: card.PartnerId);
        await using (var work = await Work.Begin(database, cancel))
        {
            await work.Insert(card, claimedUntil: card.CreatedAt.AddSeconds(FinishCard.ClaimSeconds));
            await work.Insert(order);
            if (once.Key is not null && !await work.TakeKey(once, fingerprint, card.Id))
            {
                return Idempotency.InProgress();
            }
            await work.Commit();
        }
        var finished = await FinishCard.FinishOrRelease(card, FinishCard.NobodysBinding, dataCore, database, clock, cancel);
        return finished.Found ? Taken(order.Id, card.Id) : finished.Refusal();
    }

    /// <summary>Whether this may name a design: a word without a card number in it, or none.</summary>
    public static bool IsDesign(string? design) => design is null || (DesignForm().IsMatch(design) && !CardNumbers.MayBeIn(design));

    public const string DesignFault = "must be 1 to 64 of A to Z, a to z, 0 to 9 and . _ -";

    private static async Task<Results<Accepted<OrderTaken>, ProblemHttpResult>> TellAgain(
        Guid cardId, Caller caller, Peer dataCore, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var card = await database.FindBegun(cardId, caller, cancel);
        if (card is null)
        {
            return CardProblems.NotFound();
        }
        if (card.Status == CardStatus.Issuing)
        {
            Work.Audit(subject: $"card:{card.Id}", partnerId: card.PartnerId);
            if (!await FinishCard.TakeUp(card, database, clock, cancel))
            {
                return Idempotency.InProgress();
            }
            var finished = await FinishCard.FinishOrRelease(card, FinishCard.NobodysBinding, dataCore, database, clock, cancel);
            if (!finished.Found)
            {
                return finished.Refusal();
            }
        }
        return Taken(await database.FindOrderOfNewCard(card.Id, cancel), card.Id);
    }

    /// <summary>The order as it was taken, whatever has become of it since: a replay says what the first answer said.</summary>
    private static Accepted<OrderTaken> Taken(Guid orderId, Guid cardId) =>
        TypedResults.Accepted((string?)null, new OrderTaken(orderId, cardId, OrderStatus.Ordered));

    [GeneratedRegex(@"^[A-Z][A-Z .'-]{0,25}\z")]
    private static partial Regex EmbossNameForm();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex DesignForm();
}
