using System.Globalization;
using System.Threading.RateLimiting;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Operators;

internal static class OperatorProblems
{
    public const string LoginFailedCode = "LOGIN_FAILED";

    /// <summary>What the audit trail says of the try that locks; the caller hears <see cref="LoginFailed"/> as ever.</summary>
    public const string LockedOutCode = "OPERATOR_LOCKED";

    private const int ShortlySeconds = 1;

    /// <summary>One answer for whatever is wrong: nobody learns which operators there are, or how far he came.</summary>
    public static ProblemHttpResult LoginFailed() =>
        Problems.Refuse(401, LoginFailedCode, "The credentials are not right, or not in use now.");

    public static ProblemHttpResult LinkInvalid() =>
        Problems.Refuse(401, "LINK_INVALID", "The link has been used or replaced, has expired, or never was one.");

    public static ProblemHttpResult NotFound() => Problems.NotFound("OPERATOR_NOT_FOUND", "operator");

    public static ProblemHttpResult Exists() => Problems.Refuse(409, "OPERATOR_EXISTS", "There is an operator with this e-mail address.");

    public static ProblemHttpResult RoleTooHigh() => Problems.Refuse(403, "ROLE_TOO_HIGH", "Nobody gives a role above his own.");

    public static ProblemHttpResult OwnAccount() => Problems.Refuse(409, "OWN_ACCOUNT", "Nobody locks himself.");

    public static ProblemHttpResult LastAdmin() => Problems.Refuse(409, "LAST_ADMIN", "The last active Admin stays one.");

    public static ProblemHttpResult Locked() => Problems.Refuse(409, LockedOutCode, "The operator is locked. Unlock him first.");

    /// <summary>429 with <c>Retry-After</c>.</summary>
    public static ProblemHttpResult RateLimited(HttpResponse response, RateLimitLease refused)
    {
        var wait = refused.TryGetMetadata(MetadataName.RetryAfter, out var after) ? Math.Max(ShortlySeconds, (int)Math.Ceiling(after.TotalSeconds)) : ShortlySeconds;
        response.Headers.RetryAfter = wait.ToString(CultureInfo.InvariantCulture);
        return Problems.OfStatus(StatusCodes.Status429TooManyRequests);
    }
}
