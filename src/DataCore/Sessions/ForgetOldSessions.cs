using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Sessions;

/// <summary>Once an hour: challenges that expired, and sessions and approvals that have been over for a month, are deleted.</summary>
internal sealed partial class ForgetOldSessions(NpgsqlDataSource database, TimeProvider clock, ILogger<ForgetOldSessions> log) : BackgroundService
{
    private const int EveryMinutes = 60;
    private const int KeptDays = 30;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(EveryMinutes), clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var now = clock.GetUtcNow();
                await using var work = await Work.Begin(database, stoppingToken);
                await work.Forget(now, now.AddDays(-KeptDays));
                await work.Commit();
            }
            catch (NpgsqlException fault)
            {
                Failed(log, fault.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old sessions are forgotten an hour later: {Reason}")]
    private static partial void Failed(ILogger log, string reason);
}
