using Antaca.CardService.Controls;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Authorisations;

/// <summary>
/// Answers a processor's authorisation: the card speaks first and then what it may be used for, and BalanceService, told of the decline or asked for the
/// money, has the last word and keeps it. The same transaction id and type hear the same answer again, even from a card
/// that was locked in between. A decline of a card that the processor may not know of is not recorded: it is nobody's.
/// </summary>
internal static class AuthoriseTransaction
{
    /// <summary>Past it the processor hears <c>AUTHORIZATION_TIMEOUT</c> and may ask again.</summary>
    public const int DeadlineMilliseconds = 1_500;

    private const int MaxTransactionIdLength = 64;

    internal enum TransactionType
    {
        Purchase,
        Cash,
        Verification,
    }

    internal enum EntryChannel
    {
        Pos,
        Contactless,
        Atm,
        Ecommerce,
    }

    internal enum Decision
    {
        Approved,
        Declined,
    }

    internal sealed record Request
    {
        public required string TransactionId { get; init; }
        public required TransactionType Type { get; init; }
        public Guid? CardId { get; init; }
        public VaultReference? CardNo { get; init; }
        public DateOnly? Exp { get; init; }
        public VaultReference? Cvv { get; init; }
        public PinBlock? PinBlock { get; init; }
        public required Money Amount { get; init; }

        /// <summary>What the merchant asked for, in the merchant's own currency.</summary>
        public Money? OriginalAmount { get; init; }
        public required MerchantFacts Merchant { get; init; }
        public required EntryChannel Channel { get; init; }
        public required DateTimeOffset TransmittedAt { get; init; }

        /// <summary>Whether less than the amount is of use to the merchant: then what is there is approved.</summary>
        public bool? PartialApproval { get; init; }
    }

    /// <param name="AuthorizationId">Null, like what follows it, where no balance was touched.</param>
    /// <param name="ApprovedAmount">In the balance's currency: less than asked for in a partial approval. Null in a decline.</param>
    internal sealed record Answer(
        Decision Decision,
        string ActionCode,
        string Reason,
        Guid? AuthorizationId = null,
        string? ApprovalCode = null,
        Money? Available = null,
        Money? ApprovedAmount = null);

