using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.BalanceService.Tests;

/// <summary>The suite with one connection pool to the ledger for the tests' own looks.</summary>
public sealed class LedgerSuite : Suite
{
    public NpgsqlDataSource Ledger { get; private set; } = null!;

    protected override Task Given()
    {
        Ledger = Database("balances");
        return Task.CompletedTask;
    }
}

/// <summary>Every test leaves books that add up.</summary>
public abstract class LedgerTest(LedgerSuite suite) : IClassFixture<LedgerSuite>, IAsyncLifetime
{
    protected LedgerSuite Suite => suite;

    protected NpgsqlDataSource Ledger => suite.Ledger;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => Assert.Empty(await FaultsInTheBooks());

    protected Api BalancesOf(TestUser user) => suite.As(user.Caller, "balanceservice");

    protected Api BalancesOf(Caller caller) => suite.As(caller, "balanceservice");

    /// <summary>A partner itself, about no user.</summary>
    protected static Caller PartnerCaller(Guid partnerId) => new() { Channel = Channel.Secure, PartnerId = partnerId };

    protected static object Money(long amount, string currency = "PLN") => new { amount, currency };

    /// <summary>Opens a balance of the partner's own, with money on it, and gives its id.</summary>
    protected async Task<Guid> NewPartnerBalance(Guid partnerId, string kind, long amount = 0, long? lowThreshold = null, params string[] notify)
    {
        var opened = (await BalancesOf(PartnerCaller(partnerId)).Post("/partner-balances", new { kind, currency = "PLN", lowThreshold, notify })).Must(201).Id;
        if (amount > 0)
        {
            (await ReloadPartnerBalance(opened, amount)).Must(201);
        }
        return opened;
    }

    protected Task<Answer> ReloadPartnerBalance(Guid partnerBalanceId, long amount, string currency = "PLN", string? key = null) =>
        BalancesOf(TestUsers.Operator(Role.Admin)).Post($"/partner-balances/{partnerBalanceId}/reload", new { amount = Money(amount, currency), reference = "transfer 1" }, key ?? NewKey());

    protected static string NewKey() => Guid.CreateVersion7().ToString();

    /// <summary>A user of another partner, with that partner's own programme.</summary>
    protected async Task<TestUser> NewAcceptedUserOfAnotherPartner()
    {
        var (partner, program) = await suite.NewPartner();
        return await suite.NewAcceptedUser(partner, program);
    }

    protected async Task<T> Look<T>(string sql, params (string Name, object Value)[] parameters)
    {
        await using var command = Ledger.CreateCommand(sql);
        foreach (var (name, value) in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter(name, value));
        }
        return (T)(await command.ExecuteScalarAsync())!;
    }

    protected async Task Do(string sql, params (string Name, object Value)[] parameters)
    {
        await using var command = Ledger.CreateCommand(sql);
        foreach (var (name, value) in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter(name, value));
        }
        await command.ExecuteNonQueryAsync();
    }

    protected Task<long> Transactions(Guid balanceId) => Look<long>("select count(*) from transactions where account_id = @balanceId", ("balanceId", balanceId));

    protected Task<long> Holds(Guid balanceId) => Look<long>("select count(*) from holds where account_id = @balanceId", ("balanceId", balanceId));

    protected Task<long> Posted(Guid balanceId) => Look<long>("select posted from accounts where id = @balanceId", ("balanceId", balanceId));

    protected Task<long> Held(Guid balanceId) => Look<long>("select held from accounts where id = @balanceId", ("balanceId", balanceId));

    /// <summary>Keeps the relay from the outbox while the deed is done, and gives the events that it owes about the balance.</summary>
    protected async Task<IReadOnlyList<(string Type, JsonElement Body)>> EventsOwed(Func<Task<Guid>> deed)
    {
        await using var relayHeld = await Races.Hold(Ledger, "select pg_advisory_xact_lock(x'00004F7574626F78'::bigint)");
        var balanceId = await deed();
        var owed = new List<(string, JsonElement)>();
        await using var command = Ledger.CreateCommand(
            """
            select type, event::text
            from outbox, lateral json_array_elements(case when message_ids is null then json_build_array(body) else body end) with ordinality as one (event, place)
            where event ->> 'balanceId' = @balanceId
            order by position, place
            """);
        command.Parameters.Add(new NpgsqlParameter("balanceId", balanceId.ToString()));
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            owed.Add((rows.GetString(0), JsonSerializer.Deserialize<JsonElement>(rows.GetString(1))));
        }
        return owed;
    }

    private async Task<List<string>> FaultsInTheBooks()
    {
        var faults = new List<string>();
        await using var command = Ledger.CreateCommand(
            """
            select 'transaction ' || transaction_id || ' is out of balance by ' || sum(amount) || ' ' || currency
            from entries group by transaction_id, partner_id, currency having sum(amount) <> 0
            union all
            select 'account ' || id || ' says posted ' || posted || ', its entries say ' || sum
            from accounts, lateral (select coalesce(sum(amount), 0) from entries where account_id = accounts.id) as entries (sum) where posted <> sum
            union all
            select 'account ' || id || ' says held ' || held || ', its holds say ' || sum
            from accounts, lateral (select coalesce(sum(amount), 0) from holds where account_id = accounts.id) as holds (sum) where held <> sum
            union all
            select 'balance ' || id || ' has less than nothing available' from accounts where kind = 'User' and (posted < held or held < 0)
            union all
            select 'currency ' || currency || ' was made of nothing: ' || sum(posted) from accounts group by currency having sum(posted) <> 0
            union all
            select 'transaction ' || id || ' holds ' || held || ', its operations say ' || explained
            from transactions, lateral (select authorized_amount + coalesce(sum(operations.held), 0) from operations where transaction_id = transactions.id) as told (explained)
            where held <> explained or (held > 0 and status not in ('Authorized', 'Cleared'))
            union all
            select 'transaction ' || id || ' was cleared by ' || cleared_amount || ', its clearings say ' || told.cleared
            from transactions, lateral (select coalesce(sum(amount), 0) from operations where transaction_id = transactions.id and kind in ('Clearing', 'Refund')) as told (cleared)
            where type not in ('Reload', 'Adjustment') and cleared_amount <> told.cleared
            union all
            select 'reload ' || id || ' moved ' || moved || ' of ' || amount
            from transactions, lateral (select coalesce(sum(amount), 0) from entries where transaction_id = transactions.id and amount > 0) as entries (moved)
            where type in ('Reload', 'Adjustment') and moved <> abs(amount)
            union all
            select 'clearing ' || operations.id || ' settled ' || settled || ' of ' || operations.amount
            from operations, lateral (
                select coalesce(sum(entries.amount), 0)
                from entries
                join accounts on accounts.id = entries.account_id and accounts.kind = 'Settlement'
                where operation_id = operations.id) as entries (settled)
            where operations.kind in ('Clearing', 'Refund') and settled <> case operations.kind when 'Clearing' then operations.amount else -operations.amount end
            """);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            faults.Add(rows.GetString(0));
        }
        return faults;
    }
}
