using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Partners;

public sealed class OpenPartnerBalanceTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Theory]
    [InlineData("Partner")]
    [InlineData("Credit")]
    [InlineData("Deposit")]
    public async Task A_partner_opens_a_balance_of_each_kind_and_sees_it(string kind)
    {
        var (partner, _) = await Suite.NewPartner();
        var own = BalancesOf(PartnerCaller(partner));

        var opened = (await own.Post("/partner-balances", new { kind, currency = "PLN", lowThreshold = 500, notify = new[] { "a@bank.example", "A@bank.example", "b@bank.example" } })).Must(201);

        Assert.Equal(kind, opened["kind"].GetString());
        Assert.Equal("PLN", opened["currency"].GetString());
        Assert.Equal(partner, opened["partnerId"].GetGuid());
        Assert.Equal((0, 0, 0), (opened["amount"].GetInt64(), opened["held"].GetInt64(), opened["available"].GetInt64()));
        Assert.Equal(500, opened["lowThreshold"].GetInt64());
        Assert.Equal(["a@bank.example", "b@bank.example"], opened["notify"].EnumerateArray().Select(address => address.GetString()));
        Assert.Equal(opened.Json.GetRawText(), (await own.Get($"/partner-balances/{opened.Id}")).Must(200).Json.GetRawText());
        Assert.Equal(opened.Json.GetRawText(), Assert.Single((await own.Get("/partner-balances")).Must(200)["items"].EnumerateArray()).GetRawText());
        var employee = BalancesOf(TestUsers.Operator(Role.Employee));
        Assert.Equal(opened.Json.GetRawText(), (await employee.Get($"/partner-balances/{opened.Id}")).Must(200).Json.GetRawText());
        Assert.Equal(opened.Json.GetRawText(), Assert.Single((await employee.Get($"/partners/{partner}/balances")).Must(200)["items"].EnumerateArray()).GetRawText());
    }

    [Fact]
    public async Task An_account_that_is_there_since_the_first_users_balance_is_shown_from_its_opening_on()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        await Suite.NewBalance(user, 1_000);
        var own = BalancesOf(PartnerCaller(user.PartnerId));
        Assert.Empty((await own.Get("/partner-balances")).Must(200)["items"].EnumerateArray());
        var hidden = await Look<Guid>("select id from accounts where partner_id = @partner and kind = 'Partner'", ("partner", user.PartnerId));
        (await own.Get($"/partner-balances/{hidden}")).MustRefuse(404, "PARTNER_BALANCE_NOT_FOUND");

        var opened = (await own.Post("/partner-balances", new { kind = "Partner", currency = "PLN" })).Must(201);

        Assert.Equal(hidden, opened.Id);
        Assert.Equal(JsonValueKind.Null, opened["lowThreshold"].ValueKind);
        Assert.Equal(1, await Look<long>("select count(*) from accounts where partner_id = @partner and kind = 'Partner'", ("partner", user.PartnerId)));
    }

    [Fact]
    public async Task Opening_the_first_makes_the_accounts_that_its_money_moves_through()
    {
        var (partner, _) = await Suite.NewPartner();

        await NewPartnerBalance(partner, "Credit");

        Assert.Equal(
            "Credit true, Fees false, Funding true, Partner false, Settlement false",
            await Look<string>("select string_agg(kind || ' ' || opened, ', ' order by kind) from accounts where partner_id = @partner", ("partner", partner)));
    }

    [Fact]
    public async Task There_is_one_of_each_kind_for_each_currency()
    {
        var (partner, _) = await Suite.NewPartner();
        var own = BalancesOf(PartnerCaller(partner));
        await NewPartnerBalance(partner, "Partner");

        (await own.Post("/partner-balances", new { kind = "Partner", currency = "PLN" })).MustRefuse(409, "PARTNER_BALANCE_EXISTS");
        (await BalancesOf(TestUsers.Operator(Role.Admin)).Post($"/partners/{partner}/balances", new { kind = "Partner", currency = "PLN" })).MustRefuse(409, "PARTNER_BALANCE_EXISTS");

        (await own.Post("/partner-balances", new { kind = "Partner", currency = "EUR" })).Must(201);
        (await own.Post("/partner-balances", new { kind = "Credit", currency = "PLN" })).Must(201);
        Assert.Equal(3, (await own.Get("/partner-balances")).Must(200)["items"].GetArrayLength());
    }

    [Fact]
    public async Task Opened_twice_under_one_key_it_is_the_same_answer()
    {
        var (partner, _) = await Suite.NewPartner();
        var own = BalancesOf(PartnerCaller(partner));
        var key = NewKey();

        var first = (await own.Post("/partner-balances", new { kind = "Partner", currency = "PLN" }, key)).Must(201);

        Assert.Equal(first.Bytes, (await own.Post("/partner-balances", new { kind = "Partner", currency = "PLN" }, key)).Must(201).Bytes);
        (await own.Post("/partner-balances", new { kind = "Credit", currency = "PLN" }, key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
    }

    [Fact]
    public async Task Opened_by_two_at_once_it_is_opened_once()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        await Suite.NewBalance(user);

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where partner_id = '{user.PartnerId}' and kind = 'Partner' for update",
            waiters: 2,
            () => BalancesOf(PartnerCaller(user.PartnerId)).Post("/partner-balances", new { kind = "Partner", currency = "PLN", lowThreshold = 1 }),
            () => BalancesOf(TestUsers.Operator(Role.Admin)).Post($"/partners/{user.PartnerId}/balances", new { kind = "Partner", currency = "PLN", lowThreshold = 2 }));

        Assert.Equal([201, 409], answers.Select(answer => answer.Status).Order());
        Assert.Equal(
            answers.Single(answer => answer.Status == 201)["lowThreshold"].GetInt64(),
            await Look<long>("select low_threshold from accounts where partner_id = @partner and kind = 'Partner'", ("partner", user.PartnerId)));
    }

    [Fact]
    public async Task A_new_one_by_two_at_once_is_opened_once()
    {
        var (partner, _) = await Suite.NewPartner();

        var answers = await Races.AtOnce(
            Ledger,
            "lock table accounts in exclusive mode",
            waiters: 2,
            () => BalancesOf(PartnerCaller(partner)).Post("/partner-balances", new { kind = "Credit", currency = "PLN" }),
            () => BalancesOf(PartnerCaller(partner)).Post("/partner-balances", new { kind = "Credit", currency = "PLN" }));

        Assert.Equal([201, 409], answers.Select(answer => answer.Status).Order());
    }

    [Theory]
    [InlineData("""{"kind": "User", "currency": "PLN"}""", "kind")]
    [InlineData("""{"kind": "Funding", "currency": "PLN"}""", "kind")]
    [InlineData("""{"kind": 1, "currency": "PLN"}""", "kind")]
    [InlineData("""{"currency": "PLN"}""", "kind")]
    [InlineData("""{"kind": "Partner"}""", "currency")]
    [InlineData("""{"kind": "Partner", "currency": "XXX"}""", "currency")]
    [InlineData("""{"kind": "Partner", "currency": "PLN", "lowThreshold": -1}""", "lowThreshold")]
    [InlineData("""{"kind": "Partner", "currency": "PLN", "lowThreshold": 1000000000000001}""", "lowThreshold")]
    [InlineData("""{"kind": "Partner", "currency": "PLN", "lowThreshold": 1.5}""", "lowThreshold")]
    [InlineData("""{"kind": "Partner", "currency": "PLN", "notify": ["nobody"]}""", "notify")]
    [InlineData("""{"kind": "Partner", "currency": "PLN", "notify": ["a@b.example\r\nBcc: c@d.example"]}""", "notify")]
    [InlineData("""{"kind": "Partner", "currency": "PLN", "notify": ["a@b.c","b@b.c","c@b.c","d@b.c","e@b.c","f@b.c","g@b.c","h@b.c","i@b.c","j@b.c","k@b.c"]}""", "notify")]
    [InlineData("""{"kind": "Partner", "currency": "PLN", "amount": 5}""", "amount")]
    public async Task What_cannot_be_accepted_is_named(string body, string field)
    {
        var (partner, _) = await Suite.NewPartner();

        var refused = (await BalancesOf(PartnerCaller(partner)).PostText("/partner-balances", body)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.StartsWith(field, Assert.Single(refused["errors"].EnumerateObject()).Name, StringComparison.Ordinal);
        Assert.Equal(0, await Look<long>("select count(*) from accounts where partner_id = @partner", ("partner", partner)));
    }

    [Fact]
    public async Task An_administrator_opens_for_a_partner_that_there_is_and_nobody_else_does()
    {
        var (partner, _) = await Suite.NewPartner();
        var admin = TestUsers.Operator(Role.Admin);

        (await BalancesOf(admin).Post($"/partners/{Guid.CreateVersion7()}/balances", new { kind = "Partner", currency = "PLN" })).MustRefuse(404, "PARTNER_NOT_FOUND");
        foreach (var caller in TestCallers.NotAdmitted(null, Role.Employee, Role.Manager).Append(PartnerCaller(partner)))
        {
            (await BalancesOf(caller).Post($"/partners/{partner}/balances", new { kind = "Partner", currency = "PLN" })).MustRefuse(403, "FORBIDDEN");
        }
        foreach (var caller in TestCallers.NotAdmitted(null).Append(admin))
        {
            (await BalancesOf(caller).Post("/partner-balances", new { kind = "Partner", currency = "PLN" })).MustRefuse(403, "FORBIDDEN");
        }
        Assert.Equal(0, await Look<long>("select count(*) from accounts where partner_id = @partner", ("partner", partner)));

        var entry = Assert.Single(await Ledger.Audited(async () => (await BalancesOf(admin).Post($"/partners/{partner}/balances", new { kind = "Partner", currency = "PLN" })).Must(201)));

        Assert.StartsWith($"Admin {admin.Actor} OpenPartnerBalance partnerBalance:", entry.Line(), StringComparison.Ordinal);
        Assert.Equal(partner, entry.GetProperty("partnerId").GetGuid());
    }

    [Fact]
    public async Task What_is_another_partners_is_not_there()
    {
        var ((partner, _), (other, _)) = (await Suite.NewPartner(), await Suite.NewPartner());
        var theirs = await NewPartnerBalance(other, "Partner", amount: 100);
        var own = BalancesOf(PartnerCaller(partner));

        (await own.Get($"/partner-balances/{theirs}")).MustRefuse(404, "PARTNER_BALANCE_NOT_FOUND");
        (await own.Get($"/partner-balances/{theirs}/transactions")).MustRefuse(404, "PARTNER_BALANCE_NOT_FOUND");
        Assert.Empty((await own.Get("/partner-balances")).Must(200)["items"].EnumerateArray());
        (await own.Get("/partner-balances?limit=0")).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Many_are_listed_page_by_page_the_newest_first()
    {
        var (partner, _) = await Suite.NewPartner();
        var own = BalancesOf(PartnerCaller(partner));
        var ids = new List<Guid>();
        foreach (var currency in new[] { "PLN", "EUR", "CZK" })
        {
            ids.Add((await own.Post("/partner-balances", new { kind = "Partner", currency })).Must(201).Id);
        }
        ids.Reverse();

        var first = (await own.Get("/partner-balances?limit=2")).Must(200);
        var second = (await own.Get($"/partner-balances?limit=2&after={first["next"].GetString()}")).Must(200);

        Assert.Equal(ids, first["items"].EnumerateArray().Concat(second["items"].EnumerateArray()).Select(balance => balance.GetProperty("id").GetGuid()));
        Assert.Equal(JsonValueKind.Null, second["next"].ValueKind);
    }
}