    public static void MapAuthoriseTransaction(this IEndpointRouteBuilder authorisations) => authorisations.MapPost("/", Handle)
        .WithSummary("Answers an authorisation").WithDescription(
            $"Within {DeadlineMilliseconds} ms. The same transaction id and type hear the same answer again, even from a card that was locked in between. Name the card by cardId, or by cardNo with exp.")
        .Example(new
        {
            transactionId = "4711-20261125-000042",
            type = nameof(TransactionType.Purchase),
            cardId = ExampleIds.Card,
            amount = Money.Of(1_999, "PLN"),
            merchant = new MerchantFacts("500123", "Księgarnia Poczytna", "5942", "PL"),
            channel = nameof(EntryChannel.Ecommerce),
            transmittedAt = "2026-11-25T10:15:00Z",
        })
        .Refuses(CardProblems.AuthorisationTimeout())
        .Refuses(409, "TRANSACTION_ID_REUSED");

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Handle(
        Request request,
        Caller caller,
        [FromKeyedServices("datacore")] Peer dataCore,
        [FromKeyedServices("balanceservice")] Peer balanceService,
        Programmes programmes,
        PinChecks pins,
        NpgsqlDataSource database,
        TimeProvider clock,
        HttpContext context,
        CancellationToken cancel)
    {
        if (caller is not { Channel: Channel.Processor, Processor: { } processor })
        {
            return Problems.OfStatus(StatusCodes.Status403Forbidden);
        }
        var faults = FaultsOf(request);
        if (faults.Any)
        {
            return faults.Problem();
        }

        AuthorisationUnanswered? asked = null;
        using var late = new CancellationTokenSource(TimeLeft.Of(context, TimeSpan.FromMilliseconds(DeadlineMilliseconds)), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            return await Decide(either.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            if (asked is not null)
            {
                // The ledger may have decided all the same. It lets go of what nobody heard of, unless the processor has asked again since.
                await using var work = await Work.Begin(database, cancel);
                work.Owe(asked with { OccurredAt = clock.GetUtcNow() });
                await work.Commit();
            }
            return CardProblems.AuthorisationTimeout();
        }

        async Task<Results<Ok<Answer>, ProblemHttpResult>> Decide(CancellationToken inTime)
        {
            Guid cardId;
            DeclineReason unknown;
            DeclineReason? mismatch = null;
            if (request.CardNo is { } number)
            {
                var identify = new IdentifyCard(caller.Binding, number, Card.LastDayOfMonth(request.Exp!.Value), request.Cvv);
                var answered = await dataCore.Post<IdentifyCard, IdentifiedCard>("/internal/vault/identify", identify, inTime);
                unknown = new DeclineReason(ActionCodes.NoSuchNumber, "CARD_UNKNOWN");
                if (answered.Status == StatusCodes.Status404NotFound)
                {
                    return Declined(unknown);
                }
                if (answered.Value is not { } identified)
                {
                    return answered.Refusal();
                }
                cardId = identified.CardId;
                mismatch = Mismatch(identified);
            }
            else
            {
                cardId = request.CardId!.Value;
                unknown = new DeclineReason(ActionCodes.NotActivatedOrUnknown, "CARD_UNKNOWN");
            }

            var card = await database.FindForAuthorisation(cardId, inTime);
            if (card is null || await programmes.Find(card.ProgramId, inTime) is not { } programme || programme.Processor != processor)
            {
                return Declined(unknown);
            }

            var controls = new SpendControls(card.UserRules, card.IssuerRules, programme.Controls);
            // A PIN is looked at last: a transaction that may not be costs no try.
            var decline = card.WhyDeclined(clock.GetUtcNow()) ?? mismatch ?? controls.Objection(request.Channel, request.Merchant);
            if (decline is null && request.PinBlock is { } block)
            {
                var check = new PinChecks.Check(processor, request.TransactionId, request.Type.ToString());
                (decline, var refusal) = await pins.Judge(card, check, block, caller.Binding, inTime);
                if (refusal is not null)
                {
                    return refusal;
                }
            }

            asked = new AuthorisationUnanswered(card.PartnerId, card.BalanceId, card.Id, processor, request.TransactionId, request.Type.ToString(), Guid.CreateVersion7(clock.GetUtcNow()), default);
            var decision = await balanceService.Post<DecideAuthorisation, AuthorisationDecided>(
                "/internal/authorisations",
                new DecideAuthorisation(
                    processor,
                    request.TransactionId,
                    request.Type.ToString(),
                    card.PartnerId,
                    card.UserId,
                    card.BalanceId,
                    card.Id,
                    request.Amount.Amount,
                    request.Amount.Currency,
                    request.Merchant,
                    request.Channel.ToString(),
                    request.TransmittedAt,
                    decline)
                {
                    OriginalAmount = request.OriginalAmount?.Amount,
                    OriginalCurrency = request.OriginalAmount?.Currency,
                    Partial = request.PartialApproval == true,
                    HoldLifetimeDays = programme.HoldLifetimeDays,
                    TimeZone = programme.TimeZone,
                    Limits = request.Type == TransactionType.Verification ? [] : controls.Limits(),
                    Attempt = asked.Attempt,
                },
                inTime);
            return decision.Value is { } decided ? Decided(decided) : decision.Refusal();
        }
    }

    private static Faults FaultsOf(Request request)
    {
        var merchant = request.Merchant;
        return new Faults()
            .UnlessLine(request.TransactionId, "transactionId", MaxTransactionIdLength)
            .Unless(request.CardId is null != request.CardNo is null, "cardId", "must be given, or cardNo with exp instead")
            .Unless(request.CardNo is null == request.Exp is null, "exp", "goes with cardNo, and cardNo with exp")
            .Unless(request.Cvv is null || request.CardNo is not null, "cvv", "goes with cardNo")
            .Unless(request.PinBlock is null or { Format: "ISO-0" or "ISO-4" }, "pinBlock.format", "must be ISO-0 or ISO-4")
            .Unless(request.Amount.Amount >= 0, "amount", "must not be negative")
            .Unless(request.Amount.Amount == 0 == (request.Type == TransactionType.Verification), "amount", "must be zero for a Verification, and only there")
            .Unless(request.OriginalAmount is not { Amount: < 0 }, "originalAmount", "must not be negative")
            .UnlessMerchant(merchant.Mid, merchant.Name, merchant.Mcc, merchant.Country);
    }

    private static DeclineReason? Mismatch(IdentifiedCard identified) => identified switch
    {
        { ExpiryMatches: false } => new DeclineReason(ActionCodes.Expired, "EXPIRY_MISMATCH"),
        { CvvMatches: false } => new DeclineReason(ActionCodes.WrongCvv, "WRONG_CVV"),
        _ => null,
    };

    private static Ok<Answer> Declined(DeclineReason reason) => TypedResults.Ok(new Answer(Decision.Declined, reason.ActionCode, reason.Reason));

    private static Ok<Answer> Decided(AuthorisationDecided decided) => TypedResults.Ok(new Answer(
        decided.Approved ? Decision.Approved : Decision.Declined,
        decided.ActionCode,
        decided.Reason,
        decided.AuthorizationId,
        decided.ApprovalCode,
        Money.Of(decided.Available, decided.Currency),
        decided.Approved ? Money.Of(decided.Amount, decided.Currency) : null));
}
