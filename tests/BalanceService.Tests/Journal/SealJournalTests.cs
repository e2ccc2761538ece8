using System.Globalization;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.BalanceService.Tests.Journal;

public sealed class SealJournalTests(LedgerSuite suite) : LedgerTest(suite)
{
    private const int Many = 12_000;

    [Fact]
    public async Task What_is_posted_is_sealed_by_itself_and_comes_to_what_a_stranger_recomputes()
    {
        await Suite.NewBalance(await Suite.NewAcceptedUser(), amount: 1_000);

        await Ledger.Sealed();

        Assert.Contains("; 0 entries at the end are not sealed yet", await Suite.MustBeRight(), StringComparison.Ordinal);
    }

    /// <summary>The one race that a chain over positions has: a lower position that comes after a higher one.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_slow_writer_with_a_lower_position_is_waited_for(bool commits)
    {
        var slow = await Suite.NewBalance(await NewAcceptedUserOfAnotherPartner(), amount: 1_000);
        var fast = await Suite.NewAcceptedUser();
        await Ledger.Sealed();

        await using var writing = await Races.Hold(Ledger, ReloadLike(slow, times: 1));
        var taken = await Look<long>("select last_value from entries_position_seq");
        await Suite.NewBalance(fast, amount: 500);
        Assert.True(await Look<long>("select max(position) from entries") > taken);
        await SealerTries(times: 2);
        Assert.True(await Look<long>("select max(position) from seals") < taken - 1);

        await (commits ? writing.Commit("select 1") : writing.Release());
        await Ledger.Sealed();
        Assert.Equal(commits, await Look<bool>("select exists (select from entries where position = @taken)", ("taken", taken)));
        await Suite.MustBeRight();
    }

    [Fact]
    public async Task Two_replicas_at_once_seal_every_entry_once()
    {
        var balance = await Suite.NewBalance(await Suite.NewAcceptedUser(), amount: 10);
        await Ledger.Sealed();
        await using var replica = await Suite.StartReplica("balanceservice");

        await using var held = await Races.Hold(Ledger, "lock table seals in access exclusive mode");
        await Do(ReloadLike(balance, Many / 2));
        await held.Waiters(2);
        await held.Release();
        await Ledger.Sealed();

        Assert.Equal(
            await Look<long>("select count(*) from entries"), await Look<long>("select number from seals order by position desc limit 1"));
        await Suite.MustBeRight();
    }

    [Fact]
    public async Task A_seal_is_built_on_once_whatever_the_code_does()
    {
        await Suite.NewBalance(await Suite.NewAcceptedUser(), amount: 10);
        await Ledger.Sealed();

        Assert.Equal("seals_previous_key", await Refused("select position, null, 1000000, decode(repeat('00', 32), 'hex') from entries where position not in (select position from seals) limit 1"));
        Assert.Equal("seals_position_fkey", await Refused("select max(position) + 1000, max(position), 1000000, decode(repeat('00', 32), 'hex') from seals"));
    }

    [Theory]
    [InlineData("update seals set hash = decode(repeat('00', 32), 'hex')")]
    [InlineData("delete from seals")]
    [InlineData("truncate seals")]
    [InlineData("update roots set position = 1")]
    [InlineData("delete from roots")]
    [InlineData("truncate roots")]
    [InlineData("update entries set posted_at = posted_at - interval '1 day'")]
    [InlineData("delete from entries")]
    [InlineData("alter table seals disable trigger all")]
    public async Task Nothing_that_is_sealed_can_be_changed_by_requests(string sql)
    {
        await using var command = Suite.DatabaseOfRequests("balances").CreateCommand(sql);

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState);
    }

    [Fact]
    public async Task Not_even_the_owner_removes_an_entry_that_a_seal_is_of()
    {
        await Suite.NewBalance(await Suite.NewAcceptedUser(), amount: 10);
        await Ledger.Sealed();

        var refused = await Assert.ThrowsAsync<PostgresException>(() => Do("delete from entries where position = (select max(position) from seals)"));

        Assert.Equal(PostgresErrorCodes.ForeignKeyViolation, refused.SqlState);
    }

    /// <summary>Once a second, and for a moment: it is seen while it waits for who writes.</summary>
    private async Task SealerTries(int times)
    {
        var seen = new HashSet<DateTime>();
        await Eventually.Holds(
            async () =>
            {
                var since = await Ledger.Scalar<DateTime>(
                    "select query_start from pg_stat_activity where datname = current_database() and wait_event = 'advisory' and query like '%pg_advisory_xact_lock%' limit 1");
                if (since != default)
                {
                    seen.Add(since);
                }
                return seen.Count >= times;
            },
            "the sealer to wait for who writes");
    }

    private async Task<string?> Refused(string row)
    {
        await using var insert = Suite.DatabaseOfRequests("balances").CreateCommand($"insert into seals (position, previous, number, hash) {row}");
        return (await Assert.ThrowsAsync<PostgresException>(() => insert.ExecuteNonQueryAsync())).ConstraintName;
    }

    /// <summary>The reload of the balance again, by hand.</summary>
    private string ReloadLike(Guid balance, int times) =>
        $"""
        with first as (
            select id, partner_id, user_id, account_id, type, status, amount, currency, cleared_amount
            from transactions where account_id = '{balance}' and type = 'Reload' limit 1
        ), reload as (
            insert into transactions (id, partner_id, user_id, account_id, type, status, amount, currency, cleared_amount, authorized_at, cleared_at)
            select gen_random_uuid(), partner_id, user_id, account_id, type, status, amount, currency, cleared_amount, '{Now}', '{Now}'
            from first, generate_series(1, {times.ToString(CultureInfo.InvariantCulture)})
            returning id
        )
        insert into entries (partner_id, transaction_id, account_id, amount, currency, posted_at)
        select entries.partner_id, reload.id, entries.account_id, entries.amount, entries.currency, '{Now}'
        from reload, entries where entries.transaction_id = (select id from first)
        """;

    private string Now => Suite.Clock.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
}
