using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.KycService.Decisions;

internal static class DecisionProblems
{
    public static ProblemHttpResult UserNotFound() => Problems.NotFound("USER_NOT_FOUND", "user");
}
