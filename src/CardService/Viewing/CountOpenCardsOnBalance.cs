using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Viewing;

/// <summary>For BalanceService, before a balance is closed: how many cards stand in the way. One that waits for its number or its plastic does.</summary>
internal static class CountOpenCardsOnBalance
{
    public static void MapCountOpenCardsOnBalance(this IEndpointRouteBuilder balances) => balances.MapGet("/{balanceId:guid}/open-cards", Handle);

    private static async Task<Ok<OpenCards>> Handle(
        Guid balanceId, Guid partnerId, Guid userId, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        return TypedResults.Ok(new OpenCards(await database.CountOpenOnBalance(balanceId, userId, partnerId, today, cancel)));
    }
}
