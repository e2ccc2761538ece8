using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Rates;

internal static class RateProblems
{
    public static ProblemHttpResult Exists() => Problems.Refuse(409, "RATE_EXISTS", "There is a rate of this pair from this moment on.");
}
