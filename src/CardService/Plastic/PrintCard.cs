using Antaca.CardService.Authorisations;
using Antaca.CardService.Issuing;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>
/// Orders plastic for an active virtual card of a Digital First programme. The plastic bears no data; the card is in use all
/// the while, and needs no activation.
/// </summary>
internal static class PrintCard
{
    internal sealed record Request(DeliveryAddress DeliveryAddress)
    {
        /// <summary>Prints nothing personal.</summary>
        public override string ToString() => "***";
    }

    public static void MapPrintCard(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/{cardId:guid}/print", Handle).AdmitsEveryOperator().Produces<OrderTaken>(202)
            .WithSummary("Prints a virtual card")
            .Example(new Request(new DeliveryAddress("Prosta 1", "Warszawa", "00-001", "PL")))
            .Refuses(CardProblems.NotFound(), CardProblems.DigitalFirstDisabled(), CardProblems.NotPrintable(CardType.Physical, CardStatus.Inactive))
            .Refuses(CardProblems.UserNotFound(), CardProblems.UserLocked(), CardProblems.KycRequired(), CardProblems.BalanceNotFound(), CardProblems.BalanceNotOpen(), CardProblems.BalanceCurrencyMismatch("EUR", "PLN"));

    private static async Task<IResult> Handle(
        Guid cardId,
        Request request,
        Caller caller,
        Idempotency once,
        IssueGates gates,
        Programmes programmes,
        NpgsqlDataSource database,
        TimeProvider clock,
        CancellationToken cancel)
    {
        var faults = request.DeliveryAddress.FaultsIn(new Faults());
        if (faults.Any)
        {
            return faults.Problem();
        }
        if (await database.Find(cardId, caller, cancel) is not { } found)
        {
            return CardProblems.NotFound();
        }
        var programme = await programmes.Find(found.ProgramId, cancel);
        var (user, refusal) = await gates.Pass(caller with { UserId = found.UserId }, found.BalanceId, cancel);

        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        if (programme is not { DigitalFirst: true })
        {
            return CardProblems.DigitalFirstDisabled();
        }
        if (user is null)
        {
            return refusal!;
        }
        var card = await work.FindForChange(cardId, caller);
        if (card is null)
        {
            return CardProblems.NotFound();
        }
        var now = clock.GetUtcNow();
        if (!card.MayBePrinted(now))
        {
            return CardProblems.NotPrintable(card.Type, card.Status);
        }

        Work.Audit(userId: card.UserId, partnerId: card.PartnerId);
        var order = PlasticOrder.For(card, OrderKind.DigitalFirst, OrderStatus.Ordered, request.DeliveryAddress, design: null, now);
        await work.Print(card.Id);
        await work.Insert(order);
        work.Owe(new PhysicalCardOrdered(card.PartnerId, card.UserId, card.BalanceId, card.Id, order.Id, order.Kind.ToString(), now));
        return await work.Answer(once, StatusCodes.Status202Accepted, new OrderTaken(order.Id, card.Id, order.Status));
    }
}
