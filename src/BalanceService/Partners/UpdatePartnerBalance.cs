using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Partners;

/// <summary>
/// Changes when the partner is warned, and who is told by mail; what is absent stays. Where less is available than a new
/// threshold, the partner is warned at once, unless it has been already.
/// </summary>
internal static class UpdatePartnerBalance
{
    /// <param name="LowThreshold">Minor units: when less is available, the partner is warned; 0 for never.</param>
    /// <param name="Notify">Who is warned by e-mail too, 10 addresses at most; an empty list for nobody.</param>
    internal sealed record Request(long? LowThreshold = null, IReadOnlyList<string>? Notify = null);

    public static void MapUpdatePartnerBalance(this IEndpointRouteBuilder balances) =>
        balances.MapPatch("/{partnerBalanceId:guid}", Handle).AdmitsOperators(Role.Admin)
            .Example(new Request(2_000_000, ["treasury@bank.example", "cards@bank.example"]))
            .Refuses(PartnerBalanceProblems.NotFound());

    private static async Task<Results<Ok<PartnerBalanceView>, ProblemHttpResult>> Handle(
        Guid partnerBalanceId, Request request, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (PartnerBalance.FaultsOf(request.LowThreshold, request.Notify) is { Any: true } faults)
        {
            return faults.Problem();
        }
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindForChange(partnerBalanceId, caller) is not { } balance)
        {
            return PartnerBalanceProblems.NotFound();
        }
        var changed = balance with
        {
            LowThreshold = request.LowThreshold is null ? balance.LowThreshold : PartnerBalance.Threshold(request.LowThreshold),
            Notify = request.Notify is null ? balance.Notify : PartnerBalance.Receivers(request.Notify),
        };
        await work.SaveWarning(changed);
        Work.Audit(partnerId: balance.PartnerId);
        await work.Commit();
        return TypedResults.Ok(PartnerBalanceView.Of(changed));
    }
}
