using Antaca.CardService.Authorisations;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>The orders of the programmes that a bureau serves, in one state, newest first, a page at a time. Without a secret.</summary>
internal static class ListPersonalisations
{
    public static void MapListPersonalisations(this IEndpointRouteBuilder personalisations) =>
        personalisations.MapGet("/", Handle)
            .WithDescription("Those in state Ordered unless another state is named: Ordered, Sent, Personalised or Failed.")
            .Refuses(CardProblems.UnknownOrderStatus());

    private static async Task<Results<Ok<Page<PersonalisationView>>, ProblemHttpResult>> Handle(
        string? status, int? limit, string? after, Caller caller, Programmes programmes, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var asked = OrderStatus.Ordered;
        if (status is not null && (!Enum.TryParse(status, out asked) || asked.ToString() != status || asked == OrderStatus.Issuing))
        {
            return CardProblems.UnknownOrderStatus();
        }
        var orders = await database.ListOrders(await programmes.ServedBy(caller.Processor!, cancel), asked, page, cancel);
        return TypedResults.Ok(page.Of(orders, order => new Cursor(order.OrderedAt, order.Id), PersonalisationView.Of));
    }
}
