using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Partners;

internal static class PartnerBalanceProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("PARTNER_BALANCE_NOT_FOUND", "partner balance");

    public static ProblemHttpResult PartnerNotFound() => Problems.NotFound("PARTNER_NOT_FOUND", "partner");

    public static ProblemHttpResult Exists() => Problems.Refuse(409, "PARTNER_BALANCE_EXISTS", "The partner has a balance of this kind in this currency.");
}
