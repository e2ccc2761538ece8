using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Sessions;

/// <summary>Once an hour, and at the start: challenges and approvals that expired, and sessions and codes that have been over for a month, are deleted.</summary>
internal sealed partial class ForgetOldSessions(NpgsqlDataSource database, TimeProvider clock, ILogger<ForgetOldSessions> log) : BackgroundService
{
    private const int EveryMinutes = 60;
    private const int KeptDays = 30;
    private const int MostAtOnce = 2_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(EveryMinutes), clock);
        do
        {
            try
            {
                while (await Forget(stoppingToken) == MostAtOnce)
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

    private async Task<int> Forget(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        var forgotten = await work.Forget(now, now.AddDays(-KeptDays), MostAtOnce);
        await work.Commit();
        return forgotten;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old sessions are forgotten an hour later: {Reason}")]
    private static partial void Failed(ILogger log, string reason);
}
