using Antaca.CardService.Authorisations;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>
/// Notes that the bureau cannot make the plastic of an order. A card that is nothing without its plastic is removed and its
/// number destroyed; a card in use stays in use, and can be printed again. Said again it changes nothing, not even the
/// reason; plastic that was confirmed stays confirmed.
/// </summary>
internal static class FailPersonalisation
{
    private const int MaxReasonLength = 200;

    /// <param name="Reason">The bureau's own words, which the user's partner reads. No name, no number.</param>
    internal sealed record Request(string Reason);

    public static void MapFailPersonalisation(this IEndpointRouteBuilder personalisations) =>
        personalisations.MapPost("/{orderId:guid}/fail", Handle)
            .WithSummary("Gives up the plastic of an order")
            .Example(new Request("The address does not exist"))
            .Refuses(CardProblems.OrderNotFound(), CardProblems.OrderOver(OrderStatus.Personalised));

    private static async Task<Results<Ok<PersonalisationView>, ProblemHttpResult>> Handle(
        Guid orderId, Request request, Caller caller, Programmes programmes, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var faults = new Faults()
            .UnlessLine(request.Reason, "reason", MaxReasonLength)
            .Unless(!CardNumbers.MayBeIn(request.Reason), "reason", CardNumbers.Fault);
        if (faults.Any)
        {
            return faults.Problem();
        }

        var programs = await programmes.ServedBy(caller.Processor!, cancel);
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindForBureau(orderId, programs) is not { } order)
        {
            return CardProblems.OrderNotFound();
        }
        Work.Audit(userId: order.UserId, partnerId: order.PartnerId);
        var told = await work.Fail(order, request.Reason, clock.GetUtcNow());
        if (told.Status != OrderStatus.Failed)
        {
            return CardProblems.OrderOver(told.Status);
        }
        await work.Commit();
        return TypedResults.Ok(PersonalisationView.Of(told));
    }
}
