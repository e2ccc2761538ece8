using System.Text.RegularExpressions;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.Statements;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace Antaca.BalanceService.Tests.Holds;

/// <summary>
/// What is asked often is found by an index: when the tables are empty, when they are full, and when they were empty when the statement was
/// planned. Run as requests run, in SQL's own prepared statements.
/// </summary>
public sealed partial class PlanTests(LedgerSuite suite, ITestOutputHelper output) : IClassFixture<LedgerSuite>
{
    private const int Balances = 5_000;
    private const int Transactions = 50_000;

    // PostgreSQL makes a plan that stays from the sixth time on.
    private const int TimesUntilPlanned = 6;

    private const string Partner = "0190b000-0000-7000-8000-000000000001";
    private const string Balance = "0190b000-0000-7000-8001-000000000007";
    private const string User = "0190b000-0000-7000-8002-000000000007";
    private const string Card = "0190b000-0000-7000-8003-000000000007";
    private const string Transaction = "0190b000-0000-7000-8004-000000000007";
    private const string Written = "0190b000-0000-7000-8005-000000000007";
    private const string Always = "timestamptz:-infinity";
    private const string LastId = "uuid:ffffffff-ffff-ffff-ffff-ffffffffffff";
    private const string FirstId = "uuid:00000000-0000-0000-0000-000000000000";

    private static readonly string[] _record =
    [
        "timestamptz:2026-11-01T00:00:00Z", "uuid[]", "uuid[]", "uuid[]", "uuid[]", "uuid[]", "text[]", "bigint[]", "text[]", "text[]", "text[]", "bytea[]", "text[]", "text[]", "text[]", "text[]",
        "text[]", "timestamptz[]", "text[]", "text[]", "text[]", "bigint[]", "bigint[]", "boolean[]", "uuid[]", "timestamptz[]", "bigint[]", "text[]", "uuid[]", "text[]", "uuid[]", "int[]",
    ];

    /// <summary>The hold engine's, on connections that it pins itself.</summary>
    private static readonly Prepared[] _pinned =
    [
        new("lock_balances", HoldStore.LockBalances, $"uuid[]:{{{Balance}}}"),
        new("lock_free_balances", HoldStore.LockFreeBalances, $"uuid[]:{{{Balance}}}"),
        new("find_backing", HoldStore.FindBacking, $"uuid[]:{{{Partner}}}"),
        new("lock_backing", HoldStore.LockBacking, $"uuid[]:{{{Partner}}}"),
        new("find_decided", HoldStore.FindDecided, "int[]:{0}", "text[]:{sandbox}", "text[]:{7}", "text[]:{Purchase}"),
        new("sum_spent", HoldStore.SumSpent, "int[]:{0}", $"uuid[]:{{{Balance}}}", $"uuid[]:{{{Card}}}", "uuid[]:{00000000-0000-0000-0000-000000000000}"),
        new("record", HoldStore.Record, [.. _record.Select(column => column.Contains(':', StringComparison.Ordinal) ? column : column + ":{}")]),
        new("owe", HoldStore.Owe, "text[]:{}", "text[]:{}", "text[]:{}"),
    ];

