using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Users;

internal static class UserProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("USER_NOT_FOUND", "user");

    public static ProblemHttpResult Exists() =>
        Problems.Refuse(409, "USER_EXISTS", "The programme has a user with this phone, e-mail or external id.");

    public static ProblemHttpResult HasOpenProducts(int cards, int balances) => Problems.Refuse(
        409,
        "USER_HAS_OPEN_PRODUCTS",
        "The user has cards or money left: cards are removed and balances emptied first.",
        $"Cards that are not removed or expired: {cards}. Balances with money on them or held: {balances}.");

    public static ProblemHttpResult NotOpenForRegistration() => Problems.Invalid("programId", "is not open for self-registration");
}
