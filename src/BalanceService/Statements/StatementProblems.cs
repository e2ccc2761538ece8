using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Statements;

internal static class StatementProblems
{
    public static ProblemHttpResult HeldByPartner() =>
        Problems.Refuse(409, "BALANCE_HELD_BY_PARTNER", "The partner holds the balance itself, and its books.", "Nothing is posted on it here.");
}
