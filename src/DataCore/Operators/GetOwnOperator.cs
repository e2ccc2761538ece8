using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>Shows the operator himself.</summary>
internal static class GetOwnOperator
{
    public static RouteHandlerBuilder MapGetOwnOperator(this IEndpointRouteBuilder operators) => operators.MapGet("/me", Handle);

    private static async Task<Results<Ok<OperatorView>, ProblemHttpResult>> Handle(Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel) =>
        await database.FindOperator(caller.OperatorId!.Value, clock.GetUtcNow(), cancel) is { } found ? TypedResults.Ok(OperatorView.Of(found)) : OperatorProblems.NotFound();
}
