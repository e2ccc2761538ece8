using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Programmes;

/// <summary>Answers the neighbours what a programme allows and who processes it.</summary>
internal static class GetProgrammeFacts
{
    public static void MapGetProgrammeFacts(this IEndpointRouteBuilder programmes) => programmes.MapGet("/{programId:guid}", Handle);

    private static async Task<Results<Ok<ProgrammeFacts>, ProblemHttpResult>> Handle(Guid programId, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.FindProgramme(programId, partnerId: null, cancel) is { } facts
            ? TypedResults.Ok(facts)
            : Problems.NotFound("PROGRAM_NOT_FOUND", "programme");
}
