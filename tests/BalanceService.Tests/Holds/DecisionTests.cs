using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Holds;

/// <summary>Limits, partial approval, exchange: what an authorisation is decided from besides the money.</summary>
public sealed class DecisionTests(LedgerSuite suite) : ProcessorTest(suite)
{
    [Theory]
    [InlineData("Transaction", 300, 301)]
    [InlineData("Day", 300, 101)]
    [InlineData("Week", 300, 101)]
    [InlineData("Month", 300, 101)]
    [InlineData("Lifetime", 300, 101)]
    public async Task An_amount_limit_counts_what_the_card_spent_in_its_window(string window, long limit, long tooMuch)
    {
        var (user, balanceId) = await Funded(10_000);
        var limits = new[] { new { rule = "card.user.amount", window, amount = (long?)limit, uses = (int?)null } };
        Assert.True((await Ask(user, balanceId, 200, limits)).GetProperty("approved").GetBoolean());

        var declined = await Ask(user, balanceId, tooMuch, limits);

        Assert.Equal(("1000", "SPEND_LIMIT_EXCEEDED"), (declined.GetProperty("actionCode").GetString(), declined.GetProperty("reason").GetString()));
        Assert.True((await Ask(user, balanceId, tooMuch - 1, limits)).GetProperty("approved").GetBoolean());
    }

    [Fact]
    public async Task Uses_are_counted_and_reversed_ones_are_not()
    {
        var (user, balanceId) = await Funded(10_000);
        var limits = new[] { new { rule = "card.user.uses.day", window = "Day", amount = (long?)null, uses = (int?)2 } };
        var first = await Ask(user, balanceId, 1, limits);
        Assert.True((await Ask(user, balanceId, 1, limits)).GetProperty("approved").GetBoolean());
        Assert.Equal("SPEND_LIMIT_EXCEEDED", (await Ask(user, balanceId, 1, limits)).GetProperty("reason").GetString());

        (await Reverse(first.GetProperty("authorizationId").GetGuid())).Must(200);

        Assert.True((await Ask(user, balanceId, 1, limits)).GetProperty("approved").GetBoolean());
        Assert.Equal("SPEND_LIMIT_EXCEEDED", (await Ask(user, balanceId, 1, limits)).GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Fifty_at_once_under_a_limit_of_ten_approve_exactly_ten()
    {
        var (user, balanceId) = await Funded(100_000);
        var limits = new[] { new { rule = "card.user.amount.day", window = "Day", amount = (long?)1_000, uses = (int?)null } };

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Ask(user, balanceId, 100, limits)));

        Assert.Equal(10, answers.Count(answer => answer.GetProperty("approved").GetBoolean()));
        Assert.Equal(1_000, await Held(balanceId));
    }

    [Fact]
    public async Task A_day_begins_at_midnight_in_the_programmes_zone()
    {
        var (user, balanceId) = await Funded(10_000);
        var limits = new[] { new { rule = "card.user.amount.day", window = "Day", amount = (long?)100, uses = (int?)null } };
        var now = Suite.Clock.GetUtcNow();
        // 23:30 in UTC is the next day already in Warsaw.
        Suite.Clock.Advance(now.Date.AddDays(1).AddMinutes(-30) - now.UtcDateTime);
        Assert.True((await Ask(user, balanceId, 100, limits, "Europe/Warsaw")).GetProperty("approved").GetBoolean());
        Assert.Equal("SPEND_LIMIT_EXCEEDED", (await Ask(user, balanceId, 1, limits, "UTC")).GetProperty("reason").GetString());

        Suite.Clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal("SPEND_LIMIT_EXCEEDED", (await Ask(user, balanceId, 1, limits, "Europe/Warsaw")).GetProperty("reason").GetString());
        Assert.True((await Ask(user, balanceId, 1, limits, "UTC")).GetProperty("approved").GetBoolean());
    }

