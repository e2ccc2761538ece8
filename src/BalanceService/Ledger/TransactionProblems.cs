using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Ledger;

internal static class TransactionProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("TRANSACTION_NOT_FOUND", "transaction");
}
