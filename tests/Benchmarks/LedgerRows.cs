using Antaca.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace Antaca.Benchmarks;

/// <summary>A user of the measured partner, with a balance and a card on it.</summary>
internal sealed record Spender(Guid UserId, Guid BalanceId, Guid CardId);

/// <summary>
/// Fills BalanceService's database with balances of one partner, written in bulk by the login that owns it: the triggers that keep
/// the books see every row. And checks the books, and whether every answer that was given is in them.
/// </summary>
internal sealed class LedgerRows(NpgsqlDataSource owner, Guid partnerId, Guid programId)
{
    public const string Currency = "PLN";

    private const int Chunk = 50_000;
    private const long Reload = 1_000_000_00;
    private const long CreditOfPartner = 1_000_000_000_000_000;

    private readonly Guid _funding = Guid.CreateVersion7();
    private readonly Guid _credit = Guid.CreateVersion7();
    private readonly List<Spender> _spenders = [];
    private long _entries;

    public Guid PartnerId => partnerId;

    public IReadOnlyList<Spender> Spenders => _spenders;

    public long Entries => _entries;

    /// <summary>Up to so many balances with money on them, and so many entries, two for a reload; all behind one account of the partner.</summary>
    public async Task Fill(int balances, long entries)
    {
        if (_spenders.Count == 0)
        {
            await OpenOwn();
        }
        while (_spenders.Count < balances)
        {
            var opened = Enumerable.Range(0, Math.Min(Chunk, balances - _spenders.Count))
                .Select(_ => new Spender(Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()))
                .ToList();
            await Write(opened, opened);
            if (_spenders.Count == 0)
            {
                await FundCredit(opened[0]);
            }
            _spenders.AddRange(opened);
        }
        for (var at = 0; _entries < entries;)
        {
            var reloaded = Enumerable.Range(at, (int)Math.Min(Chunk, (entries - _entries + 1) / 2)).Select(place => _spenders[place % _spenders.Count]).ToList();
            await Write([], reloaded);
            at = (at + reloaded.Count) % _spenders.Count;
        }
        await Run("vacuum (analyze)");
    }

    /// <summary>What of the books does not hold; empty when all does.</summary>
    public static async Task<IReadOnlyList<string>> Faults(NpgsqlDataSource ledger)
    {
        (string Fault, string Query)[] rules =
        [
            ("accounts whose held is not the sum of the holds",
                """
                select count(*)
                from accounts
                left join (select account_id, sum(amount) as amount from holds group by account_id) as promised on promised.account_id = accounts.id
                where accounts.held <> coalesce(promised.amount, 0)
                """),
            ("accounts whose posted is not the sum of the entries",
                """
                select count(*)
                from accounts
                left join (select account_id, sum(amount) as amount from entries group by account_id) as moved on moved.account_id = accounts.id
                where accounts.posted <> coalesce(moved.amount, 0)
                """),
            ("transactions whose entries do not sum to zero",
                """
                select count(*)
                from (select transaction_id from entries group by transaction_id, partner_id, currency having sum(amount) <> 0) as unbalanced
                """),
            ("accounts below zero", "select count(*) from accounts where kind in ('User', 'Credit', 'Deposit') and posted - held < 0"),
        ];
        var faults = new List<string>();
        foreach (var (fault, query) in rules)
        {
            await using var count = ledger.CreateCommand(query);
            count.CommandTimeout = 0;
            if (await count.ExecuteScalarAsync() is not 0L)
            {
                faults.Add(fault);
            }
        }
        return faults;
    }

