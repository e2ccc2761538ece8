using System.Text.Json;
using System.Text.Json.Nodes;
using Antaca.SandboxPartner;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.RemoteBalances;

public sealed class ReconciliationTests(LedgerSuite suite) : RemoteTest(suite)
{
    [Fact]
    public async Task A_day_is_accounted_for_once_and_compared_with_what_the_host_counts()
    {
        await using var host = await NewHost();
        await NextDay();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 5_000, deposit: 5_000, standInMax: 100);
        var first = MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400)))["authorizationId"].GetGuid();
        var second = MustApprove(await Ask(Payment.Of(user, balanceId, amount: 300)))["authorizationId"].GetGuid();
        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 4_700)), "1016", "INSUFFICIENT_FUNDS");
        var merchant = new { mid = "M-1", name = "Żabka 7", mcc = "5411", country = "PL" };
        (await Processor.Post("/clearings", new { transactionId = NewKey(), authorizationId = first, cardId = user.UserId, amount = Pln(350), merchant })).Must(200);
        (await Processor.Post("/refunds", new { transactionId = NewKey(), authorizationId = first, cardId = user.UserId, amount = Pln(50), merchant })).Must(200);
        (await Processor.Post($"/authorizations/{second}/reversals", new { transactionId = NewKey(), amount = Pln(100) })).Must(200);
        await Told(balanceId);
        host.Mode = HostMode.Down;
        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 10)));
        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 101)), "1000", "PARTNER_UNAVAILABLE");
        host.Mode = HostMode.Up;
        host.Answers = 500;
        await Task.Delay(10);
        host.Answers = null;
        host.Figures = new JsonObject { ["authorizedCount"] = 2, ["authorizedAmount"] = 710, ["clearedAmount"] = 350, ["refundedAmount"] = 51, ["extra"] = "ignored" };

        await NextDay();
        var row = await Account(user);

        Assert.Equal(
            """{"authorizedCount":3,"authorizedAmount":710,"clearedCount":1,"clearedAmount":350,"reversedCount":1,"reversedAmount":100,"refundedCount":1,"refundedAmount":50}""",
            row.GetProperty("ours").GetRawText());
        Assert.Equal("Differs", row.GetProperty("outcome").GetString());
        Assert.Equal(["authorizedCount", "refundedAmount"], row.GetProperty("differences").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(2, row.GetProperty("unavailable").GetInt32());
        Assert.Equal("""{"amount":4700,"held":210}""", row.GetProperty("deposit").GetRawText());
        Assert.Equal(user.ProgramId, row.GetProperty("programId").GetGuid());
        await using var replica = await Suite.StartReplica("balanceservice");
        await Task.Delay(1_000);
        Assert.Equal(1, await Look<long>("select count(*) from reconciliations where programme_id = @id", ("id", user.ProgramId)));
    }

    [Theory]
    [InlineData(true, null, "Agreed")]
    [InlineData(false, null, "NotGiven")]
    [InlineData(true, 500, "Unanswered")]
    public async Task The_account_says_how_the_host_took_it(bool figures, int? answers, string outcome)
    {
        await using var host = await NewHost();
        await NextDay();
        var (user, _) = await NewRemoteBalance(host, amount: 5_000);
        host.Figures = figures ? new JsonObject { ["authorizedCount"] = 0, ["reversedAmount"] = 0 } : null;
        host.Answers = answers;

        await NextDay();
        var row = await Account(user);

        Assert.Equal(outcome, row.GetProperty("outcome").GetString());
        Assert.Equal(outcome == "Agreed" ? JsonValueKind.Object : JsonValueKind.Null, row.GetProperty("theirs").ValueKind);
        Assert.Empty(row.GetProperty("differences").EnumerateArray());
    }

    [Fact]
    public async Task A_message_that_was_not_taken_is_counted()
    {
        await using var host = await NewHost();
        await NextDay();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 5_000);
        var authorization = MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400)))["authorizationId"].GetGuid();
        host.Answers = 503;
        (await Processor.Post($"/authorizations/{authorization}/reversals", new { transactionId = NewKey() })).Must(200);

        await NextDay();

        Assert.Equal(1, (await Account(user)).GetProperty("undelivered").GetInt32());
    }

    [Fact]
    public async Task A_partner_sees_its_own_and_operators_all_or_one_partners()
    {
        await using var host = await NewHost();
        await NextDay();
        var (one, _) = await NewRemoteBalance(host, amount: 0);
        var (other, _) = await NewRemoteBalance(host, amount: 0);
        await NextDay();
        var mine = await Account(one);
        await Account(other);
        var day = mine.GetProperty("day").GetString()!;
        var before = DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture).AddDays(-1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        var partner = BalancesOf(new Caller { Channel = Channel.Secure, PartnerId = one.PartnerId });
        var operators = BalancesOf(TestUsers.Operator(Role.Employee));

        Assert.Single(Items(await partner.Get("/reconciliations")));
        Assert.Single(Items(await partner.Get($"/reconciliations?partnerId={other.PartnerId}")), row => row.GetProperty("partnerId").GetGuid() == one.PartnerId);
        Assert.Single(Items(await partner.Get($"/reconciliations?from={day}&to={day}")));
        Assert.Empty(Items(await partner.Get($"/reconciliations?to={before}")));
        Assert.Single(Items(await operators.Get($"/reconciliations?partnerId={other.PartnerId}")));
        var all = Items(await operators.Get($"/reconciliations?from={day}&to={day}"));
        Assert.Contains(all, row => row.GetProperty("partnerId").GetGuid() == one.PartnerId);
        Assert.Contains(all, row => row.GetProperty("partnerId").GetGuid() == other.PartnerId);
        var page = (await operators.Get("/reconciliations?limit=1")).Must(200);
        var next = Items(await operators.Get($"/reconciliations?limit=1&after={page["next"].GetString()}"));
        Assert.NotEqual(page["items"][0].GetProperty("id").GetGuid(), Assert.Single(next).GetProperty("id").GetGuid());
    }

    [Theory]
    [InlineData("from=yesterday")]
    [InlineData("limit=0")]
    [InlineData("partnerId=me")]
    public async Task What_cannot_be_asked_is_named(string query) =>
        (await BalancesOf(TestUsers.Operator(Role.Admin)).Get("/reconciliations?" + query)).MustRefuse(422, "VALIDATION_FAILED");

    private static object Pln(long amount) => new { amount, currency = "PLN" };

    private static JsonElement[] Items(Answer answer) => [.. answer.Must(200)["items"].EnumerateArray()];

    /// <summary>Moves the clock to a moment after the next midnight.</summary>
    private Task NextDay()
    {
        var now = Suite.Clock.GetUtcNow();
        Suite.Clock.Advance(now.UtcDateTime.Date.AddDays(1).AddMinutes(1) - now.UtcDateTime);
        return Task.CompletedTask;
    }

    /// <summary>The job looks every half minute; a replica that starts looks at once.</summary>
    private async Task<JsonElement> Account(TestUser user)
    {
        await using var replica = await Suite.StartReplica("balanceservice");
        return await Eventually.Get(
            async () => Items(await BalancesOf(new Caller { Channel = Channel.Secure, PartnerId = user.PartnerId }).Get("/reconciliations")) is [var row, ..] ? (object)row : null,
            "the account of the day") is JsonElement found ? found : default;
    }
}
