using System.Security.Cryptography;
using System.Text;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.BalanceService.Partners;

/// <summary>
/// Mails those whom the partner named that a balance of its own is low. The addresses are in no event. Each mail has an id that
/// follows from event and address: delivered again, the event sends none twice.
/// </summary>
internal sealed partial class MailLowBalance(
    [FromKeyedServices("notifications")] Peer notifications, NpgsqlDataSource database, ILogger<MailLowBalance> log) : IConsumer<PartnerBalanceLow>
{
    public async Task Consume(ConsumeContext<PartnerBalanceLow> context)
    {
        var low = context.Message;
        var receivers = await database.ListReceivers(low.BalanceId, low.PartnerId, context.CancellationToken);
        foreach (var receiver in receivers)
        {
            var mail = new SendMessage(
                IdOf(context.EventId(), receiver),
                "Email",
                receiver,
                "PartnerBalanceLow",
                new Dictionary<string, string>
                {
                    ["kind"] = low.Kind,
                    ["balance"] = low.BalanceId.ToString(),
                    ["available"] = Money.Of(low.Available, low.Currency).ToString(),
                    ["threshold"] = Money.Of(low.Threshold, low.Currency).ToString(),
                });
            var sent = await notifications.Post<SendMessage, MessageSent>("/internal/messages", mail, context.CancellationToken);
            if (!sent.Found)
            {
                Refused(log, low.BalanceId, sent.Status, sent.Code);
            }
        }
    }

    private static Guid IdOf(Guid eventId, string receiver) => new(SHA256.HashData(Encoding.UTF8.GetBytes($"{eventId}\n{receiver}")).AsSpan(0, 16));

    [LoggerMessage(Level = LogLevel.Warning, Message = "One of those who are to be told that balance {BalanceId} is low is not: {Status} {Code}")]
    private static partial void Refused(ILogger log, Guid balanceId, int status, string? code);
}
