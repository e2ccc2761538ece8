using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Users;

internal static class UserProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("USER_NOT_FOUND", "user");

    public static ProblemHttpResult Exists() =>
        Problems.Refuse(409, "USER_EXISTS", "The programme has a user with this phone, e-mail or external id.");
}
