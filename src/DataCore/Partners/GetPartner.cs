using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Partners;

/// <summary>Shows a partner to an operator.</summary>
internal static class GetPartner
{
    public static void MapGetPartner(this IEndpointRouteBuilder partners) =>
        partners.MapGet("/{partnerId:guid}", Handle).AdmitsOperators(Role.Admin)
            .Refuses(PartnerProblems.NotFound());

    private static async Task<Results<Ok<PartnerView>, ProblemHttpResult>> Handle(Guid partnerId, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.FindPartner(partnerId, cancel) is { } partner ? TypedResults.Ok(PartnerView.Of(partner)) : PartnerProblems.NotFound();
}
