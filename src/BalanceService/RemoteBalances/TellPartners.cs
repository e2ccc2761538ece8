using System.Text;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.RemoteBalances;

/// <summary>
/// Tells partners' hosts what became of transactions of balances that they hold, in order for each transaction, at least once
/// and recognisable by <c>X-Idempotency-Key</c>. What is not taken is told again, after longer and longer, for three days. Any number of
/// replicas may do this at once.
/// </summary>
internal sealed partial class TellPartners(NpgsqlDataSource database, PartnerHosts hosts, Programmes programmes, TimeProvider clock, ILogger<TellPartners> log) : BackgroundService
{
    public const int ToldForDays = 3;

    private const int EverySeconds = 1;
    private const int BatchMessages = 16;
    private const int ClaimSeconds = 30;
    private const int FirstWaitSeconds = 2;
    private const int MaxWaitSeconds = 60 * 60;
    private const int DoublingsOfWait = 11;

    /// <summary>How long after so many failures a message is told again: 2 s, 4 s, 8 s, at last every hour.</summary>
    public static TimeSpan WaitAfter(int failures) =>
        TimeSpan.FromSeconds(Math.Min(MaxWaitSeconds, (long)FirstWaitSeconds << Math.Min(failures - 1, DoublingsOfWait)));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(EverySeconds), clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await ClaimSome(stoppingToken) is { Count: > 0 } messages)
                {
                    await Task.WhenAll(messages.Select(message => Tell(message, stoppingToken)));
                }
            }
            catch (Exception away) when (away is NpgsqlException or TimeoutException or PeerUnreachableException)
            {
                MessagesWait(log, away.Message);
            }
        }
    }

    private async Task<IReadOnlyList<RemoteMessage>> ClaimSome(CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        var now = clock.GetUtcNow();
        var messages = await work.ClaimRemote(now, now.AddSeconds(ClaimSeconds), BatchMessages);
        await work.Commit();
        return messages;
    }

    private async Task Tell(RemoteMessage message, CancellationToken cancel)
    {
        var fault = await Send(message, cancel);
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (fault is null)
        {
            await work.NoteTaken(message.Id);
        }
        else
        {
            var next = now + WaitAfter(message.Failures + 1);
            var last = next > message.OccurredAt.AddDays(ToldForDays);
            NotTaken(log, message.PartnerId, message.Kind, message.Reference, message.Failures + 1, last, fault);
            await (last ? work.NoteFailed(message.Id) : work.PostponeRemote(message.Id, next));
        }
        await work.Commit();
    }

    /// <returns>Null when the host has taken it.</returns>
    private async Task<string?> Send(RemoteMessage message, CancellationToken cancel)
    {
        if ((await programmes.Find(message.ProgrammeId, cancel))?.RemoteUrl is not { } remoteUrl)
        {
            return "it has no address any more";
        }
        var path = message.Kind switch
        {
            RemoteMessageKind.Advice => "/authorizations",
            RemoteMessageKind.Reversal => "/reversals",
            RemoteMessageKind.Clearing => "/clearings",
            _ => "/refunds",
        };
        var (status, fault) = await hosts.Tell(remoteUrl, path, message.Id, Encoding.UTF8.GetBytes(message.Body), cancel);
        // What a host never heard of, it need not let go of.
        return message.Kind == RemoteMessageKind.Reversal && status == StatusCodes.Status404NotFound ? null : fault;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partner {PartnerId} has not taken {Kind} of transaction {Reference} (try {Failures}, the last: {Last}): {Reason}")]
    private static partial void NotTaken(ILogger log, Guid partnerId, RemoteMessageKind kind, Guid reference, int failures, bool last, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messages to partners wait: {Reason}")]
    private static partial void MessagesWait(ILogger log, string reason);
}
