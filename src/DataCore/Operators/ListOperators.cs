using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>The operators, newest first, a page at a time.</summary>
internal static class ListOperators
{
    public static RouteHandlerBuilder MapListOperators(this IEndpointRouteBuilder operators) => operators.MapGet("/", Handle);

    private static async Task<Results<Ok<Page<OperatorView>>, ProblemHttpResult>> Handle(
        int? limit, string? after, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var operators = await database.ListOperators(page, clock.GetUtcNow(), cancel);
        return TypedResults.Ok(page.Of(operators, row => new Cursor(row.CreatedAt, row.Id), OperatorView.Of));
    }
}
