using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Antaca.Notifications.Messages;

/// <summary>
/// The ways out: mail, text messages, and Development's folder in the place of both. What a carrier answers never leaves
/// here: it may repeat an address.
/// </summary>
internal sealed class Carriers(MessageFolder folder, MailCarrier mail, SmsCarrier sms)
{
    /// <returns>How it ended, and the kind of failure where it did not end well.</returns>
    public async Task<(Outcome Outcome, string Reason)> HandOver(Message message, CancellationToken cancel)
    {
        try
        {
            if (folder.Takes)
            {
                await folder.Keep(message, cancel);
            }
            else if (message.Carrier == Carrier.Email)
            {
                await mail.Send(message, cancel);
            }
            else
            {
                await sms.Send(message, cancel);
            }
            return (Outcome.Sent, "");
        }
        catch (SmtpCommandException refused) when (refused.ErrorCode == SmtpErrorCode.RecipientNotAccepted && (int)refused.StatusCode is >= 500 and < 600)
        {
            return (Outcome.Refused, $"{refused.ErrorCode} {(int)refused.StatusCode}");
        }
        catch (SmtpCommandException refused)
        {
            return (Outcome.Failed, $"{refused.ErrorCode} {(int)refused.StatusCode}");
        }
        catch (NumberRefusedException refused)
        {
            return (Outcome.Refused, $"{refused.Status}");
        }
        catch (HttpRequestException away)
        {
            return (Outcome.Failed, $"{away.HttpRequestError} {(int?)away.StatusCode}".TrimEnd());
        }
        catch (Exception away) when (away is ProtocolException or ServiceNotAuthenticatedException or AuthenticationException or SslHandshakeException
            or SocketException or IOException or TimeoutException or OperationCanceledException or NotSupportedException or CarrierNotSetException)
        {
            return (Outcome.Failed, away.GetType().Name);
        }
    }
}

/// <summary>No settings say where this carrier is.</summary>
internal sealed class CarrierNotSetException() : Exception("The carrier is not set.");
