using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Gateway.Channels;

internal static class ChannelProblems
{
    public static ProblemHttpResult CertificateRequired() =>
        Problems.Refuse(401, "CLIENT_CERTIFICATE_REQUIRED", "This address needs a client certificate of the partner CA.");

    public static ProblemHttpResult CertificateInvalid() =>
        Problems.Refuse(401, "CLIENT_CERTIFICATE_INVALID", "The client certificate is not of the partner CA, or not in force.");

    public static ProblemHttpResult CertificateUnknown() =>
        Problems.Refuse(401, "CLIENT_CERTIFICATE_UNKNOWN", "The client certificate is not registered, or has been revoked.");

    public static ProblemHttpResult WrongChannel() =>
        Problems.Refuse(403, "WRONG_CHANNEL", "A partner's certificate is for /secure, a processor's for /processor.");
}
