using System.Text.Json;
using Antaca.CardService.Tests.Authorisations;
using Antaca.CardService.Tests.Secrets;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;
using static Antaca.CardService.Tests.Authorisations.Requests;

namespace Antaca.CardService.Tests.Controls;

/// <summary>What the rules of spending do to an authorisation, and what of them BalanceService is told.</summary>
public sealed class AuthoriseWithControlsTests(OverheardSuite suite) : IClassFixture<OverheardSuite>
{
    private const string ChannelsOff = """{"channels":{"pos":false,"contactless":false,"atm":false,"ecommerce":false}}""";

    /// <summary>Whose rules, and how a decline names them.</summary>
    private static readonly (string Owner, string Name)[] _owners = [("user", "card.user"), ("issuer", "card.issuer"), ("programme", "programme")];

    [Theory]
    [InlineData("""{"channels":{"ecommerce":false}}""", "CHANNEL_OFF", "channels", """{"channel":"Ecommerce"}""")]
    [InlineData("""{"mcc":{"deny":["5411","5994"]}}""", "MCC_NOT_ALLOWED", "mcc.deny", """{"mcc":"5994"}""")]
    [InlineData("""{"mcc":{"allow":["5411","5995"]}}""", "MCC_NOT_ALLOWED", "mcc.allow", """{"mcc":"5994"}""")]
    [InlineData("""{"mcc":{"allow":["5994"],"deny":["5994"]}}""", "MCC_NOT_ALLOWED", "mcc.deny", """{"mcc":"5994"}""")]
    [InlineData("""{"countries":{"deny":["RU","PL"]}}""", "COUNTRY_NOT_ALLOWED", "countries.deny", """{"country":"PL"}""")]
    [InlineData("""{"countries":{"allow":["DE"]}}""", "COUNTRY_NOT_ALLOWED", "countries.allow", """{"country":"PL"}""")]
    [InlineData("""{"merchants":{"allow":["12345678901234","1234567890123456"]}}""", "MERCHANT_NOT_ALLOWED", "merchants.allow", """{"mid":"123456789012345"}""")]
    public async Task A_rule_declines_whosever_it_is_and_the_decline_says_which(string rules, string reason, string rule, string inputs)
    {
        foreach (var (owner, name) in _owners)
        {
            var (user, card) = await NewCard();
            await Say(owner, user, card, rules);
            var verification = Purchase(card, 0);
            verification["type"] = "Verification";

            foreach (var request in new[] { Purchase(card), verification })
            {
                var declined = (await suite.Authorise(request)).Must(200);

                Assert.Equal(("Declined", "1000", reason), Decision(declined));
                Assert.NotEqual(Guid.Empty, declined["authorizationId"].GetGuid());
                Assert.Equal(JsonValueKind.Null, declined["approvedAmount"].ValueKind);
                Assert.Equal("""{"amount":10000,"currency":"PLN"}""", declined["available"].GetRawText());
                suite.Asked(request).GetProperty("decline").MustBe($$"""{"actionCode":"1000","reason":"{{reason}}","rule":"{{name}}.{{rule}}","inputs":{{inputs}}}""");
            }
        }
    }

    [Fact]
    public async Task What_every_rule_lets_pass_is_approved()
    {
        var (user, card) = await NewCard();
        const string rules = """
            {"limits":[],"channels":{"pos":false,"contactless":false,"atm":false},"mcc":{"allow":["5994","5411"],"deny":["7995"]},
             "countries":{"allow":["PL"],"deny":["RU"]},"merchants":{"allow":["another","123456789012345"]}}
            """;
        foreach (var (owner, _) in _owners)
        {
            await Say(owner, user, card, rules);
        }
        var request = Purchase(card);

        var approved = (await suite.Authorise(request)).Must(200);

        Assert.Equal(("Approved", "0000", "APPROVED"), Decision(approved));
        Assert.Equal("""{"amount":100,"currency":"PLN"}""", approved["approvedAmount"].GetRawText());
        Assert.Equal(JsonValueKind.Null, suite.Asked(request).GetProperty("decline").ValueKind);
    }

