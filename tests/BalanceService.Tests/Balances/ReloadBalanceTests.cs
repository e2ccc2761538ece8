using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Balances;

public sealed class ReloadBalanceTests(LedgerSuite suite) : LedgerTest(suite)
{
    private const long MostOnABalance = 1_000_000_000_000_000;

    [Fact]
    public async Task A_reload_moves_money_from_the_partners_funding_account()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var balanceId = await Suite.NewBalance(user);

        var reload = (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(12_500), NewKey())).Must(201);

        Assert.Equal(balanceId, reload["balanceId"].GetGuid());
        Assert.Equal("Reload", reload["type"].GetString());
        Assert.Equal("Cleared", reload["status"].GetString());
        Assert.Equal("""{"amount":12500,"currency":"PLN"}""", reload["amount"].GetRawText());
        Assert.Equal("salary", reload["reference"].GetString());
        Assert.Equal(reload["authorizedAt"].GetDateTimeOffset(), reload["clearedAt"].GetDateTimeOffset());
        Assert.Equal(JsonValueKind.Null, reload["merchant"].ValueKind);
        Assert.Equal(JsonValueKind.Null, reload["cardId"].ValueKind);
        Assert.Equal(12_500, await Posted(balanceId));
        Assert.Equal(-12_500, await Look<long>("select posted from accounts where kind = 'Funding' and partner_id = @partner", ("partner", user.PartnerId)));
        Assert.Equal(2, await Look<long>("select count(*) from entries where transaction_id = @id", ("id", reload.Id)));
    }

    [Fact]
    public async Task Reloads_add_up()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 100);

        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(250), NewKey())).Must(201);

        Assert.Equal(350, (await BalancesOf(user).Get("/balances")).Must(200)["items"][0].GetProperty("available").GetInt64());
    }

    [Fact]
    public async Task A_reload_owes_the_event()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var reloadId = Guid.Empty;

        var owed = await EventsOwed(async () =>
        {
            reloadId = (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(12_500), NewKey())).Must(201).Id;
            return balanceId;
        });

        var happened = Assert.Single(owed, happened => happened.Type == "BalanceReloaded").Body;
        Assert.Equal(user.PartnerId, happened.GetProperty("partnerId").GetGuid());
        Assert.Equal(user.UserId, happened.GetProperty("userId").GetGuid());
        Assert.Equal(reloadId, happened.GetProperty("transactionId").GetGuid());
        Assert.Equal(12_500, happened.GetProperty("amount").GetInt64());
        Assert.Equal("PLN", happened.GetProperty("currency").GetString());
    }

    [Theory]
    [InlineData("""{"amount": {"amount": -1, "currency": "PLN"}, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": {"amount": 0, "currency": "PLN"}, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": {"amount": 1e30, "currency": "PLN"}, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": {"amount": 1.5, "currency": "PLN"}, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": {"amount": "100", "currency": "PLN"}, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": {"amount": 1000000000000001, "currency": "PLN"}, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": {"amount": 9223372036854775808, "currency": "PLN"}, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": {"amount": 100, "currency": "XXX"}, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": {"amount": 100}, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": {"amount": 100, "currency": "PLN", "scale": 2}, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": 100, "reference": "r"}""", "amount")]
    [InlineData("""{"amount": null, "reference": "r"}""", "amount")]
    [InlineData("""{"reference": "r"}""", "amount")]
    [InlineData("""{"amount": {"amount": 100, "currency": "PLN"}}""", "reference")]
    [InlineData("""{"amount": {"amount": 100, "currency": "PLN"}, "reference": null}""", "reference")]
    [InlineData("""{"amount": {"amount": 100, "currency": "PLN"}, "reference": ""}""", "reference")]
    [InlineData("""{"amount": {"amount": 100, "currency": "PLN"}, "reference": "a\u0000b"}""", "reference")]
    [InlineData("""{"amount": {"amount": 100, "currency": "PLN"}, "reference": "a\nb"}""", "reference")]
    [InlineData("""{"amount": {"amount": 100, "currency": "PLN"}, "reference": "a\ud800b"}""", "reference")]
    [InlineData("""{"amount": {"amount": 100, "currency": "PLN"}, "reference": "r", "fee": 1}""", "fee")]
    public async Task What_cannot_be_accepted_is_named_and_moves_nothing(string body, string field)
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var refused = (await BalancesOf(user).PostText($"/balances/{balanceId}/reload", body, NewKey())).MustRefuse(422, "VALIDATION_FAILED");

        Assert.StartsWith(field, Assert.Single(refused["errors"].EnumerateObject()).Name, StringComparison.Ordinal);
        Assert.Equal(0, await Transactions(balanceId));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("reload")]
    public async Task Text_that_is_no_JSON_is_refused_as_such(string text)
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        Assert.Equal(400, (await BalancesOf(user).PostText($"/balances/{balanceId}/reload", text, NewKey())).Status);
    }

    [Fact]
    public async Task Every_fault_is_named_at_once()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var refused = (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(0, reference: new string('r', 141)), NewKey())).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(["amount", "reference"], refused["errors"].EnumerateObject().Select(error => error.Name));
    }

    [Fact]
    public async Task A_reload_without_a_key_is_refused()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100))).MustRefuse(400, "IDEMPOTENCY_KEY_REQUIRED");

        Assert.Equal(0, await Transactions(balanceId));
    }

    [Fact]
    public async Task Only_the_partner_and_administrators_may_reload()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        foreach (var caller in TestCallers.NotAdmitted(user.UserId, Role.Employee, Role.Manager).Append(user.App))
        {
            (await BalancesOf(caller).Post($"/balances/{balanceId}/reload", Reload(100), NewKey())).MustRefuse(403, "FORBIDDEN");
        }

        Assert.Equal(0, await Transactions(balanceId));
    }

    [Fact]
    public async Task An_administrator_reloads_any_partners_balance_from_that_partners_funding_account()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var balanceId = await Suite.NewBalance(user);
        var somebody = TestUsers.Operator(Role.Admin);
        var key = NewKey();
        Answer reload = null!;

        var entry = Assert.Single(await Ledger.Audited(async () => reload = (await BalancesOf(somebody).Post($"/balances/{balanceId}/reload", Reload(12_500), key)).Must(201)));

        Assert.Equal(reload.Bytes, (await BalancesOf(somebody).Post($"/balances/{balanceId}/reload", Reload(12_500), key)).Must(201).Bytes);
        Assert.Equal(12_500, await Posted(balanceId));
        Assert.Equal(-12_500, await Look<long>("select posted from accounts where kind = 'Funding' and partner_id = @partner", ("partner", user.PartnerId)));
        Assert.Equal($"Admin {somebody.Actor} ReloadBalance balance:{balanceId} {user.UserId} {user.PartnerId}", entry.Line());
        (await BalancesOf(somebody).Post($"/balances/{balanceId}/reload", Reload(100))).MustRefuse(400, "IDEMPOTENCY_KEY_REQUIRED");
        (await BalancesOf(somebody).Post($"/balances/{Guid.CreateVersion7()}/reload", Reload(100), NewKey())).MustRefuse(404, "BALANCE_NOT_FOUND");
        var funding = await Look<Guid>("select id from accounts where kind = 'Funding' and partner_id = @partner", ("partner", user.PartnerId));
        (await BalancesOf(somebody).Post($"/balances/{funding}/reload", Reload(100), NewKey())).MustRefuse(404, "BALANCE_NOT_FOUND");
    }

    [Fact]
    public async Task The_partner_hears_of_an_administrators_reload()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var owed = await EventsOwed(async () =>
        {
            (await BalancesOf(TestUsers.Operator(Role.Admin)).Post($"/balances/{balanceId}/reload", Reload(100), NewKey())).Must(201);
            return balanceId;
        });

        var happened = Assert.Single(owed, happened => happened.Type == "BalanceReloaded").Body;
        Assert.Equal((user.PartnerId, user.UserId), (happened.GetProperty("partnerId").GetGuid(), happened.GetProperty("userId").GetGuid()));
    }

    [Fact]
    public async Task The_partner_and_an_administrator_at_once_both_count()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var key = NewKey();

        var reloads = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 2,
            () => BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), key),
            () => BalancesOf(TestUsers.Operator(Role.Admin)).Post($"/balances/{balanceId}/reload", Reload(250), key));

        Assert.All(reloads, reload => reload.Must(201));
        Assert.Equal(350, await Posted(balanceId));
    }

    [Fact]
    public async Task A_body_that_is_no_JSON_is_refused_as_such()
    {
        var user = await Suite.NewAcceptedUser();

        (await BalancesOf(user).PostText($"/balances/{await Suite.NewBalance(user)}/reload", "amount=1", NewKey(), "text/plain")).MustRefuse(415, "UNSUPPORTED_MEDIA_TYPE");
    }

    [Fact]
    public async Task Another_currency_than_the_balances_is_refused()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100, "EUR"), NewKey())).MustRefuse(409, "BALANCE_CURRENCY_MISMATCH");

        Assert.Equal(0, await Transactions(balanceId));
    }

    [Theory]
    [InlineData("Blocked")]
    [InlineData("Closed")]
    public async Task A_balance_that_is_not_open_takes_nothing(string state)
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        await Do("update accounts set state = @state where id = @id", ("state", state), ("id", balanceId));

        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), NewKey())).MustRefuse(409, "BALANCE_NOT_OPEN");

        Assert.Equal(0, await Transactions(balanceId));
    }

    [Fact]
    public async Task What_is_not_the_callers_is_not_there()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var theirs = await NewAcceptedUserOfAnotherPartner();
        var (othersId, theirsId) = (await Suite.NewBalance(other), await Suite.NewBalance(theirs));

        (await BalancesOf(user).Post($"/balances/{Guid.CreateVersion7()}/reload", Reload(100), NewKey())).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await BalancesOf(user).Post($"/balances/{othersId}/reload", Reload(100), NewKey())).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await BalancesOf(user).Post($"/balances/{theirsId}/reload", Reload(100), NewKey())).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await BalancesOf(theirs with { PartnerId = user.PartnerId }).Post($"/balances/{theirsId}/reload", Reload(100), NewKey())).MustRefuse(404, "BALANCE_NOT_FOUND");

        Assert.Equal(0, await Transactions(othersId) + await Transactions(theirsId));
    }

    [Fact]
    public async Task A_balance_fills_to_its_bound_and_not_beyond()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: MostOnABalance);

        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(1), NewKey())).MustRefuse(409, "BALANCE_LIMIT_EXCEEDED");

        Assert.Equal(MostOnABalance, await Posted(balanceId));
    }

    [Fact]
    public async Task A_funding_account_empties_to_its_bound_and_not_beyond()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var balanceId = await Suite.NewBalance(user);
        await Do(
            """
            with balance as (
                insert into accounts (id, partner_id, kind, user_id, programme_id, currency, state, created_at)
                select gen_random_uuid(), @partner, 'User', gen_random_uuid(), @programme, 'PLN', 'Open', now() from generate_series(1, 4000)
                returning id, user_id
            ), reload as (
                insert into transactions (id, partner_id, user_id, account_id, type, status, amount, currency, authorized_at, cleared_at)
                select gen_random_uuid(), @partner, user_id, id, 'Reload', 'Cleared', @most, 'PLN', now(), now() from balance
                returning id, account_id
            )
            insert into entries (partner_id, transaction_id, account_id, amount, currency, posted_at)
            select @partner, reload.id, side.account_id, side.amount, 'PLN', now()
            from reload
            join accounts as funding on funding.partner_id = @partner and funding.kind = 'Funding',
            lateral (values (funding.id, -@most), (reload.account_id, @most)) as side (account_id, amount)
            """,
            ("partner", user.PartnerId),
            ("programme", user.ProgramId),
            ("most", MostOnABalance));

        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(1), NewKey())).MustRefuse(409, "BALANCE_LIMIT_EXCEEDED");

        Assert.Equal(0, await Posted(balanceId));
    }

    [Fact]
    public async Task The_same_key_moves_money_once_and_answers_byte_for_byte()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var key = NewKey();

        var first = (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), key)).Must(201);
        await Do("update accounts set state = 'Blocked' where id = @id", ("id", balanceId));
        var again = (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), key)).Must(201);

        Assert.Equal(first.Bytes, again.Bytes);
        Assert.Null(first.Header("Idempotent-Replayed"));
        Assert.Equal("true", again.Header("Idempotent-Replayed"));
        Assert.Equal(100, await Posted(balanceId));
    }

    [Fact]
    public async Task A_key_serves_one_request_only()
    {
        var user = await Suite.NewAcceptedUser();
        var (balanceId, otherId) = (await Suite.NewBalance(user), await Suite.NewBalance(user));
        var key = NewKey();
        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), key)).Must(201);

        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(101), key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100, reference: "bonus"), key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        (await BalancesOf(user).Post($"/balances/{otherId}/reload", Reload(100), key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");

        Assert.Equal(100, await Posted(balanceId) + await Posted(otherId));
    }

    [Fact]
    public async Task A_refused_reload_may_be_sent_again_under_its_key()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var key = NewKey();
        await Do("update accounts set state = 'Blocked' where id = @id", ("id", balanceId));
        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), key)).MustRefuse(409, "BALANCE_NOT_OPEN");
        await Do("update accounts set state = 'Open' where id = @id", ("id", balanceId));

        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), key)).Must(201);
    }

    [Fact]
    public async Task Two_requests_with_one_key_at_once_move_money_once()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var key = NewKey();

        await using var held = await Races.Hold(Ledger, $"select from accounts where id = '{balanceId}' for update");
        var first = BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), key);
        await held.Waiters(1);
        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), key)).MustRefuse(409, "IDEMPOTENCY_IN_PROGRESS");
        await held.Release();

        var done = (await first).Must(201);
        Assert.Equal(done.Bytes, (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), key)).Must(201).Bytes);
        Assert.Equal(100, await Posted(balanceId));
    }

    [Fact]
    public async Task Two_reloads_at_once_both_count()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var reloads = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 2,
            () => BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), NewKey()),
            () => BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(250), NewKey()));

        Assert.All(reloads, reload => reload.Must(201));
        Assert.Equal(350, await Posted(balanceId));
    }

    [Fact]
    public async Task Reloads_of_many_balances_from_one_funding_account_at_once_all_count()
    {
        const int Balances = 12;
        var (partner, program) = await Suite.NewPartner();
        var user = await Suite.NewAcceptedUser(partner, program);
        var balances = new List<Guid>();
        for (var i = 0; i < Balances; i++)
        {
            balances.Add(await Suite.NewBalance(user));
        }

        var reloads = await Races.AtOnce(
            Ledger,
            $"select from accounts where partner_id = '{partner}' and kind = 'Funding' for update",
            waiters: Balances,
            [.. balances.Select(balanceId => (Func<Task<Answer>>)(() => BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(100), NewKey())))]);

        Assert.All(reloads, reload => reload.Must(201));
        Assert.Equal(-100 * Balances, await Look<long>("select posted from accounts where kind = 'Funding' and partner_id = @partner", ("partner", partner)));
    }

    private static object Reload(long amount, string currency = "PLN", string reference = "salary") => new { amount = new { amount, currency }, reference };
}
