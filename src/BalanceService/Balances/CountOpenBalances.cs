using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>For DataCore, before a user is deleted: how many balances have money on them, or held.</summary>
internal static class CountOpenBalances
{
    public static void MapCountOpenBalances(this IEndpointRouteBuilder users) => users.MapGet("/{userId:guid}/open-balances", Handle);

    private static async Task<Ok<OpenBalances>> Handle(Guid userId, Guid partnerId, NpgsqlDataSource database, CancellationToken cancel) =>
        TypedResults.Ok(new OpenBalances(await database.CountOpen(userId, partnerId, cancel)));
}