    /// <summary>Whoever looks at a balance, on any connection.</summary>
    private static readonly Prepared[] _unpinned =
    [
        Named("list_of_balance", TransactionStore.OfBalance, [("balanceId", $"uuid:{Balance}"), ("UserId", $"uuid:{User}"), ("IsOperator", "boolean:false"), ("PartnerId", $"uuid:{Partner}"), .. Page()]),
        Named("list_of_any_balance", TransactionStore.OfAnyBalance, [("BalanceId", $"uuid:{Balance}"), ("CustomerId", $"uuid:{User}"), ("CardId", $"uuid:{Card}"), ("Status", "text:Declined"), ("Type", "text:Purchase"), .. Page()]),
        Named("list_of_any_user", TransactionStore.OfAnyUser, [("CustomerId", $"uuid:{User}"), ("Status", "text:Declined"), ("Type", "text:Purchase"), .. Page()]),
        Named("newest", TransactionStore.Newest, [("Status", "text:Declined"), ("Type", "text:Purchase"), .. Page()]),
        Named("history_of_balance", TransactionStore.HistoryOfBalance, [("transactionId", $"uuid:{Transaction}"), ("balanceId", $"uuid:{Balance}"), ("UserId", $"uuid:{User}"), ("IsOperator", "boolean:false"), ("PartnerId", $"uuid:{Partner}"), ("MaxOperations", "int:200")]),
        Named("history_of_any", TransactionStore.HistoryOfAny, [("transactionId", $"uuid:{Transaction}"), ("MaxOperations", "int:200")]),
        Named("entries_of", TransactionStore.EntriesOf, [("transactionId", $"uuid:{Transaction}"), ("MaxEntries", "int:1000")]),
        Named("lock_named", LedgerStore.LockNamed, [("balanceId", $"uuid:{Balance}"), ("own", "text[]:{Partner,Credit,Deposit,Funding,Settlement}")]),
        Named("lock_funding", LedgerStore.LockFunding, [("balanceId", $"uuid:{Balance}"), ("IsOperator", "boolean:true"), ("UserId", $"uuid:{User}"), ("PartnerId", $"uuid:{Partner}")]),
        Named("statement", StatementStore.Statement, [("balanceId", $"uuid:{Balance}"), ("partnerId", $"uuid:{Partner}"), ("From", Always), ("To", "timestamptz:infinity"), ("at", Always), ("position", "bigint:0"), ("rows", "int:51")]),
    ];

    [Fact]
    public async Task Plans_that_were_made_for_empty_tables_are_right_for_full_ones()
    {
        await using var requests = suite.DatabaseOfRequests("balances");
        await using var old = await Sessions.Open(requests);
        Assert.Equal(0L, await Look(old.Any, "select (select count(*) from accounts) + (select count(*) from transactions)"));
        foreach (var (connection, statements) in old.All)
        {
            foreach (var statement in statements)
            {
                for (var time = 0; time < TimesUntilPlanned; time++)
                {
                    await Run(connection, statement.Executing);
                }
            }
        }
        // The triggers' own statements are planned by those that they belong to: with a change of what is held, too.
        for (var time = 0; time < TimesUntilPlanned; time++)
        {
            await Run(old.Pinned, $"update transactions set held = 0 where id = '{Written}'");
        }
        var faults = await Faults(old, "empty");

        await Fill();
        faults.AddRange(await Faults(old, "planned while empty, then filled"));
        faults.AddRange(await ScansOfWriting(old.Pinned));
        await using var fresh = await Sessions.Open(requests);
        faults.AddRange(await Faults(fresh, "filled"));
        faults.AddRange(await ScansOfWriting(fresh.Pinned));

        await using (var owner = await suite.Ledger.OpenConnectionAsync())
        {
            await Run(owner, "analyze");
        }
        faults.AddRange(await Faults(old, "planned while empty, then analysed"));
        faults.AddRange(await ScansOfWriting(old.Pinned));
        await using var last = await Sessions.Open(requests);
        faults.AddRange(await Faults(last, "analysed"));
        faults.AddRange(await ScansOfWriting(last.Pinned));

        Assert.True(faults.Count == 0, string.Join("\n", faults));
    }

    private static (string, string)[] Page() => [("From", Always), ("To", "timestamptz:infinity"), ("FirstId", FirstId), ("EndId", LastId), ("Id", LastId), ("Rows", "int:51")];

