using System.Globalization;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Journal;

/// <summary>
/// Seals the journal's new entries every second, and signs what the chain came to with the last entry of each UTC day. It may be
/// stopped at any moment, and run in every replica.
/// </summary>
internal sealed partial class SealJournal(NpgsqlDataSource database, JournalKey key, TimeProvider clock, ILogger<SealJournal> log) : BackgroundService
{
    /// <summary>A day is signed so long after its end: who posts takes the time first, and may wait for a lock then.</summary>
    public const int GraceSeconds = 60;

    private const int EverySeconds = 1;
    private const int BatchEntries = 5_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(EverySeconds), clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SealNew(stoppingToken);
                await SignDays(stoppingToken);
            }
            catch (NpgsqlException fault)
            {
                SealingFailed(log, fault.Message);
            }
        }
    }

    private async Task SealNew(CancellationToken cancel)
    {
        if (!await database.AnythingToSeal(cancel) || await CompleteUntil(cancel) is not { } complete)
        {
            return;
        }
        while (await SealBatch(complete, cancel))
        {
        }
    }

    private async Task<bool> SealBatch(long complete, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (!await work.TakeTurn())
        {
            return false;
        }
        var head = await work.FindHead();
        var entries = await work.ReadEntries(head.Position, complete, BatchEntries);
        if (entries.Count == 0)
        {
            return false;
        }
        await work.AddSeal(head, JournalChain.Next(head, entries));
        await work.Commit();
        return entries.Count == BatchEntries;
    }

    private async Task SignDays(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (await database.NextDay(cancel) is not { } next || !IsOver(next, now) || await CompleteUntil(cancel) is not { } complete)
        {
            return;
        }
        while (await SignDay(complete, now, cancel))
        {
        }
    }

    private async Task<bool> SignDay(long complete, DateTimeOffset now, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (!await work.TakeTurn() || await work.NextDay() is not { } day || !IsOver(day, now))
        {
            return false;
        }
        var position = await work.LastPositionOfDay(EndOf(day), complete);
        if ((await work.FindHead()).Position < position)
        {
            return false;
        }
        var before = await work.FindSeal(position);
        var last = JournalChain.Next(before, await work.ReadEntries(before.Position, position, BatchEntries));
        await work.AddRoot(day, last, key.Sign(day, last), now);
        await work.Commit();
        return true;
    }

    /// <summary>The position up to which nothing is to come any more; null while somebody is busy writing.</summary>
    private async Task<long?> CompleteUntil(CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        try
        {
            await work.WaitForWriters();
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return null;
        }
        // A statement of its own: it sees what was committed while the one before waited.
        return await work.LastPosition();
    }

    private static DateTimeOffset EndOf(string day) =>
        new(DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture).AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

    private static bool IsOver(string day, DateTimeOffset now) => now >= EndOf(day).AddSeconds(GraceSeconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The journal could not be sealed and is tried again in a second: {Reason}")]
    private static partial void SealingFailed(ILogger log, string reason);
}
