using System.ComponentModel.DataAnnotations;
using Antaca.CardService.Authorisations;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Plastic;

internal sealed record PlasticSettings
{
    private const int DevelopmentSeconds = 5;
    private const int ProductionSeconds = 48 * 60 * 60;
    private const int MaxSeconds = 60 * 24 * 60 * 60;

    /// <summary>How long the sandbox bureau takes for a piece of plastic. Unless it is set, 48 hours; in Development, 5 seconds.</summary>
    [Range(1, MaxSeconds)]
    public int? SandboxDelaySeconds { get; init; }

    public TimeSpan SandboxDelay(IHostEnvironment environment) =>
        TimeSpan.FromSeconds(SandboxDelaySeconds ?? (environment.IsDevelopment() ? DevelopmentSeconds : ProductionSeconds));
}

/// <summary>
/// The bureau of programmes that the processor <see cref="Processor"/> serves, who has none: it calls every order sent, and
/// confirms it when its time is over. Any number of replicas may do this at once.
/// </summary>
internal sealed partial class SandboxBureau(
    NpgsqlDataSource database, Programmes programmes, PlasticSettings settings, IHostEnvironment environment, TimeProvider clock, ILogger<SandboxBureau> log)
    : BackgroundService
{
    public const string Processor = "sandbox";

    private const int EverySeconds = 1;

    private readonly TimeSpan _delay = settings.SandboxDelay(environment);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(EverySeconds), clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (!await database.AnyInProduction(stoppingToken))
                {
                    continue;
                }
                var programs = await programmes.ServedBy(Processor, stoppingToken);
                while (await WorkOnOne(programs, stoppingToken))
                {
                }
            }
            catch (Exception away) when (away is PeerUnreachableException or NpgsqlException or TimeoutException)
            {
                OrdersWait(log, away.Message);
            }
        }
    }

    private async Task<bool> WorkOnOne(Guid[] programs, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindDue(programs, OrderStatus.Ordered, orderedBefore: now) is { } ordered)
        {
            await work.Sent(ordered, now);
        }
        else if (await work.FindDue(programs, OrderStatus.Sent, orderedBefore: now - _delay) is { } sent)
        {
            await work.Confirm(sent, now);
        }
        else
        {
            return false;
        }
        await work.Commit();
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sandbox's orders wait: {Reason}")]
    private static partial void OrdersWait(ILogger log, string reason);
}
