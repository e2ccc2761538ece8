using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>Sums up for operators what there is in each currency: on users' balances, and with the partners' own ones.</summary>
internal static class SumBalances
{
    public static void MapSumBalances(this IEndpointRouteBuilder summary) => summary.MapGet("/", Handle).AdmitsEveryOperator();

    private static async Task<Ok<IReadOnlyList<BalanceSummary>>> Handle(NpgsqlDataSource database, CancellationToken cancel) =>
        TypedResults.Ok(await database.SumBalances(cancel));
}
