using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Partners;

/// <summary>
/// Looks every second which partners' own balances have crossed their threshold, and says of those that fell below it so: once,
/// and again only after they were above. A fall that is made good within the second may pass unseen. Any number of replicas may
/// look at the same time.
/// </summary>
internal sealed partial class WatchPartnerBalances(NpgsqlDataSource database, TimeProvider clock, ILogger<WatchPartnerBalances> log) : BackgroundService
{
    private const int EverySeconds = 1;
    private const int BatchRows = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(EverySeconds), clock);
        do
        {
            try
            {
                await Look(stoppingToken);
            }
            catch (NpgsqlException fault)
            {
                Failed(log, fault.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task Look(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        foreach (var low in await work.TakeCrossings(BatchRows))
        {
            work.Owe(new PartnerBalanceLow(
                low.PartnerId, low.Id, low.Kind.ToString(), Math.Max(low.Available, -Money.MaxMinorUnits), low.LowThreshold!.Value, low.Currency, now));
        }
        await work.Commit();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Thresholds are looked at again in a second: {Reason}")]
    private static partial void Failed(ILogger log, string reason);
}
