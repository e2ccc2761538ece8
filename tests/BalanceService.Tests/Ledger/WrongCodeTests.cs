using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.BalanceService.Tests.Ledger;

/// <summary>What the database refuses to the role that requests run as, so that no code of ours can do it by mistake.</summary>
public sealed class WrongCodeTests(LedgerSuite suite) : LedgerTest(suite)
{
    private readonly NpgsqlDataSource _requests = suite.DatabaseOfRequests("balances");

    [Theory]
    [InlineData("update entries set amount = amount + 1")]
    [InlineData("delete from entries")]
    [InlineData("truncate entries")]
    [InlineData("delete from operations")]
    [InlineData("update operations set held = 0")]
    [InlineData("update transactions set authorized_amount = 0")]
    [InlineData("update rates set rate = 1")]
    [InlineData("update transactions set amount = amount + 1")]
    [InlineData("delete from transactions")]
    [InlineData("update accounts set posted = posted + 1")]
    [InlineData("update accounts set held = 0")]
    [InlineData("delete from accounts")]
    [InlineData("insert into accounts (id, partner_id, kind, currency, state, posted, created_at) values (gen_random_uuid(), gen_random_uuid(), 'Funding', 'PLN', 'Open', 100, now())")]
    [InlineData("alter table entries disable trigger all")]
    [InlineData("drop trigger entries_posted on entries")]
    [InlineData("set session_replication_role = replica")]
    public async Task History_and_balances_cannot_be_written(string sql)
    {
        await Suite.NewBalance(await Suite.NewAcceptedUser(), amount: 100);

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await Refusal(sql));
    }

    [Fact]
    public async Task A_posting_that_sums_to_zero_moves_both_accounts()
    {
        var (from, to) = (await NewAccount(1_000), await NewAccount(0));

        await using var connection = await _requests.OpenConnectionAsync();
        await using var undone = await connection.BeginTransactionAsync();
        await Post(connection, (from, -300, from.Reload, "PLN"), (to, 300, from.Reload, "PLN"));

        await using var posted = new NpgsqlCommand($"select posted from accounts where id in ('{from.Id}', '{to.Id}') order by posted desc", connection);
        await using var rows = await posted.ExecuteReaderAsync();
        Assert.True(await rows.ReadAsync());
        Assert.Equal(700, rows.GetInt64(0));
        Assert.True(await rows.ReadAsync());
        Assert.Equal(300, rows.GetInt64(0));
    }

    [Fact]
    public async Task A_posting_that_does_not_sum_to_zero_is_impossible()
    {
        var (from, to) = (await NewAccount(1_000), await NewAccount(1_000));

        Assert.Equal("entries_sum_to_zero", await Refused((to, 300, from.Reload, "PLN")));
        Assert.Equal("entries_sum_to_zero", await Refused((from, -300, from.Reload, "PLN")));
        Assert.Equal("entries_sum_to_zero", await Refused((from, -300, from.Reload, "PLN"), (to, 301, from.Reload, "PLN")));
    }

    [Fact]
    public async Task Two_transactions_do_not_make_up_for_each_other()
    {
        var (from, to) = (await NewAccount(1_000), await NewAccount(1_000));

        Assert.Equal("entries_sum_to_zero", await Refused((from, -300, from.Reload, "PLN"), (to, 300, to.Reload, "PLN")));
    }

    [Fact]
    public async Task Two_currencies_do_not_make_up_for_each_other()
    {
        var (from, to) = (await NewAccount(1_000), await NewAccount(1_000, "EUR"));

        Assert.Equal("entries_sum_to_zero", await Refused((from, -300, from.Reload, "PLN"), (to, 300, from.Reload, "EUR")));
    }

    [Fact]
    public async Task Two_partners_do_not_make_up_for_each_other()
    {
        var (from, to) = (await NewAccount(1_000), await NewAccount(1_000, partner: await NewAcceptedUserOfAnotherPartner()));

        Assert.Equal("entries_sum_to_zero", await Refused((from, -300, from.Reload, "PLN"), (to, 300, from.Reload, "PLN")));
    }

    [Fact]
    public async Task An_entry_is_in_its_accounts_currency()
    {
        var (from, to) = (await NewAccount(1_000), await NewAccount(1_000, "EUR"));

        Assert.Equal("entries_account_id_partner_id_currency_fkey", await Refused((from, -300, from.Reload, "PLN"), (to, 300, from.Reload, "PLN")));
    }

    [Fact]
    public async Task An_overdraft_is_impossible()
    {
        var (from, to) = (await NewAccount(1_000), await NewAccount(0));

        Assert.Equal("accounts_available", await Refused((from, -1_001, from.Reload, "PLN"), (to, 1_001, from.Reload, "PLN")));
        await Hold(from, 700);
        Assert.Equal("accounts_available", await Refused((from, -301, from.Reload, "PLN"), (to, 301, from.Reload, "PLN")));
    }

    [Theory]
    [InlineData(1_001, 1_001, "accounts_available")]
    [InlineData(500, 400, "transactions_held_explained")]
    [InlineData(400, 500, "transactions_held_explained")]
    [InlineData(-1, -1, "transactions_authorized_amount_check")]
    public async Task A_hold_of_what_is_not_there_is_impossible(long amount, long authorized, string rule)
    {
        var account = await NewAccount(1_000);

        Assert.Equal(rule, (await Assert.ThrowsAsync<PostgresException>(() => Hold(account, amount, authorized))).ConstraintName);
    }

    [Fact]
    public async Task A_hold_does_not_change_without_an_operation_that_says_so()
    {
        var account = await NewAccount(1_000);
        await Hold(account, 700);

        await using var update = _requests.CreateCommand($"update transactions set held = 600 where account_id = '{account.Id}' and held = 700");
        Assert.Equal("transactions_held_explained", (await Assert.ThrowsAsync<PostgresException>(() => update.ExecuteNonQueryAsync())).ConstraintName);
        Assert.Equal(700, await Held(account.Id));
    }

    [Fact]
    public async Task A_balance_with_money_cannot_be_closed()
    {
        var account = await NewAccount(1_000);

        await using var update = _requests.CreateCommand($"update accounts set state = 'Closed' where id = '{account.Id}'");
        Assert.Equal("accounts_closed", (await Assert.ThrowsAsync<PostgresException>(() => update.ExecuteNonQueryAsync())).ConstraintName);
    }

    [Fact]
    public async Task An_account_beyond_what_can_be_counted_is_impossible()
    {
        var (from, to) = (await NewAccount(1_000), await NewAccount(1_000));
        var funding = to with { Id = await Look<Guid>("select id from accounts where kind = 'Funding' and currency = 'PLN' and partner_id = @partner", ("partner", to.User.PartnerId)) };

        Assert.Equal("accounts_bound", await Refused((funding, -4_000_000_000_000_000_001, from.Reload, "PLN"), (to, 4_000_000_000_000_000_001, from.Reload, "PLN")));
    }

    /// <summary>An account with the reload that its first entry belongs to (without money: one that was never posted).</summary>
    private async Task<TestAccount> NewAccount(long amount, string currency = "PLN", TestUser? partner = null)
    {
        var user = partner ?? await Suite.NewAcceptedUser();
        var id = (await BalancesOf(user).Post("/balances", new { currency })).Must(201).Id;
        var reload = amount == 0
            ? Guid.Empty
            : (await BalancesOf(user).Post($"/balances/{id}/reload", new { amount = new { amount, currency }, reference = "test" }, NewKey())).Must(201).Id;
        return new TestAccount(id, user, reload);
    }

    private static async Task Post(NpgsqlConnection connection, params (TestAccount Account, long Amount, Guid Transaction, string Currency)[] entries)
    {
        await using var insert = new NpgsqlCommand(
            """
            insert into entries (partner_id, transaction_id, account_id, amount, currency, posted_at)
            select partner_id, transaction_id, account_id, amount, currency, now()
            from unnest(@partners, @transactions, @accounts, @amounts, @currencies) as entry (partner_id, transaction_id, account_id, amount, currency)
            """,
            connection);
        insert.Parameters.Add(new NpgsqlParameter("partners", entries.Select(entry => entry.Account.User.PartnerId).ToArray()));
        insert.Parameters.Add(new NpgsqlParameter("transactions", entries.Select(entry => entry.Transaction).ToArray()));
        insert.Parameters.Add(new NpgsqlParameter("accounts", entries.Select(entry => entry.Account.Id).ToArray()));
        insert.Parameters.Add(new NpgsqlParameter("amounts", entries.Select(entry => entry.Amount).ToArray()));
        insert.Parameters.Add(new NpgsqlParameter("currencies", entries.Select(entry => entry.Currency).ToArray()));
        await insert.ExecuteNonQueryAsync();
    }

    private async Task<string?> Refused(params (TestAccount Account, long Amount, Guid Transaction, string Currency)[] entries)
    {
        await using var connection = await _requests.OpenConnectionAsync();
        return (await Assert.ThrowsAsync<PostgresException>(() => Post(connection, entries))).ConstraintName;
    }

    /// <summary>A hold with the authorisation it belongs to.</summary>
    private async Task Hold(TestAccount account, long amount, long? authorized = null)
    {
        var authorised = (await Suite.Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", Payment.Of(account.User, account.Id, amount: 0, "Verification"))).Must(200);
        await using var insert = _requests.CreateCommand(
            """
            insert into transactions (id, partner_id, user_id, account_id, card_id, type, status, amount, currency, authorized_at, processor,
                processor_transaction_id, fingerprint, merchant_mid, merchant_name, merchant_mcc, merchant_country, entry_channel, transmitted_at,
                action_code, reason, approval_code, available, held, authorized_amount, expires_at)
            select @id, partner_id, user_id, account_id, card_id, 'Purchase', status, abs(@amount), currency, authorized_at, processor,
                processor_transaction_id, fingerprint, merchant_mid, merchant_name, merchant_mcc, merchant_country, entry_channel, transmitted_at,
                action_code, reason, approval_code, available, @amount, @authorized, now() + interval '7 days'
            from transactions where id = @authorised
            """);
        insert.Parameters.Add(new NpgsqlParameter("id", Guid.CreateVersion7()));
        insert.Parameters.Add(new NpgsqlParameter("authorised", authorised["authorizationId"].GetGuid()));
        insert.Parameters.Add(new NpgsqlParameter("amount", amount));
        insert.Parameters.Add(new NpgsqlParameter("authorized", authorized ?? amount));
        await insert.ExecuteNonQueryAsync();
    }

    private async Task<string> Refusal(string sql)
    {
        await using var command = _requests.CreateCommand(sql);
        return (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState;
    }

    private sealed record TestAccount(Guid Id, TestUser User, Guid Reload);
}
