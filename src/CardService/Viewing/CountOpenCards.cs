using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Viewing;

/// <summary>For DataCore, before a user is deleted: how many cards stand in the way. One that waits for its number does.</summary>
internal static class CountOpenCards
{
    public static void MapCountOpenCards(this IEndpointRouteBuilder users) => users.MapGet("/{userId:guid}/open-cards", Handle);

    private static async Task<Ok<OpenCards>> Handle(Guid userId, Guid partnerId, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        return TypedResults.Ok(new OpenCards(await database.CountOpen(userId, partnerId, today, cancel)));
    }
}
