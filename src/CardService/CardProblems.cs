using Antaca.CardService.Locks;
using Antaca.CardService.Plastic;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.CardService;

/// <summary>Every refusal of this service.</summary>
internal static class CardProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("CARD_NOT_FOUND", "card");

    public static ProblemHttpResult UnknownStatus() => Problems.Invalid("status", "is not a status that a card is shown in");

    // Issuing
    public static ProblemHttpResult UserNotFound() => Problems.NotFound("USER_NOT_FOUND", "user");

    public static ProblemHttpResult UserLocked() => Problems.Refuse(409, "USER_LOCKED", "The user is locked.");

    public static ProblemHttpResult KycRequired() => Problems.Refuse(409, "KYC_REQUIRED", "The user's verification must be accepted first.");

    public static ProblemHttpResult BalanceNotFound() => Problems.NotFound("BALANCE_NOT_FOUND", "balance");

    public static ProblemHttpResult BalanceNotOpen() => Problems.Refuse(409, "BALANCE_NOT_OPEN", "The balance is not open.");

    public static ProblemHttpResult BalanceCurrencyMismatch(string balance, string programme) =>
        Problems.Refuse(409, "BALANCE_CURRENCY_MISMATCH", "A card needs a balance in the programme's currency.", $"The balance is in {balance}, the programme in {programme}.");

    // Locks
    public static ProblemHttpResult UnknownLockCode() => Problems.Invalid("code", "must be 1 to 8");

    public static ProblemHttpResult NotLockable(CardStatus status) =>
        Problems.Refuse(409, "CARD_NOT_ACTIVE", "Only a card in use can be locked or unlocked.", $"The card is {status}.");

    public static ProblemHttpResult LockIrreversible(CardLock stopped) =>
        Problems.Refuse(409, "LOCK_IRREVERSIBLE", "The card is stopped for good.", $"The card has lock {stopped.Reason.Code}: {stopped.Reason.Text}.");

    // Plastic
    public static ProblemHttpResult OrderNotFound() => Problems.NotFound("ORDER_NOT_FOUND", "order");

    public static ProblemHttpResult UnknownOrderStatus() => Problems.Invalid("status", "must be Ordered, Sent, Personalised or Failed");

    public static ProblemHttpResult OrderOver(OrderStatus status) =>
        Problems.Refuse(409, "ORDER_STATE", "The order has ended, and stays as it is.", $"The order is {status}.");

    public static ProblemHttpResult DigitalFirstDisabled() =>
        Problems.Refuse(409, "DIGITAL_FIRST_DISABLED", "The programme prints no virtual cards.");

    public static ProblemHttpResult NotPrintable(CardType type, CardStatus status) =>
        Problems.Refuse(409, "CARD_NOT_PRINTABLE", "Only an active virtual card can be printed.", $"The card is {type} and {status}.");

    public static ProblemHttpResult ProgramNotFound() => Problems.NotFound("PROGRAM_NOT_FOUND", "programme");

    public static ProblemHttpResult LinkTriesExceeded() =>
        Problems.Refuse(429, "LINK_TRIES_EXCEEDED", "Too many cards were named that cannot be linked. No more is linked today.");

    public static ProblemHttpResult CardIsRemoved() => Problems.Refuse(409, "CARD_REMOVED", "The card is removed, and needs no plastic.");

    // Authorisations
    public static ProblemHttpResult PinNotVerified() =>
        Problems.Refuse(422, "PIN_NOT_SUPPORTED", "PINs are not verified yet: send the transaction without pinBlock.");

    public static ProblemHttpResult AuthorisationTimeout() => Problems.Refuse(
        504,
        "AUTHORIZATION_TIMEOUT",
        "The authorisation was not decided in time.",
        "Sent again with the same transactionId and type it answers with the one decision there is.");
}
