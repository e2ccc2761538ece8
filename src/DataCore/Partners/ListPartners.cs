using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Partners;

/// <summary>Lists the partners, newest first.</summary>
internal static class ListPartners
{
    public static void MapListPartners(this IEndpointRouteBuilder partners) => partners.MapGet("/", Handle).AdmitsOperators(Role.Admin);

    private static async Task<Results<Ok<Page<PartnerView>>, ProblemHttpResult>> Handle(int? limit, string? after, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var partners = await database.ListPartners(page, cancel);
        return TypedResults.Ok(page.Of(partners, partner => new Cursor(partner.CreatedAt, partner.Id), PartnerView.Of));
    }
}
