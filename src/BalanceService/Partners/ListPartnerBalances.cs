using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Partners;

/// <summary>Lists a partner's own balances, newest first.</summary>
internal static class ListPartnerBalances
{
    public static void MapListPartnerBalances(this IEndpointRouteBuilder balances) => balances.MapGet("/", HandleOwn);

    public static void MapListPartnerBalancesOf(this IEndpointRouteBuilder partners) => partners.MapGet("/{partnerId:guid}/balances", HandleAny).AdmitsEveryOperator();

    private static Task<Results<Ok<Page<PartnerBalanceView>>, ProblemHttpResult>> HandleOwn(
        int? limit, string? after, Caller caller, NpgsqlDataSource database, CancellationToken cancel) =>
        List(caller.PartnerId!.Value, limit, after, database, cancel);

    private static Task<Results<Ok<Page<PartnerBalanceView>>, ProblemHttpResult>> HandleAny(
        Guid partnerId, int? limit, string? after, NpgsqlDataSource database, CancellationToken cancel) =>
        List(partnerId, limit, after, database, cancel);

    private static async Task<Results<Ok<Page<PartnerBalanceView>>, ProblemHttpResult>> List(
        Guid partnerId, int? limit, string? after, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var balances = await database.ListPartnerBalances(partnerId, page, cancel);
        return TypedResults.Ok(page.Of(balances, balance => new Cursor(balance.CreatedAt, balance.Id), PartnerBalanceView.Of));
    }
}
