using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Adjustments;

public sealed class AdjustBalanceTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Theory]
    [InlineData("Correction", 300, "Partner")]
    [InlineData("Correction", -300, "Partner")]
    [InlineData("Goodwill", 300, "Partner")]
    [InlineData("ChargebackWon", 300, "Partner")]
    [InlineData("ChargebackLost", -300, "Partner")]
    [InlineData("Fee", -300, "Fees")]
    public async Task Money_moves_between_the_balance_and_where_the_reason_says(string reason, long amount, string counterpart)
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var balanceId = await Suite.NewBalance(user, 1_000);
        var manager = TestUsers.Operator(Role.Manager);
        Answer adjusted = null!;

        var entry = Assert.Single(await Ledger.Audited(async () => adjusted = (await Adjust(manager, balanceId, amount, reason)).Must(201)));

        Assert.Equal(("Adjustment", "Cleared"), (adjusted["type"].GetString(), adjusted["status"].GetString()));
        Assert.Equal($$"""{"amount":{{amount}},"currency":"PLN"}""", adjusted["amount"].GetRawText());
        Assert.Equal((reason, "by hand"), (adjusted["reason"].GetString(), adjusted["reference"].GetString()));
        Assert.Equal(1_000 + amount, await Posted(balanceId));
        Assert.Equal(-amount, await Look<long>("select posted from accounts where kind = @kind and partner_id = @partner", ("kind", counterpart), ("partner", user.PartnerId)));
        Assert.Equal($"Admin {manager.Actor} AdjustBalance balance:{balanceId} {user.UserId} {user.PartnerId}", entry.Line());
        var shown = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions")).Must(200)["items"][0];
        Assert.Equal(adjusted.Id, shown.GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task An_adjustment_owes_the_event()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, 1_000);

        var owed = await EventsOwed(async () =>
        {
            (await Adjust(TestUsers.Operator(Role.Admin), balanceId, -300, "Fee")).Must(201);
            return balanceId;
        });

        var happened = Assert.Single(owed, happened => happened.Type == "BalanceAdjusted").Body;
        Assert.Equal((user.PartnerId, user.UserId), (happened.GetProperty("partnerId").GetGuid(), happened.GetProperty("userId").GetGuid()));
        Assert.Equal(-300, happened.GetProperty("amount").GetInt64());
    }

    [Fact]
    public async Task The_last_of_what_is_available_may_be_taken_and_not_one_more()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, 1_000);
        Assert.True((await Suite.Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", Payment.Of(user, balanceId, 400))).Must(200)["approved"].GetBoolean());

        (await Adjust(TestUsers.Operator(Role.Admin), balanceId, -601)).MustRefuse(409, "INSUFFICIENT_FUNDS");
        (await Adjust(TestUsers.Operator(Role.Admin), balanceId, -600)).Must(201);

        Assert.Equal((400, 400), (await Posted(balanceId), await Held(balanceId)));
    }

    [Fact]
    public async Task Two_at_once_do_not_take_more_than_there_is()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, 1_000);

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 2,
            () => Adjust(TestUsers.Operator(Role.Admin), balanceId, -600),
            () => Adjust(TestUsers.Operator(Role.Manager), balanceId, -600));

        Assert.Equal([201, 409], answers.Select(answer => answer.Status).Order());
        Assert.Equal(400, await Posted(balanceId));
    }

    [Fact]
    public async Task The_same_key_moves_money_once()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, 1_000);
        var (admin, key) = (TestUsers.Operator(Role.Admin), NewKey());

        var first = (await Adjust(admin, balanceId, 100, key: key)).Must(201);

        Assert.Equal(first.Bytes, (await Adjust(admin, balanceId, 100, key: key)).Must(201).Bytes);
        (await Adjust(admin, balanceId, 101, key: key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        Assert.Equal(1_100, await Posted(balanceId));
    }

    [Theory]
    [InlineData("""{"amount": {"amount": 0, "currency": "PLN"}, "reason": "Correction", "note": "n"}""", "amount")]
    [InlineData("""{"amount": {"amount": 5, "currency": "PLN"}, "reason": "Fee", "note": "n"}""", "amount")]
    [InlineData("""{"amount": {"amount": 5, "currency": "PLN"}, "reason": "ChargebackLost", "note": "n"}""", "amount")]
    [InlineData("""{"amount": {"amount": -5, "currency": "PLN"}, "reason": "Goodwill", "note": "n"}""", "amount")]
    [InlineData("""{"amount": {"amount": -5, "currency": "PLN"}, "reason": "ChargebackWon", "note": "n"}""", "amount")]
    [InlineData("""{"amount": {"amount": 5, "currency": "PLN"}, "reason": "Theft", "note": "n"}""", "reason")]
    [InlineData("""{"amount": {"amount": 5, "currency": "PLN"}, "reason": "Correction", "note": ""}""", "note")]
    [InlineData("""{"amount": {"amount": 5, "currency": "PLN"}, "reason": "Correction", "note": "a\nb"}""", "note")]
    [InlineData("""{"amount": {"amount": 5, "currency": "PLN"}, "reason": "Correction"}""", "note")]
    [InlineData("""{"amount": {"amount": 5.5, "currency": "PLN"}, "reason": "Correction", "note": "n"}""", "amount")]
    public async Task What_cannot_be_accepted_is_named_and_moves_nothing(string body, string field)
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var refused = (await BalancesOf(TestUsers.Operator(Role.Admin)).PostText($"/balances/{balanceId}/adjustments", body, NewKey())).MustRefuse(422, "VALIDATION_FAILED");

        Assert.StartsWith(field, Assert.Single(refused["errors"].EnumerateObject()).Name, StringComparison.Ordinal);
        Assert.Equal(0, await Transactions(balanceId));
    }

    [Fact]
    public async Task What_is_refused_moves_nothing()
    {
        var user = await Suite.NewAcceptedUser();
        var (balanceId, closedId) = (await Suite.NewBalance(user), await Suite.NewBalance(user));
        await Do("update accounts set state = 'Closed' where id = @id", ("id", closedId));
        var admin = TestUsers.Operator(Role.Admin);

        (await BalancesOf(admin).Post($"/balances/{balanceId}/adjustments", Body(100, "Correction", "PLN"))).MustRefuse(400, "IDEMPOTENCY_KEY_REQUIRED");
        (await Adjust(admin, Guid.CreateVersion7(), 100)).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await Adjust(admin, closedId, 100)).MustRefuse(409, "BALANCE_CLOSED");
        (await Adjust(admin, balanceId, 100, currency: "EUR")).MustRefuse(409, "BALANCE_CURRENCY_MISMATCH");
        (await Adjust(admin, balanceId, -1)).MustRefuse(409, "INSUFFICIENT_FUNDS");
        (await Adjust(admin, balanceId, -100_001)).MustRefuse(409, "INSUFFICIENT_FUNDS");
        foreach (var caller in TestCallers.NotAdmitted(user.UserId, Role.Employee).Append(user.App).Append(user.Caller))
        {
            (await Adjust(caller, balanceId, 100)).MustRefuse(403, "FORBIDDEN");
        }
        Assert.Equal(0, await Transactions(balanceId) + await Transactions(closedId));
        Assert.Equal(0, await Look<long>("select count(*) from adjustments where account_id = @id", ("id", balanceId)));
    }

    [Fact]
    public async Task A_balance_that_the_partner_holds_is_not_adjusted_here()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        await Do("update accounts set holder = 'Partner' where id = @id", ("id", balanceId));

        (await Adjust(TestUsers.Operator(Role.Admin), balanceId, 100)).MustRefuse(409, "BALANCE_HELD_BY_PARTNER");
    }

    [Fact]
    public async Task A_balance_fills_to_its_bound_and_not_beyond()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, 1_000_000_000_000_000);

        (await Adjust(TestUsers.Operator(Role.Admin), balanceId, 1)).MustRefuse(409, "BALANCE_LIMIT_EXCEEDED");
    }

    [Fact]
    public async Task A_blocked_balance_is_adjusted()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, 1_000);
        await Do("update accounts set state = 'Blocked' where id = @id", ("id", balanceId));

        (await Adjust(TestUsers.Operator(Role.Admin), balanceId, -1_000)).Must(201);

        Assert.Equal(0, await Posted(balanceId));
    }

    [Fact]
    public async Task Up_to_the_limit_one_operator_is_enough_and_above_it_not()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, 500_000);
        var admin = TestUsers.Operator(Role.Admin);
        var key = NewKey();

        (await Adjust(admin, balanceId, 100_000)).Must(201);
        (await Adjust(admin, balanceId, -100_000)).Must(201);
        var proposed = (await Adjust(admin, balanceId, -100_001, key: key)).Must(202);

        Assert.Equal("Proposed", proposed["status"].GetString());
        Assert.Equal(proposed.Bytes, (await Adjust(admin, balanceId, -100_001, key: key)).Must(202).Bytes);
        Assert.Equal(500_000, await Posted(balanceId));
        var listed = (await BalancesOf(TestUsers.Operator(Role.Employee)).Get("/adjustments?status=Proposed&limit=200")).Must(200)["items"].EnumerateArray()
            .Single(one => one.GetProperty("balanceId").GetGuid() == balanceId);
        Assert.Equal(proposed["adjustmentId"].GetGuid(), listed.GetProperty("id").GetGuid());
        Assert.Equal(admin.OperatorId, listed.GetProperty("proposedBy").GetGuid());
        Assert.Equal(-100_001, listed.GetProperty("amount").GetProperty("amount").GetInt64());
        Assert.Equal(JsonValueKind.Null, listed.GetProperty("transactionId").ValueKind);
    }

    private Task<Answer> Adjust(Caller caller, Guid balanceId, long amount, string reason = "Correction", string currency = "PLN", string? key = null) =>
        BalancesOf(caller).Post($"/balances/{balanceId}/adjustments", Body(amount, reason, currency), key ?? NewKey());

    private static object Body(long amount, string reason, string currency) => new { amount = Money(amount, currency), reason, note = "by hand" };
}
