using System.Data;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Journal;

/// <summary>
/// The command <c>ledger export [--out file]</c>: writes the books as of one moment, a line at a time, while the suite serves:
/// accounts, what is held, entries, seals and roots, for anybody to recompute. No line says who a user is or where he paid.
/// </summary>
internal static class ExportLedger
{
    private const int Done = 0;
    private const int UnusableSettings = 78;
    private const int BufferBytes = 1 << 16;

    /// <param name="args">The command's own option and the service's settings; these may be in the environment too.</param>
    public static async Task<int> Run(string[] args, TimeProvider clock, TextWriter errors)
    {
        var options = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        if (options.GetConnectionString("database") is not { } owner)
        {
            await errors.WriteLineAsync("ConnectionStrings:database is required (a PostgreSQL connection string of the owning login).");
            return UnusableSettings;
        }
        string publicKey;
        try
        {
            using var key = JournalKey.Open(new JournalSettings { SigningKey = options["Journal:SigningKey"] ?? "" }, Environments.Development);
            publicKey = key.PublicKeyPem;
        }
        catch (SettingsException unusable)
        {
            await errors.WriteLineAsync(unusable.Message);
            return UnusableSettings;
        }

        await using var database = NpgsqlDataSource.Create(owner);
        await using var output = new ConfigurationBuilder().AddCommandLine(args).Build()["out"] is { } file ? File.Create(file) : Console.OpenStandardOutput();
        await using var buffered = new BufferedStream(output, BufferBytes);
        await new Export(buffered).Write(database, new JournalLine.Header(JournalLine.Header.ThisFormat, JournalLine.Header.ThisVersion, clock.GetUtcNow(), publicKey));
        return Done;
    }

    private sealed class Export(Stream output)
    {
        private long _accounts;
        private long _transactions;
        private long _operations;
        private long _entries;
        private long _seals;
        private long _roots;

        /// <summary>On one snapshot, a row at a time: the books may be longer than memory, and grow meanwhile.</summary>
        public async Task Write(NpgsqlDataSource database, JournalLine.Header header)
        {
            await using var connection = await database.OpenConnectionAsync();
            await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
            Line(header);
            await WriteAccounts(connection);
            await WriteTransactions(connection);
            await WriteEntries(connection, await ReadRoots(connection));
            Line(new JournalLine.Trailer(_accounts, _transactions, _operations, _entries, _seals, _roots));
            await output.FlushAsync();
        }

        private async Task WriteAccounts(NpgsqlConnection connection)
        {
            await using var read = Read(
                connection,
                """
                select id, partner_id, kind, currency, holder, posted, held
                from accounts
                order by id
                """);
            await using var rows = await read.ExecuteReaderAsync();
            for (; await rows.ReadAsync(); _accounts++)
            {
                Line(new JournalLine.Account(
                    rows.GetGuid(0), rows.GetGuid(1), rows.GetString(2), rows.GetString(3), rows.GetString(4), rows.GetInt64(5), rows.GetInt64(6)));
            }
        }

        /// <summary>Those that hold or held anything, each with its operations behind it.</summary>
        private async Task WriteTransactions(NpgsqlConnection connection)
        {
            await using var read = Read(
                connection,
                """
                select transactions.id, account_id, backing_id, remote, status, authorized_amount, transactions.held, cleared_amount,
                    operations.id, kind, operations.held, operations.amount
                from transactions
                left join operations on operations.transaction_id = transactions.id
                where transactions.authorized_amount <> 0 or transactions.held <> 0 or operations.id is not null
                order by transactions.id, operations.id
                """);
            await using var rows = await read.ExecuteReaderAsync();
            var last = Guid.Empty;
            while (await rows.ReadAsync())
            {
                var id = rows.GetGuid(0);
                if (id != last)
                {
                    last = id;
                    _transactions++;
                    Line(new JournalLine.Transaction(
                        id, rows.GetGuid(1), IdOrNull(rows, 2), rows.GetBoolean(3), rows.GetString(4), rows.GetInt64(5), rows.GetInt64(6), rows.GetInt64(7)));
                }
                if (!await rows.IsDBNullAsync(8))
                {
                    _operations++;
                    Line(new JournalLine.Operation(rows.GetGuid(8), id, rows.GetString(9), rows.GetInt64(10), rows.GetInt64(11)));
                }
            }
        }

        /// <summary>One a day: they are few.</summary>
        private static async Task<Queue<JournalLine.Root>> ReadRoots(NpgsqlConnection connection)
        {
            await using var read = Read(
                connection,
                """
                select to_char(day, 'YYYY-MM-DD'), position, number, hash, signature
                from roots
                order by day
                """);
            await using var rows = await read.ExecuteReaderAsync();
            var roots = new Queue<JournalLine.Root>();
            while (await rows.ReadAsync())
            {
                roots.Enqueue(new JournalLine.Root(
                    rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2), Convert.ToHexStringLower(rows.GetFieldValue<byte[]>(3)), Convert.ToBase64String(rows.GetFieldValue<byte[]>(4))));
            }
            return roots;
        }

        /// <summary>Each with the seal and the roots of its position behind it.</summary>
        private async Task WriteEntries(NpgsqlConnection connection, Queue<JournalLine.Root> roots)
        {
            await using var read = Read(
                connection,
                """
                select entries.position, partner_id, transaction_id, operation_id, account_id, amount, currency, posted_at, number, hash
                from entries
                left join seals on seals.position = entries.position
                order by entries.position
                """);
            await using var rows = await read.ExecuteReaderAsync();
            for (; await rows.ReadAsync(); _entries++)
            {
                var position = rows.GetInt64(0);
                Line(new JournalLine.Entry(
                    position,
                    rows.GetGuid(1),
                    rows.GetGuid(2),
                    IdOrNull(rows, 3),
                    rows.GetGuid(4),
                    rows.GetInt64(5),
                    rows.GetString(6),
                    JournalChain.Microseconds(rows.GetFieldValue<DateTimeOffset>(7))));
                if (!await rows.IsDBNullAsync(8))
                {
                    _seals++;
                    Line(new JournalLine.Sealed(position, rows.GetInt64(8), Convert.ToHexStringLower(rows.GetFieldValue<byte[]>(9))));
                }
                WriteRoots(roots, position);
            }
            WriteRoots(roots, long.MaxValue);
        }

        private void WriteRoots(Queue<JournalLine.Root> roots, long until)
        {
            for (; roots.TryPeek(out var root) && root.Position <= until; _roots++)
            {
                Line(roots.Dequeue());
            }
        }

        private void Line(JournalLine line)
        {
            JsonSerializer.Serialize(output, line, JournalJson.Written.JournalLine);
            output.WriteByte((byte)'\n');
        }

        private static NpgsqlCommand Read(NpgsqlConnection connection, string sql) => new(sql, connection) { CommandTimeout = 0 };

        private static Guid? IdOrNull(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetGuid(column);
    }
}
