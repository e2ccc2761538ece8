using Antaca.CardService.Authorisations;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>
/// Notes that the bureau has made the plastic of an order, whether or not it said before that it would. Said again it
/// changes nothing; an order that failed stays failed.
/// </summary>
internal static class ConfirmPersonalisation
{
    public static void MapConfirmPersonalisation(this IEndpointRouteBuilder personalisations) =>
        personalisations.MapPost("/{orderId:guid}/confirm", Handle)
            .WithSummary("Confirms that the plastic of an order is made")
            .Refuses(CardProblems.OrderNotFound(), CardProblems.OrderOver(OrderStatus.Failed));

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
        var told = await work.Confirm(order, clock.GetUtcNow());
        if (told.Status != OrderStatus.Personalised)
        {
            return CardProblems.OrderOver(told.Status);
        }
        await work.Commit();
        return TypedResults.Ok(PersonalisationView.Of(told));
    }
}
