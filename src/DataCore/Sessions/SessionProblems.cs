using System.Globalization;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Sessions;

internal static class SessionProblems
{
    /// <summary>One answer for an unknown installation, a used or old challenge and a wrong signature.</summary>
    public static ProblemHttpResult LoginFailed() => Problems.Refuse(401, "LOGIN_FAILED", "The challenge and its signature do not prove the installation.");

    public static ProblemHttpResult WrongPin(int triesLeft)
    {
        var details = Problems.Details(401, "WRONG_PIN", "The PIN is wrong.", string.Create(CultureInfo.InvariantCulture, $"{triesLeft} tries are left."));
        details.Extensions["triesLeft"] = triesLeft;
        return TypedResults.Problem(details);
    }

    /// <summary>What the gateway says of such a session; here it ended while the request was on its way.</summary>
    public static ProblemHttpResult Ended() => Problems.Refuse(401, "SESSION_ENDED", "The session has ended.");

    public static ProblemHttpResult InstallationEnded() =>
        Problems.Refuse(401, "INSTALLATION_ENDED", "The PIN was wrong too often: the device must be paired again.");
}
