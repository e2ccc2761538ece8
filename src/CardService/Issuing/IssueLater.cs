using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Issuing;

/// <summary>What became of a card that was asked for without waiting for it.</summary>
/// <param name="CardId">Once it is done.</param>
/// <param name="Code">Why it failed.</param>
internal sealed record IssueRequestView(Guid RequestId, IssueRequestStatus Status, Guid? CardId = null, string? Code = null);

internal enum IssueRequestStatus
{
    Pending,
    Done,
    Failed,
}

/// <summary>
/// Takes the order of a virtual card and answers before it is there: <see cref="FinishIssuing"/> issues it at once, or
/// whenever the vault is back. Gates are passed before the answer. No secret is in it; the card is read as any other.
/// </summary>
internal static class IssueLater
{
    public static void MapIssueLater(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/virtual/async", Handle).Produces<IssueRequestView>(202)
            .WithSummary("Issues a virtual card without waiting for it").WithDescription("Ask for the request, or hear card.issued. The full data is read as any card's.")
            .Example(new IssueVirtualCard.Request(ExampleIds.Balance, "Anna Nowak"))
            .Refuses(CardProblems.UserNotFound(), CardProblems.UserLocked(), CardProblems.KycRequired(), CardProblems.BalanceNotFound(), CardProblems.BalanceNotOpen(), CardProblems.BalanceCurrencyMismatch("EUR", "PLN"));

    private static async Task<IResult> Handle(
        IssueVirtualCard.Request request,
        Caller caller,
        Idempotency once,
        IssueGates gates,
        NpgsqlDataSource database,
        FinishingQueue queue,
        TimeProvider clock,
        CancellationToken cancel)
    {
        if (IssueVirtualCard.FaultIn(request) is { } fault)
        {
            return fault;
        }
        var (user, refusal) = await gates.Pass(caller, request.BalanceId, cancel);

        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        if (user is null)
        {
            return refusal!;
        }
        var now = clock.GetUtcNow();
        var card = Card.NewVirtual(user, request.BalanceId, request.CardholderName, now);
        var requestId = Guid.CreateVersion7(now);
        Work.Audit(subject: $"card:{card.Id}", partnerId: card.PartnerId);
        await work.Insert(card, claimedUntil: now);
        await work.AddIssueOrder(requestId, card, now);
        var answer = await work.Answer(once, StatusCodes.Status202Accepted, new IssueRequestView(requestId, IssueRequestStatus.Pending));
        queue.Wake();
        return answer;
    }
}

internal static class GetIssueRequest
{
    public static void MapGetIssueRequest(this IEndpointRouteBuilder cards) =>
        cards.MapGet("/requests/{requestId:guid}", Handle).Produces<IssueRequestView>()
            .WithSummary("Shows what became of a card that was asked for")
            .Refuses(CardProblems.RequestNotFound());

    private static async Task<IResult> Handle(Guid requestId, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (await database.FindIssueOrder(requestId, caller, cancel) is not { } order)
        {
            return CardProblems.RequestNotFound();
        }
        return TypedResults.Ok(order switch
        {
            { Code: { } code } => new IssueRequestView(requestId, IssueRequestStatus.Failed, Code: code),
            { CardId: { } cardId } => new IssueRequestView(requestId, IssueRequestStatus.Done, cardId),
            _ => new IssueRequestView(requestId, IssueRequestStatus.Pending),
        });
    }
}

/// <summary>An order of a card as it stands.</summary>
internal sealed record IssueOrder
{
    /// <summary>Null until the card is issued.</summary>
    public Guid? CardId { get; init; }
    public string? Code { get; init; }
}

internal static class IssueOrderStore
{
    public static Task AddIssueOrder(this Work work, Guid requestId, Card card, DateTimeOffset now) =>
        work.Change(
            "insert into issue_orders (id, card_id, partner_id, user_id, created_at) values (@requestId, @Id, @PartnerId, @UserId, @now)",
            new { requestId, card.Id, card.PartnerId, card.UserId, now });

    public static Task<IssueOrder?> FindIssueOrder(this NpgsqlDataSource database, Guid requestId, Caller caller, CancellationToken cancel) =>
        database.One<IssueOrder>(
            """
            select c.id as card_id, o.code
            from issue_orders o
            left join cards c on c.id = o.card_id and c.status <> 'Issuing'
            where o.id = @requestId and o.user_id = @UserId and o.partner_id = @PartnerId
            """,
            new { requestId, caller.UserId, caller.PartnerId },
            cancel);

    /// <summary>Says why there is no card, where somebody may ask.</summary>
    public static Task FailIssueOrder(this Work work, Guid cardId, string code) =>
        work.Change("update issue_orders set code = @code where card_id = @cardId", new { cardId, code });
}