    [Theory]
    [InlineData("pos", "Pos")]
    [InlineData("contactless", "Contactless")]
    [InlineData("atm", "Atm")]
    [InlineData("ecommerce", "Ecommerce")]
    public async Task A_channel_that_is_off_is_off_alone(string field, string off)
    {
        var (user, card) = await NewCard();
        await Say("user", user, card, $$"""{"channels":{"{{field}}":false} }""");

        foreach (var channel in new[] { "Pos", "Contactless", "Atm", "Ecommerce" })
        {
            var request = Purchase(card);
            request["channel"] = channel;
            Assert.Equal(channel == off ? "CHANNEL_OFF" : "APPROVED", (await suite.Authorise(request)).Must(200)["reason"].GetString());
        }
    }

    [Fact]
    public async Task BalanceService_is_told_everybodys_limits_and_what_else_the_decision_goes_by()
    {
        var (user, card) = await NewCard();
        await Say("user", user, card, """{"limits":[{"window":"Transaction","amount":5000},{"window":"Day","uses":30}]}""");
        await Say("issuer", user, card, """{"limits":[{"window":"Month","amount":100000},{"window":"Month","uses":70}]}""");
        await suite.SetProgramme(user.ProgramId, """{"timeZone":"Asia/Tokyo","holdLifetimeDays":30,"controls":{"limits":[{"window":"Week","amount":90000},{"window":"Lifetime","uses":700}]}}""");
        var request = Purchase(card);
        request["partialApproval"] = true;
        request["originalAmount"] = new { amount = 25, currency = "EUR" };
        var verification = Purchase(card, 0);
        verification["type"] = "Verification";

        Assert.Equal("Approved", (await suite.Authorise(request)).Must(200)["decision"].GetString());
        Assert.Equal("Approved", (await suite.Authorise(verification)).Must(200)["decision"].GetString());

        var asked = suite.Asked(request);
        asked.GetProperty("limits").MustBe(
            """
            [{"rule":"card.user.amount.transaction","window":"Transaction","amount":5000,"uses":null},
             {"rule":"card.user.uses.day","window":"Day","amount":null,"uses":30},
             {"rule":"card.issuer.amount.month","window":"Month","amount":100000,"uses":null},
             {"rule":"card.issuer.uses.month","window":"Month","amount":null,"uses":70},
             {"rule":"programme.amount.week","window":"Week","amount":90000,"uses":null},
             {"rule":"programme.uses.lifetime","window":"Lifetime","amount":null,"uses":700}]
            """);
        Assert.Equal(("Asia/Tokyo", 30, true), (asked.GetProperty("timeZone").GetString(), asked.GetProperty("holdLifetimeDays").GetInt32(), asked.GetProperty("partial").GetBoolean()));
        Assert.Equal((25, "EUR"), (asked.GetProperty("originalAmount").GetInt64(), asked.GetProperty("originalCurrency").GetString()));
        Assert.Equal(0, suite.Asked(verification).GetProperty("limits").GetArrayLength());
    }

    [Fact]
    public async Task A_limit_that_is_reached_declines_and_the_record_says_whose_it_is()
    {
        foreach (var (owner, name) in _owners)
        {
            var (user, card) = await NewCard();
            await Say(owner, user, card, """{"limits":[{"window":"Day","amount":250},{"window":"Month","uses":2}]}""");

            Assert.Equal("Approved", (await suite.Authorise(card, 200)).Must(200)["decision"].GetString());
            Assert.Equal($"{name}.amount.day", await RuleOf(await suite.Authorise(card, 51)));

            var partial = Purchase(card, 51);
            partial["partialApproval"] = true;
            var approved = (await suite.Authorise(partial)).Must(200);
            Assert.Equal(("Approved", """{"amount":50,"currency":"PLN"}"""), (approved["decision"].GetString(), approved["approvedAmount"].GetRawText()));

            await Say(owner, user, card, """{"limits":[{"window":"Month","uses":2}]}""");
            suite.Clock.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal($"{name}.uses.month", await RuleOf(await suite.Authorise(card, 1)));
        }

        async Task<string?> RuleOf(Answer declined)
        {
            Assert.Equal(("Declined", "1000", "SPEND_LIMIT_EXCEEDED"), Decision(declined.Must(200)));
            return (await Explanation(declined))["rule"].GetString();
        }
    }

