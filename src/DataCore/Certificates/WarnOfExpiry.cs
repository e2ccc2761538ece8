using System.Globalization;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Certificates;

/// <summary>
/// Tells a partner once that a client certificate of its ends within <see cref="WarnDays"/> days: in its event log, and by
/// e-mail where it has an address.
/// </summary>
internal sealed partial class WarnOfExpiry(
    NpgsqlDataSource database, [FromKeyedServices("notifications")] Peer notifications, TimeProvider clock, ILogger<WarnOfExpiry> log) : BackgroundService
{
    public const int WarnDays = 30;

    private const int EveryMinutes = 60;
    private const int BatchRows = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(EveryMinutes), clock);
        do
        {
            try
            {
                while (await WarnSome(stoppingToken) == BatchRows)
                {
                }
            }
            catch (NpgsqlException fault)
            {
                Failed(log, fault.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <returns>How many certificates were warned of.</returns>
    internal async Task<int> WarnSome(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        var expiring = await work.TakeExpiring(now, now.AddDays(WarnDays), BatchRows);
        foreach (var certificate in expiring)
        {
            work.Owe(new CertificateExpiring(certificate.PartnerId, certificate.Serial, certificate.NotAfter, now));
        }
        await work.Commit();
        foreach (var certificate in expiring)
        {
            await SendMail(certificate, cancel);
        }
        return expiring.Count;
    }

    /// <summary>The event is the promise; the mail is a courtesy, and not tried twice.</summary>
    private async Task SendMail(CertificateStore.Expiring certificate, CancellationToken cancel)
    {
        if (certificate.ContactEmail is not { } address)
        {
            return;
        }
        var values = new Dictionary<string, string>
        {
            ["serial"] = certificate.Serial,
            ["notAfter"] = certificate.NotAfter.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
        };
        try
        {
            var message = new SendMessage(Guid.CreateVersion7(clock.GetUtcNow()), "Email", address, "CertificateExpiring", values);
            var sent = await notifications.Post<SendMessage, MessageSent>("/internal/messages", message, cancel);
            if (!sent.Found)
            {
                NotSent(log, certificate.Serial, sent.Code ?? "refused");
            }
        }
        catch (PeerUnreachableException away)
        {
            NotSent(log, certificate.Serial, away.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Expiring certificates are looked for an hour later: {Reason}")]
    private static partial void Failed(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No mail tells of the end of certificate {Serial}: {Reason}")]
    private static partial void NotSent(ILogger log, string serial, string reason);
}
