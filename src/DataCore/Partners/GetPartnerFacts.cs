using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Partners;

/// <summary>Tells BalanceService that there is such a partner, before it keeps money for it.</summary>
internal static class GetPartnerFacts
{
    public static void MapGetPartnerFacts(this IEndpointRouteBuilder partners) => partners.MapGet("/{partnerId:guid}", Handle);

    private static async Task<Results<Ok<PartnerFacts>, ProblemHttpResult>> Handle(Guid partnerId, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.FindPartner(partnerId, cancel) is { } partner ? TypedResults.Ok(new PartnerFacts(partner.Id)) : PartnerProblems.NotFound();
}
