using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Certificates;

internal static class CertificateProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("CERTIFICATE_NOT_FOUND", "certificate");

    public static ProblemHttpResult PartnerNotFound() => Problems.NotFound("PARTNER_NOT_FOUND", "partner");

    public static ProblemHttpResult KeyInUse() => Problems.Refuse(409, "KEY_IN_USE", "Another holder has a certificate for this key. Make a new key.");

    public static ProblemHttpResult TooMany() => Problems.Refuse(409, "TOO_MANY_CERTIFICATES", "The partner has as many certificates in force as may be. Revoke one first.");
}
