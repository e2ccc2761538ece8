using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Programmes;

/// <summary>Shows a programme to an operator.</summary>
internal static class GetProgramme
{
    public static void MapGetProgramme(this IEndpointRouteBuilder programmes) =>
        programmes.MapGet("/{programId:guid}", Handle).AdmitsOperators(Role.Admin)
            .Refuses(ProgrammeProblems.NotFound());

    private static async Task<Results<Ok<ProgrammeView>, ProblemHttpResult>> Handle(Guid programId, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.FindProgrammeView(programId, cancel) is { } programme ? TypedResults.Ok(programme) : ProgrammeProblems.NotFound();
}