    /// <summary>Whether the approvals that a processor got are those that the ledger has, no more and no fewer, each once.</summary>
    /// <param name="acknowledged">Authorisation ids by the processor's transaction ids.</param>
    public static async Task<bool> HasJust(NpgsqlDataSource ledger, string processor, Dictionary<string, Guid> acknowledged)
    {
        await using var approved = ledger.CreateCommand("select processor_transaction_id, id from transactions where processor = $1 and action_code = '0000'");
        approved.CommandTimeout = 0;
        approved.Parameters.Add(new NpgsqlParameter<string> { TypedValue = processor });
        var left = new Dictionary<string, Guid>(acknowledged);
        await using var rows = await approved.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            if (!left.Remove(rows.GetString(0), out var id) || id != rows.GetGuid(1))
            {
                return false;
            }
        }
        return left.Count == 0;
    }

    private async Task OpenOwn()
    {
        await using var open = owner.CreateCommand(
            "insert into accounts (id, partner_id, kind, currency, state, opened, created_at) values ($1, $3, 'Funding', $4, 'Open', false, $5), ($2, $3, 'Credit', $4, 'Open', true, $5)");
        open.Parameters.AddRange([new() { Value = _funding }, new() { Value = _credit }, new() { Value = partnerId }, new() { Value = Currency }, new() { Value = TimeProvider.System.GetUtcNow() }]);
        await open.ExecuteNonQueryAsync();
    }

    /// <summary>More than all the holds will come to: the account is where everybody meets, and never says no.</summary>
    private async Task FundCredit(Spender any)
    {
        await using var fund = owner.CreateCommand(
            """
            with funded as (
                insert into transactions (id, partner_id, user_id, account_id, type, status, amount, currency, authorized_at, cleared_at, cleared_amount)
                values ($1, $2, $3, $4, 'Adjustment', 'Cleared', $5, $6, $7, $7, $5)
                returning id
            )
            insert into entries (partner_id, transaction_id, account_id, amount, currency, posted_at)
            select $2, funded.id, side.account_id, side.amount, $6, $7
            from funded, (values ($8::uuid, -$5), ($9::uuid, $5)) as side (account_id, amount)
            """);
        fund.Parameters.AddRange(
        [
            new() { Value = Guid.CreateVersion7() }, new() { Value = partnerId }, new() { Value = any.UserId }, new() { Value = any.BalanceId },
            new() { Value = CreditOfPartner }, new() { Value = Currency }, new() { Value = TimeProvider.System.GetUtcNow() }, new() { Value = _funding }, new() { Value = _credit },
        ]);
        _entries += await fund.ExecuteNonQueryAsync();
    }

    private async Task Write(IReadOnlyList<Spender> opened, IReadOnlyList<Spender> reloaded)
    {
        var now = Clock.InMicroseconds(TimeProvider.System.GetUtcNow()).UtcDateTime;
        await using var connection = await owner.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        if (opened.Count > 0)
        {
            await using var accounts = await Copy(connection, "copy accounts (id, partner_id, kind, user_id, programme_id, currency, state, created_at) from stdin (format binary)");
            foreach (var spender in opened)
            {
                await accounts.StartRowAsync();
                await accounts.WriteAsync(spender.BalanceId);
                await accounts.WriteAsync(partnerId);
                await accounts.WriteAsync("User");
                await accounts.WriteAsync(spender.UserId);
                await accounts.WriteAsync(programId);
                await accounts.WriteAsync(Currency);
                await accounts.WriteAsync("Open");
                await accounts.WriteAsync(now, NpgsqlDbType.TimestampTz);
            }
            await accounts.CompleteAsync();
        }
        var ids = reloaded.Select(_ => Guid.CreateVersion7()).ToArray();
        await using (var transactions = await Copy(
            connection,
            "copy transactions (id, partner_id, user_id, account_id, type, status, amount, currency, reference, authorized_at, cleared_at, cleared_amount) from stdin (format binary)"))
        {
            for (var place = 0; place < ids.Length; place++)
            {
                await transactions.StartRowAsync();
                await transactions.WriteAsync(ids[place]);
                await transactions.WriteAsync(partnerId);
                await transactions.WriteAsync(reloaded[place].UserId);
                await transactions.WriteAsync(reloaded[place].BalanceId);
                await transactions.WriteAsync("Reload");
                await transactions.WriteAsync("Cleared");
                await transactions.WriteAsync(Reload);
                await transactions.WriteAsync(Currency);
                await transactions.WriteAsync("bench");
                await transactions.WriteAsync(now, NpgsqlDbType.TimestampTz);
                await transactions.WriteAsync(now, NpgsqlDbType.TimestampTz);
                await transactions.WriteAsync(Reload);
            }
            await transactions.CompleteAsync();
        }
        await using (var entries = await Copy(connection, "copy entries (partner_id, transaction_id, account_id, amount, currency, posted_at) from stdin (format binary)"))
        {
            for (var place = 0; place < ids.Length; place++)
            {
                foreach (var (account, amount) in new[] { (_funding, -Reload), (reloaded[place].BalanceId, Reload) })
                {
                    await entries.StartRowAsync();
                    await entries.WriteAsync(partnerId);
                    await entries.WriteAsync(ids[place]);
                    await entries.WriteAsync(account);
                    await entries.WriteAsync(amount);
                    await entries.WriteAsync(Currency);
                    await entries.WriteAsync(now, NpgsqlDbType.TimestampTz);
                }
            }
            await entries.CompleteAsync();
        }
        await transaction.CommitAsync();
        _entries += 2 * ids.Length;
    }

    private static async Task<NpgsqlBinaryImporter> Copy(NpgsqlConnection connection, string into)
    {
        var rows = await connection.BeginBinaryImportAsync(into);
        rows.Timeout = TimeSpan.Zero;
        return rows;
    }

    private async Task Run(string statement)
    {
        await using var command = owner.CreateCommand(statement);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }
}
