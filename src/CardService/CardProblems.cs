using Antaca.CardService.Life;
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

    // Life
    public static ProblemHttpResult NotInactive(CardType type, CardStatus status) =>
        Problems.Refuse(409, "CARD_NOT_INACTIVE", "Only a physical card that was not in use yet is activated.", $"The card is {type} and {status}.");

    public static ProblemHttpResult Expired() => Problems.Refuse(409, "CARD_EXPIRED", "The card has expired.");

    public static ProblemHttpResult InProduction() => Problems.Refuse(409, "CARD_IN_PRODUCTION", "The card is in production. Remove it when it has come, or let the bureau fail its order.");

    public static ProblemHttpResult NotAlive(CardStatus status) => Problems.Refuse(409, "CARD_NOT_ACTIVE", "The card is over.", $"The card is {status}.");

    public static ProblemHttpResult NotRenewable(CardType type) =>
        Problems.Refuse(409, "CARD_NOT_RENEWABLE", "Only a virtual card is renewed. Order new plastic in good time.", $"The card is {type}.");

    public static ProblemHttpResult TooEarly(DateOnly exp) =>
        Problems.Refuse(409, "CARD_NOT_DUE", $"A card is renewed within its last {RenewCard.LastDays} days.", $"It works until {exp:yyyy-MM-dd}.");

    public static ProblemHttpResult ReplacementNotFound() =>
        Problems.Invalid("replacedBy", "must be another card of the same user and programme that is in use, and follows on no other");

    public static ProblemHttpResult RequestNotFound() => Problems.NotFound("REQUEST_NOT_FOUND", "request");

    // Secrets
    public static ProblemHttpResult CvvPrinted() => Problems.Refuse(409, "CARD_CVV_PRINTED", "The CVV is printed on the card, and stays.");

    public static ProblemHttpResult HasNoPin() => Problems.Refuse(409, "CARD_HAS_NO_PIN", "A virtual card has no PIN.");

    // Authorisations
    public static ProblemHttpResult AuthorisationTimeout() => Problems.Refuse(
        504,
        "AUTHORIZATION_TIMEOUT",
        "The authorisation was not decided in time.",
        "Sent again with the same transactionId and type it answers with the one decision there is.");
}
