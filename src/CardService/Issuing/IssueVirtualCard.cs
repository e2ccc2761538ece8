using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Issuing;

/// <summary>
/// Issues a virtual card on an open balance of an active, verified user. The card's row comes first and its number second,
/// so whatever dies in between, there is never a number without a card; <see cref="FinishIssuing"/> ends what was left.
/// The same Idempotency-Key shows the same card again, with fresh references to its secrets, and goes on where it stopped.
/// An operator hears of the card without its secrets.
/// </summary>
internal static partial class IssueVirtualCard
{
    internal sealed record Request(Guid BalanceId, string? CardholderName = null);

    internal sealed record IssuedCard(Guid Id, CardType Type, VaultReference CardNo, VaultReference Cvv, DateOnly Exp, Guid BalanceId, CardStatus Status);

    internal sealed record MaskedCard(Guid Id, CardType Type, string MaskedCardNo, DateOnly Exp, Guid BalanceId, CardStatus Status);

    public static void MapIssueVirtualCard(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/virtual", Handle).AdmitsOperators(Role.Manager, Role.Admin)
            .WithDescription("The user must be active and verified, the balance open and in the programme's currency. Operators hear of the card without its secrets.")
            .Example(new Request(ExampleIds.Balance, "Anna Nowak")).Produces<IssuedCard>(201).AnswersOperators<MaskedCard>(201)
            .Refuses(CardProblems.UserNotFound(), CardProblems.UserLocked(), CardProblems.KycRequired(), CardProblems.BalanceNotFound(), CardProblems.BalanceNotOpen(), CardProblems.BalanceCurrencyMismatch("EUR", "PLN"))
            .Refuses(409, "BIN_RANGE_FULL");

    public static ProblemHttpResult? FaultIn(Request request) =>
        request.CardholderName is { } name && !CardholderName().IsMatch(name)
            ? Problems.Invalid("cardholderName", "must be 1 to 26 letters, spaces and . ' -, beginning with a letter")
            : null;

    private static async Task<Results<Created<IssuedCard>, Created<MaskedCard>, ProblemHttpResult>> Handle(
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
        if (FaultIn(request) is { } fault)
        {
            return fault;
        }

        var fingerprint = once.FingerprintOf(request);
        if (once.Key is not null && await database.FindIssueRequest(once, cancel) is { } earlier)
        {
            if (!CryptographicOperations.FixedTimeEquals(earlier.Fingerprint, fingerprint))
            {
                return Idempotency.Reused();
            }
            var shown = await ShowAgain(earlier.CardId, caller, dataCore, database, clock, cancel);
            if (shown.Result is not ProblemHttpResult)
            {
                response.Headers[Idempotency.ReplayedHeader] = "true";
            }
            return shown;
        }

        var (user, refusal) = await gates.Pass(caller, request.BalanceId, cancel);
        if (user is null)
        {
            return refusal!;
        }

        var card = Card.NewVirtual(user, request.BalanceId, request.CardholderName, clock.GetUtcNow());
        Work.Audit(subject: $"card:{card.Id}", partnerId: card.PartnerId);
        await using (var work = await Work.Begin(database, cancel))
        {
            await work.Insert(card, claimedUntil: card.CreatedAt.AddSeconds(FinishCard.ClaimSeconds));
            if (once.Key is not null && !await work.TakeKey(once, fingerprint, card.Id))
            {
                return Idempotency.InProgress();
            }
            await work.Commit();
        }
        return await FinishAndShow(card, caller, dataCore, database, clock, cancel);
    }

    private static async Task<Results<Created<IssuedCard>, Created<MaskedCard>, ProblemHttpResult>> ShowAgain(
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
            return await FinishCard.TakeUp(card, database, clock, cancel)
                ? await FinishAndShow(card, caller, dataCore, database, clock, cancel)
                : Idempotency.InProgress();
        }

        if (caller.IsOperator)
        {
            return Show(card, card.MaskedCardNo!);
        }
        var secrets = await dataCore.Post<RevealCard, CardSecretReferences>(
            "/internal/vault/cards/reveal", new RevealCard(card.Id, card.PartnerId, caller.Binding), cancel);
        return secrets.ValueOrNothing is { } shown ? Show(card, shown) : CardProblems.NotFound();
    }

    private static async Task<Results<Created<IssuedCard>, Created<MaskedCard>, ProblemHttpResult>> FinishAndShow(
        Card card, Caller caller, Peer dataCore, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var finished = await FinishCard.FinishOrRelease(card, caller.IsOperator ? FinishCard.NobodysBinding : caller.Binding, dataCore, database, clock, cancel);
        if (finished.Value is not { } secrets)
        {
            return finished.Refusal();
        }
        return caller.IsOperator ? Show(card, secrets.MaskedCardNo) : Show(card, secrets);
    }

    /// <summary>The card as it was issued, whatever has become of it since: a replay says what the first answer said.</summary>
    private static Created<IssuedCard> Show(Card card, CardSecretReferences secrets) => TypedResults.Created(
        (string?)null,
        new IssuedCard(card.Id, card.Type, secrets.CardNo, secrets.Cvv, card.Exp, card.BalanceId, CardStatus.Active));

    private static Created<MaskedCard> Show(Card card, string maskedCardNo) => TypedResults.Created(
        (string?)null,
        new MaskedCard(card.Id, card.Type, maskedCardNo, card.Exp, card.BalanceId, CardStatus.Active));

    // Letters of any script and no digit: no number can be smuggled in where numbers must not be.
    [GeneratedRegex(@"^\p{L}[\p{L}\p{M} .'-]{0,25}\z")]
    private static partial Regex CardholderName();
}

/// <summary>Which card an Idempotency-Key issued, and for what request.</summary>
internal sealed record IssueRequest
{
    public required Guid CardId { get; init; }
    public required byte[] Fingerprint { get; init; }
}