    [Fact]
    public async Task Where_less_is_of_use_what_is_there_is_approved()
    {
        var (user, balanceId) = await Funded(250);
        var limits = new[] { new { rule = "card.user.amount.day", window = "Day", amount = (long?)200, uses = (int?)null } };

        var partial = (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 400).With("partial", true).With("limits", limits))).Must(200);

        Assert.Equal((true, 200, 50), (partial["approved"].GetBoolean(), partial["amount"].GetInt32(), partial["available"].GetInt32()));
        Assert.Equal(50, (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 400).With("partial", true))).Must(200)["amount"].GetInt32());
        var none = (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 400).With("partial", true))).Must(200);
        Assert.Equal((false, "INSUFFICIENT_FUNDS", 0), (none["approved"].GetBoolean(), none["reason"].GetString(), none["amount"].GetInt32()));
    }

    [Theory]
    [InlineData("EUR", "PLN", "4.25", "EUR", 1_000, 4_250)]
    [InlineData("PLN", "CHF", "0.25", "CHF", 1_000, 4_000)]
    [InlineData("JPY", "PLN", "0.0271", "JPY", 1_000, 2_710)]
    [InlineData("KWD", "PLN", "12.5", "KWD", 1_000, 1_250)]
    public async Task Another_currency_is_converted_by_the_newest_rate_either_way_round(string from, string to, string rate, string asked, long amount, long expected)
    {
        var (user, balanceId) = await Funded(100_000);
        await SetRate(from, to, decimal.Parse(rate, System.Globalization.CultureInfo.InvariantCulture));
        Suite.Clock.Advance(TimeSpan.FromSeconds(6));

        var answer = (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, amount).With("currency", asked))).Must(200);

        Assert.Equal((expected, 100_000 - expected, "PLN"), (answer["amount"].GetInt64(), answer["available"].GetInt64(), answer["currency"].GetString()));
    }

    [Theory]
    [InlineData("limits", """[{"rule": "r", "window": "Year", "amount": 1, "uses": null}]""", "limits.window")]
    [InlineData("limits", """[{"rule": "r", "window": "Day", "amount": 1, "uses": 1}]""", "limits.amount")]
    [InlineData("limits", """[{"rule": "", "window": "Day", "amount": 1, "uses": null}]""", "limits.rule")]
    [InlineData("timeZone", "\"Mars/Olympus\"", "timeZone")]
    [InlineData("holdLifetimeDays", "0", "holdLifetimeDays")]
    [InlineData("holdLifetimeDays", "61", "holdLifetimeDays")]
    public async Task What_cannot_be_judged_is_named(string field, string json, string named)
    {
        var (user, balanceId) = await Funded(1_000);

        var refused = await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 100).With(field, System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>(json)));

        Assert.Equal(named, Assert.Single(refused.MustRefuse(422, "VALIDATION_FAILED")["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task Two_batches_that_share_the_partners_credit_never_hold_more_than_there_is()
    {
        var (first, firstId) = await FundedOfNewPartner(100_000);
        await OpenCredit(first, 1_000);
        var users = new List<(TestUser User, Guid BalanceId)> { (first, firstId) };
        for (var i = 0; i < 5; i++)
        {
            var user = await Suite.NewAcceptedUser(first.PartnerId, first.ProgramId);
            users.Add((user, await Suite.NewBalance(user, 100_000)));
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, 120).Select(number =>
        {
            var (user, balanceId) = users[number % users.Count];
            return Task.Run(() => CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 50)));
        }));

        Assert.Equal(20, answers.Count(answer => answer.Must(200)["approved"].GetBoolean()));
        Assert.All(answers.Where(answer => !answer["approved"].GetBoolean()), answer => Assert.Equal("PARTNER_LIMIT", answer["reason"].GetString()));
    }

    private async Task<System.Text.Json.JsonElement> Ask(TestUser user, Guid balanceId, long amount, object limits, string timeZone = "UTC") =>
        System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>(
            (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, amount).With("limits", limits).With("timeZone", timeZone))).Must(200).Text);
}
