using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Journal;

internal static class JournalStore
{
    /// <summary>One at a time seals and signs, whichever replica it is in.</summary>
    private const long SealerLock = 0x5365616C6572; // "Sealer"

    /// <summary>Writers of entries share it until they commit (the trigger <c>entries_announced</c>).</summary>
    private const long WritersLock = 0x4A6F75726E616C; // "Journal"

    public static Task<bool> TakeTurn(this Work work) => work.One<bool>("select pg_try_advisory_xact_lock(@SealerLock)", new { SealerLock });

    public static Task<bool> AnythingToSeal(this NpgsqlDataSource database, CancellationToken cancel) =>
        database.One<bool>("select exists (select from entries where position > coalesce((select max(position) from seals), 0))", null, cancel);

    /// <summary>Waits, for a moment only, until nobody is between writing entries and committing them; whoever comes then waits for us.</summary>
    /// <exception cref="PostgresException">Somebody took longer: lock_not_available.</exception>
    public static async Task WaitForWriters(this Work work)
    {
        await work.Change("set local lock_timeout = '50ms'");
        await work.Change("select pg_advisory_xact_lock(@WritersLock)", new { WritersLock });
    }

    public static Task<long> LastPosition(this Work work) => work.One<long>("select coalesce(max(position), 0) from entries");

    public static Task<Seal> FindHead(this Work work) => work.FindSeal(long.MaxValue);

    /// <summary>The last seal at or before a position.</summary>
    public static async Task<Seal> FindSeal(this Work work, long position) =>
        await work.One<Seal>("select position, number, hash from seals where position <= @position order by position desc limit 1", new { position })
        ?? Seal.Beginning;

    /// <summary>The entries after one position, up to and with another.</summary>
    public static Task<IReadOnlyList<JournalEntry>> ReadEntries(this Work work, long after, long until, int limit) =>
        work.Many<JournalEntry>(
            """
            select position, partner_id, transaction_id, operation_id, account_id, amount, currency, posted_at
            from entries
            where position > @after and position <= @until
            order by position
            limit @limit
            """,
            new { after, until, limit });

    public static Task AddSeal(this Work work, Seal previous, Seal seal) =>
        work.Change(
            "insert into seals (position, previous, number, hash) values (@Position, nullif(@previous, 0), @Number, @Hash)",
            new { seal.Position, previous = previous.Position, seal.Number, seal.Hash });

    /// <summary>The day (2026-11-29) after the last that is signed, or the first entry's; null while there is no entry.</summary>
    public static Task<string?> NextDay(this NpgsqlDataSource database, CancellationToken cancel) => database.One<string>(NextDaySql, null, cancel);

    public static Task<string?> NextDay(this Work work) => work.One<string>(NextDaySql);

    /// <summary>The last entry that was posted before a day's end, as far as the journal is complete: never before the last root's.</summary>
    public static Task<long> LastPositionOfDay(this Work work, DateTimeOffset end, long complete) =>
        work.One<long>(
            // Found by the times, of that day alone, and not from the end of the journal back (the offset sees to that): what came since may be long.
            """
            with signed as (
                select day, position
                from roots
                order by day desc
                limit 1
            ),
            posted as (
                select position
                from entries
                where posted_at < @end and position <= @complete
                    and posted_at >= coalesce((select (day + 1)::timestamp at time zone 'UTC' from signed), '-infinity')
                offset 0
            )
            select greatest((select max(position) from posted), (select position from signed))
            """,
            new { end, complete });

    public static Task AddRoot(this Work work, string day, Seal last, byte[] signature, DateTimeOffset now) =>
        work.Change(
            """
            insert into roots (day, position, number, hash, signature, signed_at)
            values (@day::date, @Position, @Number, @Hash, @signature, @now)
            """,
            new { day, last.Position, last.Number, last.Hash, signature, now });

    private const string NextDaySql =
        """
        select to_char(
            coalesce(
                (select day + 1 from roots order by day desc limit 1),
                (select (posted_at at time zone 'UTC')::date from entries order by position limit 1)),
            'YYYY-MM-DD')
        """;
}
