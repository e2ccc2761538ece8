using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Partners;

/// <summary>Lists what moved on a balance of a partner's own, newest first: reloads, adjustments, and the differences of clearings.</summary>
internal static class ListPartnerMovements
{
    public static void MapListPartnerMovements(this IEndpointRouteBuilder balances) =>
        balances.MapGet("/{partnerBalanceId:guid}/transactions", Handle).AdmitsEveryOperator().Refuses(PartnerBalanceProblems.NotFound());

    private static async Task<Results<Ok<Page<PartnerMovementView>>, ProblemHttpResult>> Handle(
        Guid partnerBalanceId, int? limit, string? after, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        if (await database.FindPartnerBalance(partnerBalanceId, caller, cancel) is not { } balance)
        {
            return PartnerBalanceProblems.NotFound();
        }
        var movements = await database.ListMovements(balance.Id, balance.PartnerId, page, cancel);
        return TypedResults.Ok(page.Of(movements, movement => Cursor.Of(movement.Position), PartnerMovementView.Of));
    }
}