    /// <summary>Plans that read a table, or an index of it, from end to end: the plan of the moment, and the one that stays.</summary>
    private async Task<List<string>> Faults(Sessions sessions, string when)
    {
        var leading = new Dictionary<string, string>();
        await using (var indexes = new NpgsqlCommand(
            "select indexrelid::regclass::text, attname from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0] where indrelid::regclass::text in ('accounts', 'transactions', 'entries', 'operations', 'rates')",
            sessions.Any))
        await using (var rows = await indexes.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
            {
                leading[rows.GetString(0)] = rows.GetString(1);
            }
        }

        var faults = new List<string>();
        foreach (var (connection, statements) in sessions.All)
        {
            foreach (var (mode, statement) in new[] { "auto", "force_generic_plan" }.SelectMany(mode => statements.Select(statement => (mode, statement))))
            {
                await Run(connection, "set plan_cache_mode = " + mode);
                var plan = new List<string>();
                await using (var explain = new NpgsqlCommand("explain (costs off) " + statement.Executing, connection))
                await using (var rows = await explain.ExecuteReaderAsync())
                {
                    while (await rows.ReadAsync())
                    {
                        plan.Add(rows.GetString(0));
                    }
                }
                Assert.NotEmpty(plan);
                var text = $"{statement.Name} ({when}, {mode}):\n{string.Join('\n', plan)}\n";
                output.WriteLine(text);
                if (plan.Where((line, place) => SequentialScan().IsMatch(line) || (IndexScan().Match(line) is { Success: true } scan && !Narrows(scan.Groups[1].Value, plan.ElementAtOrDefault(place + 1)))).Any())
                {
                    faults.Add(text);
                }
            }
            await Run(connection, "set plan_cache_mode = auto");
        }
        return faults;

        // An index is of use where its first column is given.
        bool Narrows(string index, string? condition) => condition?.Contains("Index Cond:", StringComparison.Ordinal) == true && condition.Contains($"({leading[index]} ", StringComparison.Ordinal);
    }

    /// <summary>Writes a hold and lets go of it, triggers and all, and undoes it: what was read from end to end on the way.</summary>
    private static async Task<List<string>> ScansOfWriting(NpgsqlConnection connection)
    {
        string[] values =
        [
            Written, Partner, User, Balance, Card, "Purchase", "10", "PLN", "sandbox", "written", "\\\\x00", "M-1", "Shop", "5411", "PL", "Pos", "2026-11-01T00:00:00Z", "0000", "APPROVED", "123456",
            "490", "10", "false", "NULL", "2026-11-08T00:00:00Z", "NULL", "NULL", "NULL", "NULL", "NULL", "0",
        ];
        Assert.Equal(_record.Length - 1, values.Length);
        await Run(connection, "begin");
        await Run(connection, $"execute record('2026-11-01T00:00:00Z', {string.Join(", ", values.Select(value => $"'{{{value}}}'"))})");
        Assert.Equal(10L, await Look(connection, $"select held from accounts where id = '{Balance}'"));
        await Run(
            connection,
            $"""
            insert into operations (id, partner_id, transaction_id, kind, amount, held, happened_at) values (gen_random_uuid(), '{Partner}', '{Written}', 'Reversal', 10, -10, now());
            update transactions set held = 0, status = 'Reversed' where id = '{Written}';
            set constraints all immediate
            """);
        Assert.Equal(0L, await Look(connection, $"select held from accounts where id = '{Balance}'"));
        var faults = new List<string>();
        await using (var counted = new NpgsqlCommand("select relname || ' was read from end to end ' || seq_scan || ' times while a hold was written' from pg_stat_xact_user_tables where seq_scan > 0 and relname in ('accounts', 'transactions', 'entries')", connection))
        await using (var rows = await counted.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
            {
                faults.Add(rows.GetString(0));
            }
        }
        await Run(connection, "rollback");
        return faults;
    }

    // No function for this: a new schema, even a temporary one, would end every plan that is kept.
    private static string Id(int kind, string number) => $"('0190b000-0000-7000-800{kind}-' || lpad(to_hex({number}), 12, '0'))::uuid";