    [Fact]
    public async Task A_decline_on_record_names_the_rule_and_what_it_looked_at()
    {
        var (user, card) = await NewCard();
        await Say("issuer", user, card, """{"mcc":{"deny":["5994"]}}""");

        var explained = await Explanation((await suite.Authorise(card)).Must(200));

        Assert.Equal(("card.issuer.mcc.deny", true), (explained["rule"].GetString(), explained["agrees"].GetBoolean()));
        explained["inputs"].GetProperty("card").GetProperty("inputs").MustBe("""{"mcc":"5994"}""");
    }

    [Fact]
    public async Task Where_nothing_is_said_nothing_is_told()
    {
        var (_, card) = await NewCard();
        var request = Purchase(card);

        Assert.Equal("Approved", (await suite.Authorise(request)).Must(200)["decision"].GetString());

        var asked = suite.Asked(request);
        Assert.Equal(("UTC", 7, false), (asked.GetProperty("timeZone").GetString(), asked.GetProperty("holdLifetimeDays").GetInt32(), asked.GetProperty("partial").GetBoolean()));
        Assert.Equal((0, JsonValueKind.Null), (asked.GetProperty("limits").GetArrayLength(), asked.GetProperty("originalAmount").ValueKind));
    }

    [Fact]
    public async Task What_is_wrong_with_the_card_comes_before_its_rules()
    {
        var (user, card) = await NewCard();
        var seen = (await suite.As(user.Caller, "cardservice").Get($"/cards/{card}/summary")).Must(200);
        var issued = (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = seen["balanceId"].GetGuid() })).Must(201);
        var (cardNo, cvv) = await suite.Open(user.Caller, issued);
        await Say("user", user, issued.Id, ChannelsOff);
        await Say("user", user, card, ChannelsOff);

        Assert.Equal(("Declined", "1022", "WRONG_CVV"), Decision((await suite.Authorise(await ByNumber(cvv == "000" ? "001" : "000"))).Must(200)));
        Assert.Equal(("Declined", "1000", "CHANNEL_OFF"), Decision((await suite.Authorise(await ByNumber(cvv))).Must(200)));
        (await suite.As(user.Caller, "cardservice").Post($"/cards/{card}/lock", new { code = 7 })).Must(200);
        Assert.Equal(("Declined", "1002", "SUSPECTED_FRAUD"), Decision((await suite.Authorise(card)).Must(200)));

        async Task<Dictionary<string, object?>> ByNumber(string code)
        {
            var request = Purchase(cardId: null);
            request["cardNo"] = await suite.Refer(Processor, "cardNo", cardNo);
            request["exp"] = issued["exp"].GetString();
            request["cvv"] = await suite.Refer(Processor, "cvv", code);
            return request;
        }
    }

    [Fact]
    public async Task A_transaction_that_may_not_be_costs_no_try_of_the_PIN()
    {
        var plastic = await PlasticCard.New(suite);
        var app = plastic.Holder.User.App;
        var set = new { pin = await suite.Refer(plastic.Holder.User.Caller, "pin", "7391") };
        (await plastic.Holder.Partner.Post($"/cards/{plastic.Id}/pin", set)).Must(200);
        var terminal = await Terminal.New(suite, plastic.Bureau.Caller, "ISO-4");
        (await suite.SetControls(app, plastic.Id, """{"channels":{"pos":false}}""")).Must(200);

        Assert.Equal(("Declined", "1000", "CHANNEL_OFF"), Decision((await terminal.Pay(plastic.Id, plastic.Number, "7392")).Must(200)));
        Assert.Equal("""{"set":true,"triesLeft":3}""", (await plastic.Holder.Card(plastic.Id))["pin"].GetRawText());

        (await suite.SetControls(app, plastic.Id, """{"channels":{"atm":false}}""")).Must(200);
        Assert.Equal(("Declined", "1017", "WRONG_PIN"), Decision((await terminal.Pay(plastic.Id, plastic.Number, "7392")).Must(200)));
        Assert.Equal("Approved", Decision((await terminal.Pay(plastic.Id, plastic.Number, "7391")).Must(200)).Item1);
    }

    [Fact]
    public async Task A_transaction_that_is_repeated_hears_its_first_answer_whatever_rules_came_since()
    {
        var (user, card) = await NewCard();
        var (approved, declined) = (Purchase(card), Purchase(card));

        var first = (await suite.Authorise(approved)).Must(200);
        await Say("user", user, card, ChannelsOff);
        var second = (await suite.Authorise(declined)).Must(200);
        Assert.Equal(first.Bytes, (await suite.Authorise(approved)).Must(200).Bytes);
        await Say("user", user, card, "{}");

        Assert.Equal(("Declined", "1000", "CHANNEL_OFF"), Decision(second));
        Assert.Equal(second.Bytes, (await suite.Authorise(declined)).Must(200).Bytes);
        Assert.Equal("Approved", (await suite.Authorise(card)).Must(200)["decision"].GetString());
    }

    [Fact]
    public async Task A_programmes_new_rules_are_followed_within_seconds()
    {
        var (user, card) = await NewCard();
        Assert.Equal("Approved", (await suite.Authorise(card)).Must(200)["decision"].GetString());

        await Say("programme", user, card, ChannelsOff);
        suite.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("CHANNEL_OFF", (await suite.Authorise(card)).Must(200)["reason"].GetString());

        await Say("programme", user, card, "{}");
        suite.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("Approved", (await suite.Authorise(card)).Must(200)["decision"].GetString());
    }

    [Fact]
    public async Task The_user_makes_a_card_stricter_and_never_looser()
    {
        var (user, card) = await NewCard();
        await Say("issuer", user, card, """{"mcc":{"deny":["5994"]}}""");
        await Say("user", user, card, """{"mcc":{"allow":["5994"]},"channels":{"ecommerce":true}}""");

        Assert.Equal("MCC_NOT_ALLOWED", (await suite.Authorise(card)).Must(200)["reason"].GetString());
    }

    [Theory]
    [InlineData("partialApproval", "\"yes\"")]
    [InlineData("originalAmount", "25")]
    public async Task A_field_that_cannot_be_right_is_named(string field, string value)
    {
        var request = Purchase(Guid.CreateVersion7());
        request[field] = JsonElement.Parse(value);

        Assert.StartsWith(field, Assert.Single((await suite.Authorise(request)).MustRefuse(422, "VALIDATION_FAILED")["errors"].EnumerateObject()).Name, StringComparison.Ordinal);
    }

    private async Task<Answer> Explanation(Answer declined) =>
        (await suite.As(TestUsers.Operator(Role.Employee), "balanceservice").Get($"/transactions/{declined["authorizationId"].GetGuid()}/explanation")).Must(200);

    private Task Say(string owner, TestUser user, Guid card, string rules) => owner switch
    {
        "user" => Must(suite.SetControls(user.App, card, rules)),
        "issuer" => Must(suite.SetControls(user.Caller, card, rules)),
        _ => suite.SetProgramme(user.ProgramId, $$"""{"controls":{{rules}}}"""),
    };

    private static async Task Must(Task<Answer> said) => (await said).Must(200);

    /// <summary>A card in a programme of its own, with 100.00 PLN behind it.</summary>
    private async Task<(TestUser User, Guid Card)> NewCard()
    {
        var (partner, program) = await suite.NewPartner();
        var user = await suite.NewAcceptedUser(partner, program);
        return (user, await suite.NewCard(user, await suite.NewBalance(user, 10_000)));
    }
}
