using System.Data;
using System.Globalization;
using Npgsql;

namespace Antaca.DataCore.Audit;

/// <summary>
/// The command <c>audit verify</c>: reads the whole trail and recomputes the chain. It finds a changed, added, removed or
/// moved entry, and an end that was cut off. Keep the head it prints: whoever rewrote everything would not come to it again.
/// </summary>
internal static class VerifyAudit
{
    private const int Broken = 1;
    private const int UnusableSettings = 78;

    /// <param name="BrokenAt">The first position that is not as it was written; null for a whole chain.</param>
    internal sealed record Verdict(long Entries, byte[] Head, long? BrokenAt, string? Why);

    public static async Task<int> Run(string[] args)
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        if (configuration.GetConnectionString("database") is not { } connectionString)
        {
            await Console.Error.WriteLineAsync("ConnectionStrings:database is required.");
            return UnusableSettings;
        }
        await using var database = NpgsqlDataSource.Create(connectionString);
        var verdict = await Verify(database, CancellationToken.None);
        if (verdict.BrokenAt is { } position)
        {
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"The chain is broken at entry {position}: {verdict.Why}."));
            return Broken;
        }
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{verdict.Entries} entries, chain whole, head {Convert.ToHexStringLower(verdict.Head)}"));
        return 0;
    }

    /// <summary>On one snapshot, an entry at a time: the trail may be longer than memory, and grow meanwhile.</summary>
    public static async Task<Verdict> Verify(NpgsqlDataSource database, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        var (last, head) = await ReadHead(connection, snapshot, cancel);

        await using var read = new NpgsqlCommand(
            """
            select position, id, channel, actor, action, subject, user_id, partner_id, outcome, trace_id, occurred_at, recorded_at, hash
            from audit_entries
            order by position
            """,
            connection,
            snapshot);
        read.CommandTimeout = 0;
        await using var rows = await read.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancel);
        var before = AuditChain.Beginning;
        var position = 0L;
        while (await rows.ReadAsync(cancel))
        {
            var entry = EntryOf(rows);
            position++;
            if (entry.Position != position)
            {
                return new Verdict(position - 1, before, position, $"the entry is missing, the next is {entry.Position}");
            }
            var computed = AuditChain.Next(before, entry);
            if (!computed.AsSpan().SequenceEqual(entry.Hash))
            {
                return new Verdict(position - 1, before, position, "its words do not come to its hash");
            }
            before = computed;
        }
        return position != last || !before.AsSpan().SequenceEqual(head)
            ? new Verdict(position, before, position + 1, $"the trail once had {last} entries")
            : new Verdict(position, before, null, null);
    }

    private static async Task<(long Position, byte[] Hash)> ReadHead(NpgsqlConnection connection, NpgsqlTransaction snapshot, CancellationToken cancel)
    {
        await using var read = new NpgsqlCommand("select position, hash from audit_head", connection, snapshot);
        await using var row = await read.ExecuteReaderAsync(cancel);
        return await row.ReadAsync(cancel) ? (row.GetInt64(0), row.GetFieldValue<byte[]>(1)) : (-1, []);
    }

    private static AuditEntry EntryOf(NpgsqlDataReader row) => new()
    {
        Position = row.GetInt64(0),
        Id = row.GetGuid(1),
        Channel = row.GetString(2),
        Actor = row.GetString(3),
        Action = row.GetString(4),
        Subject = row.GetString(5),
        UserId = row.IsDBNull(6) ? null : row.GetGuid(6),
        PartnerId = row.IsDBNull(7) ? null : row.GetGuid(7),
        Outcome = row.IsDBNull(8) ? null : row.GetString(8),
        TraceId = row.IsDBNull(9) ? null : row.GetString(9),
        OccurredAt = row.GetFieldValue<DateTimeOffset>(10),
        RecordedAt = row.GetFieldValue<DateTimeOffset>(11),
        Hash = row.GetFieldValue<byte[]>(12),
    };
}
