using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Partners;

internal static class PartnerProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("PARTNER_NOT_FOUND", "partner");

    public static ProblemHttpResult Exists() => Problems.Refuse(409, "PARTNER_EXISTS", "There is a partner of this name.");
}
