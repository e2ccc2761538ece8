using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Balances;

internal static class BalanceProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("BALANCE_NOT_FOUND", "balance");

    public static ProblemHttpResult UserNotFound() => Problems.NotFound("USER_NOT_FOUND", "user");

    public static ProblemHttpResult UserLocked() => Problems.Refuse(409, "USER_LOCKED", "The user is locked.");

    public static ProblemHttpResult KycRequired(string status) =>
        Problems.Refuse(409, "KYC_REQUIRED", "The user must be verified first.", $"The verification stands at {status}.");

    public static ProblemHttpResult UnknownCurrency() => Problems.Invalid("currency", "is not an active ISO 4217 currency");

    public static ProblemHttpResult NotOpen(Account balance) =>
        Problems.Refuse(409, "BALANCE_NOT_OPEN", "The balance takes no money.", $"It is {balance.State}.");

    public static ProblemHttpResult CurrencyMismatch(Account balance, Money amount) =>
        Problems.Refuse(409, "BALANCE_CURRENCY_MISMATCH", "The balance is in another currency.", $"It is in {balance.Currency}, the amount in {amount.Currency}.");

    public static ProblemHttpResult ExternalIdTaken() =>
        Problems.Refuse(409, "EXTERNAL_ID_TAKEN", "Another balance of the programme has this external id.");

    public static ProblemHttpResult HeldByPartner() =>
        Problems.Refuse(409, "BALANCE_HELD_BY_PARTNER", "The partner holds the money of this balance itself.");

    public static ProblemHttpResult PartnerHostUnavailable() =>
        Problems.Refuse(503, "PARTNER_HOST_UNAVAILABLE", "The partner holds this balance, and its host does not say what is on it.", "Ask again shortly.");

    public static ProblemHttpResult LimitExceeded() =>
        Problems.Refuse(409, "BALANCE_LIMIT_EXCEEDED", "The amount would take an account beyond what the ledger counts exactly.");

    public static ProblemHttpResult Closed() => Problems.Refuse(409, "BALANCE_CLOSED", "The balance is closed for good.");

    public static ProblemHttpResult NotEmpty() => Problems.Refuse(409, "BALANCE_NOT_EMPTY", "There is money on the balance, or held.");

    public static ProblemHttpResult HasCards() => Problems.Refuse(409, "BALANCE_HAS_CARDS", "There are cards on the balance that are not removed or expired.");
}
