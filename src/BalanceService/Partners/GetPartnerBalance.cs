using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Partners;

/// <summary>Shows a balance of a partner's own.</summary>
internal static class GetPartnerBalance
{
    public static void MapGetPartnerBalance(this IEndpointRouteBuilder balances) =>
        balances.MapGet("/{partnerBalanceId:guid}", Handle).AdmitsEveryOperator().Refuses(PartnerBalanceProblems.NotFound());

    private static async Task<Results<Ok<PartnerBalanceView>, ProblemHttpResult>> Handle(
        Guid partnerBalanceId, Caller caller, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.FindPartnerBalance(partnerBalanceId, caller, cancel) is { } balance
            ? TypedResults.Ok(PartnerBalanceView.Of(balance))
            : PartnerBalanceProblems.NotFound();
}
