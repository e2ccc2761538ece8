using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Gateway.Channels;

internal static class ChannelProblems
{
    public static ProblemHttpResult TokenRequired() =>
        Problems.Refuse(401, "UNAUTHENTICATED", "This address needs a session token: Authorization: Bearer <token>.");

    public static ProblemHttpResult SessionEnded() =>
        Problems.Refuse(401, "SESSION_ENDED", "The session has ended, or there never was one. Begin a new one.");

    public static ProblemHttpResult RoleNotAllowed() =>
        Problems.Refuse(403, "ROLE_NOT_ALLOWED", "The operator's role does not allow this.");

    public static ProblemHttpResult CertificateRequired() =>
        Problems.Refuse(401, "CLIENT_CERTIFICATE_REQUIRED", "This address needs a client certificate of the partner CA.");

    public static ProblemHttpResult CertificateInvalid() =>
        Problems.Refuse(401, "CLIENT_CERTIFICATE_INVALID", "The client certificate is not of the partner CA, or not in force.");

    public static ProblemHttpResult CertificateUnknown() =>
        Problems.Refuse(401, "CLIENT_CERTIFICATE_UNKNOWN", "The client certificate is not registered, or has been revoked.");

    public static ProblemHttpResult WrongChannel() =>
        Problems.Refuse(403, "WRONG_CHANNEL", "A partner's certificate is for /secure, a processor's for /processor.");

    public static ProblemHttpResult AddressNotAllowed() =>
        Problems.Refuse(403, "ADDRESS_NOT_ALLOWED", "The partner does not call from this network address.");
}
