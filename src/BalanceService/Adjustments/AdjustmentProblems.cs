using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Adjustments;

internal static class AdjustmentProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("ADJUSTMENT_NOT_FOUND", "adjustment");

    public static ProblemHttpResult InsufficientFunds(Account balance) =>
        Problems.Refuse(409, "INSUFFICIENT_FUNDS", "The balance has less available than would be taken.", $"{balance.Available} minor units are available.");

    public static ProblemHttpResult Own() => Problems.Refuse(409, "OWN_ADJUSTMENT", "Another operator than the one who proposed it must approve.");

    public static ProblemHttpResult Decided(Adjustment adjustment) => Decided($"It is {adjustment.Status}.");

    public static ProblemHttpResult Decided(string? detail = null) => Problems.Refuse(409, "ADJUSTMENT_DECIDED", "The adjustment was decided otherwise.", detail);
}
