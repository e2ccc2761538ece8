using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Adjustments;

/// <summary>Lists the adjustments that need or needed a second operator's consent, newest first.</summary>
internal static class ListAdjustments
{
    public static void MapListAdjustments(this IEndpointRouteBuilder adjustments) => adjustments.MapGet("/", Handle).AdmitsEveryOperator();

    private static async Task<Results<Ok<Page<AdjustmentView>>, ProblemHttpResult>> Handle(
        string? status, int? limit, string? after, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (status is not null && !Enum.GetNames<AdjustmentStatus>().Contains(status))
        {
            return Problems.Invalid("status", "is not a status of adjustments");
        }
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var adjustments = await database.ListAdjustments(status, page, cancel);
        return TypedResults.Ok(page.Of(adjustments, adjustment => new Cursor(adjustment.ProposedAt, adjustment.Id), AdjustmentView.Of));
    }
}
