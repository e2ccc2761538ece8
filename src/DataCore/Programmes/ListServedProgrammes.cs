using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Programmes;

/// <summary>Answers the neighbours which programmes a processor serves.</summary>
internal static class ListServedProgrammes
{
    public static void MapListServedProgrammes(this IEndpointRouteBuilder programmes) => programmes.MapGet("/", Handle);

    private static async Task<Ok<ServedProgrammes>> Handle(string processor, NpgsqlDataSource database, CancellationToken cancel) =>
        TypedResults.Ok(new ServedProgrammes(await database.ListServed(processor, cancel)));
}
