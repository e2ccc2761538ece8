using Antaca.CardService.Authorisations;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Life;

/// <summary>
/// Ends the cards whose last day is past, and forgets what PINs of old transactions were found to be. A card says no from its
/// first day after on, whether this was here or not. Any number of replicas may do this at once.
/// </summary>
internal sealed partial class ExpireCards(NpgsqlDataSource database, TimeProvider clock, ILogger<ExpireCards> log) : BackgroundService
{
    private const int EverySeconds = 5;
    private const int AtOnce = 500;

    /// <summary>Nobody repeats a transaction that late.</summary>
    private const int PinChecksKeptDays = 30;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(EverySeconds), clock);
        do
        {
            try
            {
                while (await Expire(stoppingToken) is var ended and > 0)
                {
                    CardsExpired(log, ended);
                }
                await Forget(stoppingToken);
            }
            catch (Exception away) when (away is NpgsqlException or TimeoutException)
            {
                ExpiryWaits(log, away.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<int> Expire(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        var ended = await work.Expire(DateOnly.FromDateTime(now.UtcDateTime), AtOnce, now);
        foreach (var card in ended)
        {
            work.Owe(new CardExpired(card.PartnerId, card.UserId, card.Id, now));
        }
        await work.Commit();
        return ended.Count;
    }

    private async Task Forget(CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        await work.ForgetPinChecks(clock.GetUtcNow().AddDays(-PinChecksKeptDays));
        await work.Commit();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} cards expired")]
    private static partial void CardsExpired(ILogger log, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Expired cards wait: {Reason}")]
    private static partial void ExpiryWaits(ILogger log, string reason);
}
