using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Holds;

internal static class AuthorisationProblems
{
    public static ProblemHttpResult TransactionIdReused() =>
        Problems.Refuse(409, "TRANSACTION_ID_REUSED", "This transaction id was used for another authorisation.");

    public static ProblemHttpResult LedgerBusy() =>
        Problems.Refuse(503, "LEDGER_BUSY", "The ledger has more to do than it may keep waiting.", "Nothing was decided. Ask again shortly.");
}
