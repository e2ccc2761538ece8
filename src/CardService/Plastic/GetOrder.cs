using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>Where an order of plastic stands.</summary>
internal static class GetOrder
{
    public static void MapGetOrder(this IEndpointRouteBuilder cards) =>
        cards.MapGet("/orders/{orderId:guid}", Handle).AdmitsEveryOperator()
            .Refuses(CardProblems.OrderNotFound());

    private static async Task<Results<Ok<OrderView>, ProblemHttpResult>> Handle(Guid orderId, Caller caller, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.FindOrder(orderId, caller, cancel) is { } order ? TypedResults.Ok(OrderView.Of(order)) : CardProblems.OrderNotFound();
}
