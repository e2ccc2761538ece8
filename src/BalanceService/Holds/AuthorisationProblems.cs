using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Holds;

internal static class AuthorisationProblems
{
    public const int MaxTransactionIdLength = 64;

    public static ProblemHttpResult TransactionIdReused() =>
        Problems.Refuse(409, "TRANSACTION_ID_REUSED", "This transaction id was used for something else.");

    public static ProblemHttpResult LedgerBusy() =>
        Problems.Refuse(503, "LEDGER_BUSY", "The ledger has more to do than it may keep waiting.", "Nothing was decided. Ask again shortly.");

    public static ProblemHttpResult NotFound() => Problems.NotFound("AUTHORIZATION_NOT_FOUND", "authorisation");

    public static ProblemHttpResult NotDeclined() => Problems.Refuse(409, "NOT_DECLINED", "The transaction was not declined: there is nothing to explain.");

    public static ProblemHttpResult CardNotFound() => Problems.NotFound("CARD_NOT_FOUND", "card");

    public static ProblemHttpResult NothingToReverse() =>
        Problems.Refuse(409, "NOTHING_TO_REVERSE", "The authorisation holds nothing.", "It was declined, reversed or cleared, or its hold has run out.");

    public static ProblemHttpResult MoreThanHeld() => Problems.Refuse(409, "MORE_THAN_HELD", "The authorisation does not hold as much.");

    public static ProblemHttpResult NothingToIncrease() =>
        Problems.Refuse(409, "NOTHING_TO_INCREASE", "The authorisation holds nothing that could be increased.", "It was declined, reversed or cleared, or its hold has run out.");

    public static ProblemHttpResult CurrencyMismatch(string currency) =>
        Problems.Refuse(409, "CURRENCY_MISMATCH", "The amount is in a currency that there is no exchange rate for.", $"The balance is in {currency}.");
}
