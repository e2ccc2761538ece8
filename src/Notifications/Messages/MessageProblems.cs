using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Notifications.Messages;

internal static class MessageProblems
{
    public static ProblemHttpResult UnknownCarrier() => Problems.Invalid("carrier", "must be Email or Sms");

    public static ProblemHttpResult NoAddress(Carrier carrier) =>
        Problems.Invalid("to", carrier == Carrier.Email ? "must be an e-mail address" : "must be an E.164 number such as +48221234567");

    public static ProblemHttpResult Refused() =>
        Problems.Refuse(422, "MESSAGE_REFUSED", "The carrier does not deliver to this address.");

    public static ProblemHttpResult CarrierAway(Carrier carrier) =>
        Problems.Refuse(503, "CARRIER_AWAY", "The carrier does not take the message now. The same request may be sent again.", $"By {carrier}.");
}
