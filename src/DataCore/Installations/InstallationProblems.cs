using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Installations;

internal static class InstallationProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("DEVICE_NOT_FOUND", "device");

    /// <summary>One answer for a wrong, old or used-up code and an unknown phone.</summary>
    public static ProblemHttpResult ActivationFailed() =>
        Problems.Refuse(401, "ACTIVATION_FAILED", "The phone and the activation code do not go together, or the code works no more.");

    public static ProblemHttpResult TooManyDevices() =>
        Problems.Refuse(409, "TOO_MANY_DEVICES", "The user has as many devices as may be. Remove one first.");

    public static ProblemHttpResult UserLocked() => Problems.Refuse(403, "USER_LOCKED", "The user is locked.");
}
