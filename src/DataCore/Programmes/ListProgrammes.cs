using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Programmes;

/// <summary>Lists a partner's own programmes; for an operator every partner's, or one's. Newest first.</summary>
internal static class ListProgrammes
{
    public static void MapListProgrammes(this IEndpointRouteBuilder programmes) => programmes.MapGet("/", Handle).Admits(Channel.Secure).AdmitsOperators(Role.Admin);

    private static async Task<Results<Ok<Page<ProgrammeView>>, ProblemHttpResult>> Handle(
        Guid? partnerId, int? limit, string? after, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var programmes = await database.ListProgrammes(caller.IsOperator ? partnerId : caller.PartnerId, page, cancel);
        return TypedResults.Ok(page.Of(programmes, programme => new Cursor(programme.CreatedAt, programme.Id), programme => programme));
    }
}
