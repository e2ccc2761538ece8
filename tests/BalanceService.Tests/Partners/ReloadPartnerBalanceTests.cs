using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Partners;

public sealed class ReloadPartnerBalanceTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Theory]
    [InlineData("Partner")]
    [InlineData("Credit")]
    [InlineData("Deposit")]
    public async Task A_reload_moves_money_from_the_partners_funding_account(string kind)
    {
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, kind);
        var admin = TestUsers.Operator(Role.Admin);
        Answer reload = null!;

        var entry = Assert.Single(await Ledger.Audited(async () =>
            reload = (await BalancesOf(admin).Post($"/partner-balances/{balanceId}/reload", new { amount = Money(5_000), reference = "transfer 1" }, NewKey())).Must(201)));

        Assert.Equal(balanceId, reload["balanceId"].GetGuid());
        Assert.Equal(("Reload", "Cleared"), (reload["type"].GetString(), reload["status"].GetString()));
        Assert.Equal("""{"amount":5000,"currency":"PLN"}""", reload["amount"].GetRawText());
        Assert.Equal("transfer 1", reload["reference"].GetString());
        Assert.Equal(5_000, await Posted(balanceId));
        Assert.Equal(-5_000, await Look<long>("select posted from accounts where kind = 'Funding' and partner_id = @partner", ("partner", partner)));
        Assert.Equal(5_000, (await BalancesOf(PartnerCaller(partner)).Get($"/partner-balances/{balanceId}")).Must(200)["available"].GetInt64());
        Assert.Equal($"Admin {admin.Actor} ReloadPartnerBalance partnerBalance:{balanceId}  {partner}", entry.Line());
    }

    [Fact]
    public async Task The_same_key_moves_money_once_and_answers_byte_for_byte()
    {
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, "Partner");
        var (admin, key) = (TestUsers.Operator(Role.Admin), NewKey());

        var first = (await BalancesOf(admin).Post($"/partner-balances/{balanceId}/reload", new { amount = Money(100), reference = "r" }, key)).Must(201);
        var again = (await BalancesOf(admin).Post($"/partner-balances/{balanceId}/reload", new { amount = Money(100), reference = "r" }, key)).Must(201);

        Assert.Equal(first.Bytes, again.Bytes);
        (await BalancesOf(admin).Post($"/partner-balances/{balanceId}/reload", new { amount = Money(101), reference = "r" }, key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        Assert.Equal(100, await Posted(balanceId));
    }

    [Fact]
    public async Task Two_reloads_at_once_both_count()
    {
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, "Partner");

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 2,
            () => ReloadPartnerBalance(balanceId, 100),
            () => ReloadPartnerBalance(balanceId, 250));

        Assert.All(answers, answer => answer.Must(201));
        Assert.Equal(350, await Posted(balanceId));
    }

    [Fact]
    public async Task A_partners_and_a_users_reload_at_once_do_not_stop_each_other()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var usersId = await Suite.NewBalance(user);
        var balanceId = await NewPartnerBalance(user.PartnerId, "Partner");

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where partner_id = '{user.PartnerId}' and kind = 'Funding' for update",
            waiters: 2,
            () => ReloadPartnerBalance(balanceId, 100),
            () => BalancesOf(user).Post($"/balances/{usersId}/reload", new { amount = Money(250), reference = "r" }, NewKey()));

        Assert.All(answers, answer => answer.Must(201));
        Assert.Equal(-350, await Look<long>("select posted from accounts where kind = 'Funding' and partner_id = @partner", ("partner", user.PartnerId)));
    }

    [Fact]
    public async Task What_is_refused_moves_nothing()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var usersId = await Suite.NewBalance(user);
        var balanceId = await NewPartnerBalance(user.PartnerId, "Partner");
        var admin = BalancesOf(TestUsers.Operator(Role.Admin));

        (await admin.Post($"/partner-balances/{balanceId}/reload", new { amount = Money(100), reference = "r" })).MustRefuse(400, "IDEMPOTENCY_KEY_REQUIRED");
        (await ReloadPartnerBalance(balanceId, 0)).MustRefuse(422, "VALIDATION_FAILED");
        (await ReloadPartnerBalance(balanceId, -1)).MustRefuse(422, "VALIDATION_FAILED");
        (await ReloadPartnerBalance(balanceId, 100, "EUR")).MustRefuse(409, "BALANCE_CURRENCY_MISMATCH");
        (await admin.Post($"/partner-balances/{balanceId}/reload", new { amount = Money(100), reference = "" }, NewKey())).MustRefuse(422, "VALIDATION_FAILED");
        (await ReloadPartnerBalance(Guid.CreateVersion7(), 100)).MustRefuse(404, "PARTNER_BALANCE_NOT_FOUND");
        (await ReloadPartnerBalance(usersId, 100)).MustRefuse(404, "PARTNER_BALANCE_NOT_FOUND");
        foreach (var kind in new[] { "Funding", "Settlement", "Fees" })
        {
            var account = await Look<Guid>("select id from accounts where kind = @kind and partner_id = @partner", ("kind", kind), ("partner", user.PartnerId));
            (await ReloadPartnerBalance(account, 100)).MustRefuse(404, "PARTNER_BALANCE_NOT_FOUND");
        }
        foreach (var caller in TestCallers.NotAdmitted(null, Role.Employee, Role.Manager).Append(PartnerCaller(user.PartnerId)))
        {
            (await BalancesOf(caller).Post($"/partner-balances/{balanceId}/reload", new { amount = Money(100), reference = "r" }, NewKey())).MustRefuse(403, "FORBIDDEN");
        }
        Assert.Equal(0, await Look<long>("select count(*) from entries where partner_id = @partner", ("partner", user.PartnerId)));
    }

    [Fact]
    public async Task A_balance_fills_to_its_bound_and_not_beyond()
    {
        const long Most = 1_000_000_000_000_000;
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, "Partner", Most);

        (await ReloadPartnerBalance(balanceId, 1)).MustRefuse(409, "BALANCE_LIMIT_EXCEEDED");

        Assert.Equal(Most, await Posted(balanceId));
    }

    [Fact]
    public async Task What_moved_is_listed_page_by_page_the_newest_first()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var usersId = await Suite.NewBalance(user, 1_000);
        var balanceId = await NewPartnerBalance(user.PartnerId, "Partner", 5_000);
        (await ReloadPartnerBalance(balanceId, 700)).Must(201);
        var adjusted = (await BalancesOf(TestUsers.Operator(Role.Manager)).Post(
            $"/balances/{usersId}/adjustments", new { amount = Money(300), reason = "Goodwill", note = "sorry" }, NewKey())).Must(201);
        var own = BalancesOf(PartnerCaller(user.PartnerId));

        var first = (await own.Get($"/partner-balances/{balanceId}/transactions?limit=2")).Must(200);
        var second = (await own.Get($"/partner-balances/{balanceId}/transactions?limit=2&after={first["next"].GetString()}")).Must(200);

        var lines = first["items"].EnumerateArray().Concat(second["items"].EnumerateArray()).ToArray();
        Assert.Equal([-300L, 700, 5_000], lines.Select(line => line.GetProperty("amount").GetProperty("amount").GetInt64()));
        Assert.Equal(["Adjustment", "Reload", "Reload"], lines.Select(line => line.GetProperty("type").GetString()));
        Assert.Equal(adjusted.Id, lines[0].GetProperty("transactionId").GetGuid());
        Assert.Equal(user.UserId, lines[0].GetProperty("customerId").GetGuid());
        Assert.Equal(("Goodwill", "sorry"), (lines[0].GetProperty("reason").GetString(), lines[0].GetProperty("reference").GetString()));
        Assert.Equal(JsonValueKind.Null, lines[1].GetProperty("customerId").ValueKind);
        Assert.Equal("transfer 1", lines[1].GetProperty("reference").GetString());
        Assert.Equal(JsonValueKind.Null, second["next"].ValueKind);
        Assert.Equal(3, (await BalancesOf(TestUsers.Operator(Role.Employee)).Get($"/partner-balances/{balanceId}/transactions")).Must(200)["items"].GetArrayLength());
        (await own.Get($"/partner-balances/{balanceId}/transactions?after=x")).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Operators_find_a_partners_reloads_among_all_transactions()
    {
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, "Partner", 5_000);

        var found = Assert.Single((await BalancesOf(TestUsers.Operator(Role.Employee)).Get($"/transactions?balanceId={balanceId}")).Must(200)["items"].EnumerateArray());

        Assert.Equal("Reload", found.GetProperty("type").GetString());
        Assert.False(found.TryGetProperty("customerId", out _));
    }

    [Fact]
    public async Task Only_reloads_are_nobodys()
    {
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, "Credit", 5_000);

        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => Do(
            """
            insert into transactions (id, partner_id, user_id, account_id, type, status, amount, currency, authorized_at, cleared_at)
            values (gen_random_uuid(), @partner, gen_random_uuid(), @balance, 'Reload', 'Cleared', 1, 'PLN', now(), now())
            """,
            ("partner", partner),
            ("balance", balanceId)));

        Assert.Equal("transactions_account", refused.ConstraintName);
    }
}
