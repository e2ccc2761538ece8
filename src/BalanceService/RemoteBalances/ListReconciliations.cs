using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.RemoteBalances;

/// <summary>Lists what days came to for balances that the partner holds, the newest first: the partner's own, or for operators every partner's.</summary>
internal static class ListReconciliations
{
    public static void MapListReconciliations(this IEndpointRouteBuilder reconciliations) => reconciliations.MapGet("/", Handle).AdmitsEveryOperator();

    private static async Task<Results<Ok<Page<ReconciliationView>>, ProblemHttpResult>> Handle(
        DateOnly? from, DateOnly? to, Guid? partnerId, int? limit, string? after, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var rows = await database.ListReconciliations(caller.IsOperator ? partnerId : caller.PartnerId!.Value, from ?? DateOnly.MinValue, to ?? DateOnly.MaxValue, page, cancel);
        return TypedResults.Ok(page.Of(rows, row => new Cursor(new DateTimeOffset(row.Day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero), row.Id), ReconciliationView.Of));
    }
}
