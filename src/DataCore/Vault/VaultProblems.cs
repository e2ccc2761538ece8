using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Vault;

internal static class VaultProblems
{
    public static ProblemHttpResult CardNotFound() => Problems.NotFound("CARD_NOT_FOUND", "card");

    public static ProblemHttpResult ProcessorNotFound() => Problems.NotFound("PROCESSOR_NOT_FOUND", "processor");

    public static ProblemHttpResult CardRemoved() => Problems.Refuse(409, "CARD_REMOVED", "The card is removed, and never has a number again.");

    public static ProblemHttpResult PinTooSimple() =>
        Problems.Refuse(422, "PIN_TOO_SIMPLE", "The PIN is one that people guess: equal digits, a row up or down, two pairs, or a year.");

    public static ProblemHttpResult PinMalformed() => Problems.Invalid("pin", "must have 4 digits");

    public static ProblemHttpResult ProgramNotFound() => Problems.NotFound("PROGRAM_NOT_FOUND", "programme");

    public static ProblemHttpResult NumberNotFound() => Problems.NotFound("CARD_NUMBER_UNKNOWN", "card number");

    public static ProblemHttpResult RangeFull() => Problems.Refuse(409, "BIN_RANGE_FULL", "The programme's BIN range has no number left. Give the programme another range.");

    public static ProblemHttpResult ApprovalRequired() =>
        Problems.Refuse(403, "APPROVAL_REQUIRED", "This needs an approval of the user for this card: POST /customers/me/approvals, then the header Approval.");

    public static ProblemHttpResult ShareRefused(ShareFault fault) => Problems.Refuse(422, "SHARE_REFUSED", "The share is not taken.", fault switch
    {
        ShareFault.Unreadable => "This is no share, or it was copied wrongly.",
        ShareFault.Repeated => "This share was entered already.",
        ShareFault.OfAnotherSplit => "This share is of another split than those that were entered before.",
        ShareFault.NotTheKey => "The shares together are not the key: at least one is forged. All of them are forgotten; enter them again.",
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    });

    /// <summary>One answer for used, expired, forged, and another's: it tells an attacker nothing.</summary>
    public static ProblemHttpResult ReferenceInvalid() => Problems.Refuse(409, "REFERENCE_INVALID", "A vault reference was used before, has expired, or is not this caller's.");
}
