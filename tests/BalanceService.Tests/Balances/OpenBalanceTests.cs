using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Balances;

public sealed class OpenBalanceTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Fact]
    public async Task A_balance_opens_empty_in_the_programmes_currency()
    {
        var user = await Suite.NewAcceptedUser();

        var opened = (await BalancesOf(user).Post("/balances", new { })).Must(201);

        Assert.Equal(user.UserId, opened["customerId"].GetGuid());
        Assert.Equal("PLN", opened["currency"].GetString());
        Assert.Equal("Open", opened["state"].GetString());
        Assert.Equal("Platform", opened["holder"].GetString());
        Assert.Equal(0, opened["amount"].GetInt64());
        Assert.Equal(0, opened["held"].GetInt64());
        Assert.Equal(0, opened["available"].GetInt64());
        Assert.Equal(
            user.ProgramId,
            await Look<Guid>("select programme_id from accounts where id = @id and partner_id = @partner", ("id", opened.Id), ("partner", user.PartnerId)));
    }

    [Fact]
    public async Task The_body_may_be_left_out()
    {
        var user = await Suite.NewAcceptedUser();

        Assert.Equal("PLN", (await BalancesOf(user).Post("/balances")).Must(201)["currency"].GetString());
    }

    [Fact]
    public async Task Another_currency_may_be_named()
    {
        var user = await Suite.NewAcceptedUser();

        Assert.Equal("EUR", (await BalancesOf(user).Post("/balances", new { currency = "EUR" })).Must(201)["currency"].GetString());
    }

    [Fact]
    public async Task The_user_may_open_one_by_the_app()
    {
        var user = await Suite.NewAcceptedUser();
        var key = NewKey();

        var opened = (await BalancesOf(user.App).Post("/balances", new { }, key)).Must(201);

        Assert.Equal(opened.Bytes, (await BalancesOf(user.App).Post("/balances", new { }, key)).Must(201).Bytes);
        Assert.NotEqual(opened.Id, (await BalancesOf(user).Post("/balances", new { }, key)).Must(201).Id);
        (await BalancesOf(user.App with { PartnerId = Guid.CreateVersion7() }).Post("/balances", new { })).MustRefuse(404, "USER_NOT_FOUND");
    }

    [Theory]
    [InlineData(Role.Manager)]
    [InlineData(Role.Admin)]
    public async Task An_operator_opens_one_for_any_partners_user(Role role)
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var somebody = user.Operator(role);
        var key = NewKey();
        Answer opened = null!;

        var entry = Assert.Single(await Ledger.Audited(async () => opened = (await BalancesOf(somebody).Post("/balances", new { }, key)).Must(201)));

        Assert.Equal(user.UserId, opened["customerId"].GetGuid());
        Assert.Equal(
            user.ProgramId,
            await Look<Guid>("select programme_id from accounts where id = @id and partner_id = @partner", ("id", opened.Id), ("partner", user.PartnerId)));
        Assert.Equal($"Admin {somebody.Actor} OpenBalance balance:{opened.Id} {user.UserId} {user.PartnerId}", entry.Line());
        Assert.Equal(opened.Bytes, (await BalancesOf(somebody).Post("/balances", new { }, key)).Must(201).Bytes);
        Assert.Equal(1, await BalancesInTheLedger(user));
    }

    [Fact]
    public async Task An_operator_hears_the_same_refusals()
    {
        var verified = await Suite.NewAcceptedUser();
        await using (var locking = Suite.Database("datacore").CreateCommand($"update users set status = 'Locked' where id = '{verified.UserId}'"))
        {
            Assert.Equal(1, await locking.ExecuteNonQueryAsync());
        }

        (await BalancesOf(TestUsers.Operator(Role.Admin) with { UserId = Guid.CreateVersion7() }).Post("/balances", new { })).MustRefuse(404, "USER_NOT_FOUND");
        (await BalancesOf(TestUsers.Operator(Role.Admin)).Post("/balances", new { })).MustRefuse(404, "USER_NOT_FOUND");
        (await BalancesOf((await Suite.NewUser()).Operator(Role.Admin)).Post("/balances", new { })).MustRefuse(409, "KYC_REQUIRED");
        (await BalancesOf(verified.Operator(Role.Admin)).Post("/balances", new { })).MustRefuse(409, "USER_LOCKED");
    }

    [Fact]
    public async Task Opening_owes_the_event()
    {
        var user = await Suite.NewAcceptedUser();

        var (type, happened) = Assert.Single(await EventsOwed(async () => (await BalancesOf(user).Post("/balances", new { })).Must(201).Id));

        Assert.Equal("BalanceOpened", type);
        Assert.Equal(user.PartnerId, happened.GetProperty("partnerId").GetGuid());
        Assert.Equal(user.UserId, happened.GetProperty("userId").GetGuid());
        Assert.Equal("PLN", happened.GetProperty("currency").GetString());
    }

    [Theory]
    [InlineData("""{"currency": "XXX"}""", "currency")]
    [InlineData("""{"currency": "pln"}""", "currency")]
    [InlineData("""{"currency": ""}""", "currency")]
    [InlineData("""{"currency": 985}""", "currency")]
    [InlineData("""{"amount": 100}""", "amount")]
    [InlineData("""{"currency": "PLN", "currency": "EUR"}""", "currency")]
    public async Task What_cannot_be_accepted_is_named(string body, string field)
    {
        var user = await Suite.NewAcceptedUser();

        var refused = (await BalancesOf(user).PostText("/balances", body)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
        Assert.Equal(0, await BalancesInTheLedger(user));
    }

    [Fact]
    public async Task A_user_that_nobody_knows_has_no_balance()
    {
        var nobody = new TestUser(TestUsers.SandboxPartner, TestUsers.SandboxProgram, Guid.CreateVersion7());

        (await BalancesOf(nobody).Post("/balances", new { })).MustRefuse(404, "USER_NOT_FOUND");
    }

    [Fact]
    public async Task Another_partners_user_is_not_there()
    {
        var theirs = await NewAcceptedUserOfAnotherPartner();

        (await BalancesOf(theirs with { PartnerId = TestUsers.SandboxPartner }).Post("/balances", new { })).MustRefuse(404, "USER_NOT_FOUND");

        Assert.Equal(0, await BalancesInTheLedger(theirs));
    }

    [Fact]
    public async Task A_caller_without_a_user_opens_nothing()
    {
        (await BalancesOf(new Caller { Channel = Channel.Secure, PartnerId = TestUsers.SandboxPartner }).Post("/balances", new { })).MustRefuse(404, "USER_NOT_FOUND");
    }

    [Fact]
    public async Task Nobody_else_opens_one()
    {
        var user = await Suite.NewAcceptedUser();

        foreach (var caller in TestCallers.NotAdmitted(user.UserId, Role.Employee))
        {
            (await BalancesOf(caller).Post("/balances", new { })).MustRefuse(403, "FORBIDDEN");
        }
        Assert.Equal(0, await BalancesInTheLedger(user));
    }

    [Fact]
    public async Task A_locked_user_opens_nothing()
    {
        var user = await Suite.NewAcceptedUser();
        await using (var locking = Suite.Database("datacore").CreateCommand($"update users set status = 'Locked' where id = '{user.UserId}'"))
        {
            Assert.Equal(1, await locking.ExecuteNonQueryAsync());
        }

        (await BalancesOf(user).Post("/balances", new { })).MustRefuse(409, "USER_LOCKED");

        Assert.Equal(0, await BalancesInTheLedger(user));
    }

    [Fact]
    public async Task A_user_who_is_not_verified_opens_nothing()
    {
        var user = await Suite.NewUser();

        (await BalancesOf(user).Post("/balances", new { })).MustRefuse(409, "KYC_REQUIRED");

        Assert.Equal(0, await BalancesInTheLedger(user));
    }

    [Fact]
    public async Task A_user_whose_verification_was_rejected_opens_nothing()
    {
        var user = await Suite.NewUser();
        (await Suite.As(user.Caller, "kycservice").Put("/kyc", new { status = "Rejected", reference = "test" })).Must(200);

        (await BalancesOf(user).Post("/balances", new { })).MustRefuse(409, "KYC_REQUIRED");
    }

    [Fact]
    public async Task The_same_key_opens_one_and_answers_byte_for_byte()
    {
        var user = await Suite.NewAcceptedUser();
        var key = NewKey();

        var first = (await BalancesOf(user).Post("/balances", new { currency = "EUR" }, key)).Must(201);
        var again = (await BalancesOf(user).Post("/balances", new { currency = "EUR" }, key)).Must(201);

        Assert.Equal(first.Bytes, again.Bytes);
        Assert.Null(first.Header("Idempotent-Replayed"));
        Assert.Equal("true", again.Header("Idempotent-Replayed"));
        Assert.Equal(1, await BalancesInTheLedger(user));
    }

    [Fact]
    public async Task A_key_serves_one_request_only()
    {
        var user = await Suite.NewAcceptedUser();
        var key = NewKey();
        (await BalancesOf(user).Post("/balances", new { currency = "EUR" }, key)).Must(201);

        (await BalancesOf(user).Post("/balances", new { currency = "PLN" }, key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
    }

    [Fact]
    public async Task A_key_of_one_user_is_not_good_for_another()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var key = NewKey();
        (await BalancesOf(user).Post("/balances", new { }, key)).Must(201);

        (await BalancesOf(other).Post("/balances", new { }, key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
    }

    [Fact]
    public async Task Two_requests_with_one_key_at_once_open_one()
    {
        var user = await Suite.NewAcceptedUser();
        var key = NewKey();

        await using var held = await Races.Hold(Ledger, "lock table accounts in share mode");
        var first = BalancesOf(user).Post("/balances", new { }, key);
        await held.Waiters(1);
        (await BalancesOf(user).Post("/balances", new { }, key)).MustRefuse(409, "IDEMPOTENCY_IN_PROGRESS");
        await held.Release();

        (await first).Must(201);
        Assert.Equal(1, await BalancesInTheLedger(user));
    }

    [Fact]
    public async Task A_partners_first_two_in_a_currency_at_once_share_one_funding_account()
    {
        var (partner, program) = await Suite.NewPartner("SEK");
        var (user, other) = (await Suite.NewAcceptedUser(partner, program), await Suite.NewAcceptedUser(partner, program));

        var opened = await Races.AtOnce(
            Ledger,
            "lock table accounts in share mode",
            waiters: 2,
            () => BalancesOf(user).Post("/balances", new { }),
            () => BalancesOf(other).Post("/balances", new { }));

        Assert.All(opened, answer => answer.Must(201));
        Assert.Equal(1, await Look<long>("select count(*) from accounts where partner_id = @partner and kind = 'Funding'", ("partner", partner)));
    }

    [Fact]
    public async Task While_a_neighbour_is_away_nothing_opens_and_the_caller_may_ask_again()
    {
        var user = await Suite.NewAcceptedUser();

        await Suite.Stop("kycservice");
        try
        {
            (await BalancesOf(user).Post("/balances", new { })).MustRefuse(503, "SERVICE_UNAVAILABLE");
        }
        finally
        {
            await Suite.Start("kycservice");
        }

        Assert.Equal(0, await BalancesInTheLedger(user));
        await Eventually.Holds(async () => (await BalancesOf(user).Post("/balances", new { })).Status == 201, "the neighbour to be back");
    }

    private Task<long> BalancesInTheLedger(TestUser user) => Look<long>("select count(*) from accounts where user_id = @user", ("user", user.UserId));
}