    /// <summary>Ten transactions on each balance: five reloads, five declined payments.</summary>
    private async Task Fill()
    {
        await using var owner = await suite.Ledger.OpenConnectionAsync();
        await Run(
            owner,
            $"""
            insert into accounts (id, partner_id, kind, currency, state, created_at) values ('{Partner}', '{Partner}', 'Funding', 'PLN', 'Open', now());
            insert into accounts (id, partner_id, kind, user_id, programme_id, currency, state, created_at)
            select {Id(1, "number")}, '{Partner}', 'User', {Id(2, "number")}, '{Partner}', 'PLN', 'Open', now()
            from generate_series(0, {Balances - 1}) as number;
            insert into transactions (id, partner_id, user_id, account_id, type, status, amount, currency, reference, authorized_at, cleared_at, cleared_amount)
            select {Id(4, "number")}, '{Partner}', {Id(2, $"number % {Balances}")}, {Id(1, $"number % {Balances}")}, 'Reload', 'Cleared', 100, 'PLN', 'x', now(), now(), 100
            from generate_series(0, {Transactions / 2 - 1}) as number;
            insert into transactions (id, partner_id, user_id, account_id, card_id, type, status, amount, currency, authorized_at, processor, processor_transaction_id, fingerprint,
                merchant_mid, merchant_name, merchant_mcc, merchant_country, entry_channel, transmitted_at, action_code, reason, available)
            select {Id(4, "number")}, '{Partner}', {Id(2, $"number % {Balances}")}, {Id(1, $"number % {Balances}")}, {Id(3, $"number % {Balances}")}, 'Purchase', 'Declined', 1, 'PLN',
                now(), 'sandbox', number::text, '', 'M-1', 'Shop', '5411', 'PL', 'Pos', now(), '1016', 'INSUFFICIENT_FUNDS', 0
            from generate_series({Transactions / 2}, {Transactions - 1}) as number;
            insert into entries (partner_id, transaction_id, account_id, amount, currency, posted_at)
            select '{Partner}', id, side.account_id, side.amount, 'PLN', now()
            from transactions
            cross join lateral (values (account_id, 100), ('{Partner}', -100)) as side (account_id, amount)
            where type = 'Reload';
            insert into operations (id, partner_id, transaction_id, kind, amount, held, happened_at)
            select id, partner_id, id, 'Expiry', 0, 0, now()
            from transactions
            where type = 'Reload';
            insert into rates (id, base, quote, rate, source, valid_from, created_at)
            select gen_random_uuid(), 'EUR', 'PLN', 4, 'x', now() + number * interval '1 second', now()
            from generate_series(1, 1000) as number
            """);
        Assert.Equal((long)Transactions, await Look(owner, "select count(*) from transactions"));
        Assert.Equal(500L, await Look(owner, $"select posted from accounts where id = '{Balance}'"));
    }

    private static async Task Run(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<object?> Look(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>The same statement with numbers for names, as the driver sends it.</summary>
    private static Prepared Named(string name, string sql, (string Name, string Value)[] parameters) => new(
        name,
        ParameterName().Replace(sql, found => "$" + (Array.FindIndex(parameters, parameter => parameter.Name == found.Groups[1].Value) is var place and >= 0
            ? place + 1
            : throw new InvalidOperationException($"{name} asks for {found.Value}."))),
        [.. parameters.Select(parameter => parameter.Value)]);

    [GeneratedRegex(@"Seq Scan on (accounts|transactions|entries|operations|rates)\b")]
    private static partial Regex SequentialScan();

    [GeneratedRegex(@"Index (?:Only )?Scan(?: Backward)?(?: using| on) (\w+)")]
    private static partial Regex IndexScan();

    [GeneratedRegex("@([A-Za-z]+)")]
    private static partial Regex ParameterName();

    /// <summary>A session as the hold engine has one, and any other, with all statements prepared.</summary>
    private sealed record Sessions(NpgsqlConnection Pinned, NpgsqlConnection Any) : IAsyncDisposable
    {
        public IEnumerable<(NpgsqlConnection Connection, Prepared[] Statements)> All => [(Pinned, _pinned), (Any, _unpinned)];

        public static async Task<Sessions> Open(NpgsqlDataSource requests)
        {
            var sessions = new Sessions(await requests.OpenConnectionAsync(), await requests.OpenConnectionAsync());
            await Run(sessions.Pinned, HoldStore.Pinned);
            foreach (var (connection, statements) in sessions.All)
            {
                foreach (var statement in statements)
                {
                    await Run(connection, statement.Preparing);
                }
            }
            return sessions;
        }

        public async ValueTask DisposeAsync()
        {
            await Pinned.DisposeAsync();
            await Any.DisposeAsync();
        }
    }

    /// <param name="parameters">Each as <c>type:value</c>.</param>
    private sealed record Prepared(string Name, string Sql, params string[] Parameters)
    {
        public string Preparing => $"prepare {Name} ({string.Join(", ", Parameters.Select(parameter => parameter[..parameter.IndexOf(':', StringComparison.Ordinal)]))}) as {Sql}";

        public string Executing => $"execute {Name}({string.Join(", ", Parameters.Select(parameter => $"'{parameter[(parameter.IndexOf(':', StringComparison.Ordinal) + 1)..]}'"))})";
    }
}
