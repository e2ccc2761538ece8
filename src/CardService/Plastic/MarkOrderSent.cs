using Antaca.CardService.Authorisations;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>Notes that the bureau produces an order. Said again, or of an order that is over, it changes nothing.</summary>
internal static class MarkOrderSent
{
    public static void MapMarkOrderSent(this IEndpointRouteBuilder personalisations) =>
        personalisations.MapPost("/{orderId:guid}/sent", Handle)
            .Refuses(CardProblems.OrderNotFound());

    private static async Task<Results<Ok<PersonalisationView>, ProblemHttpResult>> Handle(
        Guid orderId, Caller caller, Programmes programmes, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var programs = await programmes.ServedBy(caller.Processor!, cancel);
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindForBureau(orderId, programs) is not { } order)
        {
            return CardProblems.OrderNotFound();
        }
        Work.Audit(userId: order.UserId, partnerId: order.PartnerId);
        var told = await work.Sent(order, clock.GetUtcNow());
        await work.Commit();
        return TypedResults.Ok(PersonalisationView.Of(told));
    }
}
