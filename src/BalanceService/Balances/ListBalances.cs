using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>Lists a user's balances, newest first.</summary>
internal static class ListBalances
{
    public static void MapListBalances(this IEndpointRouteBuilder balances) => balances.MapGet("/", Handle).AdmitsEveryOperator();

    private static async Task<Results<Ok<Page<BalanceView>>, ProblemHttpResult>> Handle(
        int? limit, string? after, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var balances = await database.ListBalances(caller, page, cancel);
        return TypedResults.Ok(page.Of(balances, balance => new Cursor(balance.CreatedAt, balance.Id), BalanceView.Of));
    }
}
