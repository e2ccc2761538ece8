using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Controls;

public sealed class SetControlsTests(Suite suite) : IClassFixture<Suite>
{
    private const string NoAtm = """{"channels":{"atm":false}}""";
    private const string NoBets = """{"mcc":{"deny":["7995"]}}""";
    private const string NothingSaid = """{"limits":null,"channels":null,"mcc":null,"countries":null,"merchants":null}""";

    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task Each_side_has_rules_of_its_own_and_everybody_sees_both()
    {
        var card = await _cards.Put(new CardRow());
        Assert.Equal("""{"user":null,"issuer":null}""", (await suite.GetControls(card.User, card.Id)).Must(200).Text);

        (await suite.SetControls(card.User, card.Id, NoAtm)).Must(200);
        (await suite.SetControls(card.Partner, card.Id, """{"limits":[{"window":"Day","amount":100}]}""")).Must(200);
        // An operator speaks for the issuer, in the partner's place.
        var set = (await suite.SetControls(TestUsers.Operator(Role.Manager), card.Id, NoBets)).Must(200);

        set["user"].MustBe("""{"limits":null,"channels":{"pos":true,"contactless":true,"atm":false,"ecommerce":true},"mcc":null,"countries":null,"merchants":null}""");
        set["issuer"].MustBe("""{"limits":null,"channels":null,"mcc":{"allow":null,"deny":["7995"]},"countries":null,"merchants":null}""");
        foreach (var caller in Enum.GetValues<Role>().Select(TestUsers.Operator).Append(card.User).Append(card.Partner))
        {
            Assert.Equal(set.Text, (await suite.GetControls(caller, card.Id)).Must(200).Text);
        }
    }

    [Fact]
    public async Task What_is_shown_can_be_said_again_and_whatever_is_not_named_is_gone()
    {
        var card = await _cards.Put(new CardRow());
        const string all = """
            {"limits":[{"window":"Transaction","amount":1000000000000000},{"window":"Lifetime","uses":1000000}],"channels":{"pos":false,"contactless":true,"atm":false,"ecommerce":true},
             "mcc":{"allow":["0000","5411"],"deny":["7995"]},"countries":{"allow":["PL"],"deny":["RU"]},"merchants":{"allow":["Sklep Ż 1"]}}
            """;

        var set = (await suite.SetControls(card.Partner, card.Id, all)).Must(200);
        var again = (await suite.SetControls(card.Partner, card.Id, set["issuer"].GetRawText())).Must(200);
        Assert.Equal(set.Text, again.Text);
        Assert.Equal(set.Text, (await suite.GetControls(card.Partner, card.Id)).Must(200).Text);

        (await suite.SetControls(card.Partner, card.Id, NoBets)).Must(200)["issuer"].MustBe("""{"limits":null,"channels":null,"mcc":{"allow":null,"deny":["7995"]},"countries":null,"merchants":null}""");
        (await suite.SetControls(card.Partner, card.Id, "{}")).Must(200)["issuer"].MustBe(NothingSaid);
        (await suite.GetControls(card.Partner, card.Id)).Must(200)["issuer"].MustBe(NothingSaid);
    }

    [Fact]
    public async Task A_change_is_told_once_and_says_whose_it_is()
    {
        var card = await _cards.Put(new CardRow());

        (await suite.SetControls(card.User, card.Id, NoAtm)).Must(200);
        (await suite.SetControls(card.User, card.Id, """{"mcc":null,"channels":{"ecommerce":true,"atm":false}}""")).Must(200);
        suite.Clock.Advance(TimeSpan.FromMinutes(1));
        (await suite.SetControls(card.Partner, card.Id, NoAtm)).Must(200);

        Assert.Equal(["card.controlsChanged", "card.controlsChanged"], await suite.Heard(card, 2));
        var told = (await suite.EventsOf(card.PartnerId)).ConvertAll(happened => happened.GetProperty("data"));
        told[0].MustBe($$"""{"customerId":"{{card.UserId}}","cardId":"{{card.Id}}","owner":"User"}""");
        told[1].MustBe($$"""{"customerId":"{{card.UserId}}","cardId":"{{card.Id}}","owner":"Issuer"}""");
    }

    [Fact]
    public async Task Both_sides_at_once_are_both_heard()
    {
        var card = await _cards.Put(new CardRow());

        var answers = await Races.AtOnce(_cards, RowOf(card), 2, () => suite.SetControls(card.User, card.Id, NoAtm), () => suite.SetControls(card.Partner, card.Id, NoBets));

        Assert.All(answers, answer => answer.Must(200));
        var shown = (await suite.GetControls(card.User, card.Id)).Must(200);
        Assert.False(shown["user"].GetProperty("channels").GetProperty("atm").GetBoolean());
        Assert.Equal("7995", shown["issuer"].GetProperty("mcc").GetProperty("deny")[0].GetString());
        // Who came second answers with what the first had said.
        Assert.Single(answers, answer => answer.Text == shown.Text);
    }

    [Fact]
    public async Task The_same_twice_at_once_is_one_change()
    {
        var card = await _cards.Put(new CardRow());

        var answers = await Races.AtOnce(_cards, RowOf(card), 2, () => suite.SetControls(card.User, card.Id, NoAtm), () => suite.SetControls(card.User, card.Id, NoAtm));

        Assert.Equal(answers[0].Must(200).Text, answers[1].Must(200).Text);
        Assert.Equal(["card.controlsChanged"], await suite.Heard(card, 1));
    }

    [Theory]
    [InlineData("Removed")]
    [InlineData("Expired")]
    public async Task A_card_that_is_over_has_no_more_rules_to_set_and_shows_those_it_had(string status)
    {
        var card = await _cards.Put(new CardRow());
        var set = (await suite.SetControls(card.User, card.Id, NoAtm)).Must(200);
        await _cards.Execute("update cards set status = $2 where id = $1", card.Id, status);

        foreach (var caller in new[] { card.User, card.Partner, TestUsers.Operator(Role.Admin) })
        {
            (await suite.SetControls(caller, card.Id, NoBets)).MustRefuse(409, "CARD_NOT_ACTIVE");
            Assert.Equal(set.Text, (await suite.GetControls(caller, card.Id)).Must(200).Text);
        }
    }

    [Fact]
    public async Task A_card_that_is_removed_meanwhile_takes_no_rules()
    {
        var card = await _cards.Put(new CardRow());

        await using var held = await Races.Hold(_cards, RowOf(card));
        var setting = Task.Run(() => suite.SetControls(card.User, card.Id, NoAtm));
        await held.Waiters(1);
        await held.Commit($"update cards set status = 'Removed' where id = '{card.Id}'");

        (await setting).MustRefuse(409, "CARD_NOT_ACTIVE");
        Assert.Equal(1, await _cards.One<long>("select count(*) from cards where id = $1 and user_controls is null", card.Id));
    }

    [Theory]
    [InlineData("Inactive", null)]
    [InlineData("Locked", (short)3)]
    [InlineData("Locked", (short)1)]
    public async Task A_card_that_is_not_in_use_may_be_ruled_on(string status, short? lockCode)
    {
        var card = await _cards.Put(new CardRow { Type = "Physical", Status = status, LockCode = lockCode });

        (await suite.SetControls(card.User, card.Id, NoAtm)).Must(200);
    }

    [Fact]
    public async Task Plastic_in_production_is_there_for_operators_alone_and_a_card_without_a_number_for_nobody()
    {
        var ordered = await _cards.Put(new CardRow { Type = "Physical", Status = "Ordered" });
        var unfinished = await _cards.Put(new CardRow { Status = "Issuing" }, claimedUntil: suite.Clock.GetUtcNow().AddDays(1));

        (await suite.SetControls(TestUsers.Operator(Role.Admin), ordered.Id, NoAtm)).Must(200);
        foreach (var caller in new[] { ordered.User, ordered.Partner })
        {
            (await suite.SetControls(caller, ordered.Id, NoAtm)).MustRefuse(404, "CARD_NOT_FOUND");
            (await suite.GetControls(caller, ordered.Id)).MustRefuse(404, "CARD_NOT_FOUND");
        }
        foreach (var caller in new[] { unfinished.User, unfinished.Partner, TestUsers.Operator(Role.Admin) })
        {
            (await suite.SetControls(caller, unfinished.Id, NoAtm)).MustRefuse(404, "CARD_NOT_FOUND");
            (await suite.GetControls(caller, unfinished.Id)).MustRefuse(404, "CARD_NOT_FOUND");
        }
    }

    [Fact]
    public async Task Anothers_card_is_not_there()
    {
        var card = await _cards.Put(new CardRow());
        Caller[] others =
        [
            card.Partner with { UserId = Guid.CreateVersion7() },
            card.Partner with { PartnerId = Guid.CreateVersion7() },
            card.User with { UserId = Guid.CreateVersion7() },
            card.User with { PartnerId = Guid.CreateVersion7() },
        ];

        foreach (var other in others)
        {
            (await suite.SetControls(other, card.Id, NoAtm)).MustRefuse(404, "CARD_NOT_FOUND");
            (await suite.GetControls(other, card.Id)).MustRefuse(404, "CARD_NOT_FOUND");
        }
        (await suite.SetControls(TestUsers.Operator(Role.Admin), Guid.CreateVersion7(), NoAtm)).MustRefuse(404, "CARD_NOT_FOUND");

        Assert.Equal("""{"user":null,"issuer":null}""", (await suite.GetControls(card.User, card.Id)).Must(200).Text);
    }

    [Fact]
    public async Task Employees_see_and_nobody_else_comes_near()
    {
        var card = await _cards.Put(new CardRow());

        foreach (var caller in TestCallers.NotAdmitted(card.UserId))
        {
            (await suite.SetControls(caller, card.Id, NoAtm)).MustRefuse(403, "FORBIDDEN");
            (await suite.GetControls(caller, card.Id)).MustRefuse(403, "FORBIDDEN");
        }
        (await suite.SetControls(TestUsers.Operator(Role.Employee), card.Id, NoAtm)).MustRefuse(403, "FORBIDDEN");

        Assert.Equal("""{"user":null,"issuer":null}""", (await suite.GetControls(TestUsers.Operator(Role.Employee), card.Id)).Must(200).Text);
    }

    [Fact]
    public async Task The_audit_trail_hears_who_said_what_of_whose_card()
    {
        var card = await _cards.Put(new CardRow());
        var somebody = TestUsers.Operator(Role.Admin);

        var entries = await _cards.Audited(async () =>
        {
            (await suite.SetControls(card.User, card.Id, NoAtm)).Must(200);
            (await suite.SetControls(somebody, card.Id, NoAtm)).Must(200);
            (await suite.SetControls(somebody, card.Id, """{"mcc":{"allow":[]}}""")).Must(422);
        });

        Assert.Equal(
            [
                $"Customers user:{card.UserId} SetControls card:{card.Id} {card.UserId} {card.PartnerId}",
                $"Admin {somebody.Actor} SetControls card:{card.Id} {card.UserId} {card.PartnerId}",
            ],
            entries.Select(entry => entry.Line()));
    }

    public static readonly TheoryData<string, string> Impossible = new()
    {
        { """{"limits":[{"window":"Day"}]}""", "limits[0]" },
        { """{"limits":[{"window":"Day","amount":1,"uses":1}]}""", "limits[0]" },
        { """{"limits":[null]}""", "limits[0]" },
        { """{"limits":[{"window":"Day","amount":1},{"window":"Day","amount":0}]}""", "limits[1].amount" },
        { """{"limits":[{"window":"Day","amount":-1}]}""", "limits[0].amount" },
        { """{"limits":[{"window":"Day","amount":1000000000000001}]}""", "limits[0].amount" },
        { """{"limits":[{"window":"Day","amount":1.5}]}""", "limits[0].amount" },
        { """{"limits":[{"window":"Day","uses":0}]}""", "limits[0].uses" },
        { """{"limits":[{"window":"Day","uses":1000001}]}""", "limits[0].uses" },
        { """{"limits":[{"window":"Transaction","uses":1}]}""", "limits[0].window" },
        { """{"limits":[{"window":"Year","uses":1}]}""", "limits[0].window" },
        { """{"limits":[{"window":1,"uses":1}]}""", "limits[0].window" },
        { """{"limits":[{"amount":1}]}""", "window" },
        { """{"limits":[{"window":"Day","amount":1},{"window":"Week","amount":1},{"window":"Day","amount":2}]}""", "limits" },
        { $$"""{"limits":[{{string.Join(',', Enumerable.Repeat("""{"window":"Day","amount":1}""", 11))}}]}""", "limits" },
        { """{"channels":{"atm":null}}""", "channels.atm" },
        { """{"channels":{"phone":false}}""", "phone" },
        { """{"mcc":{"allow":[]}}""", "mcc.allow" },
        { """{"mcc":{"allow":["541"]}}""", "mcc.allow" },
        { """{"mcc":{"deny":["54111"]}}""", "mcc.deny" },
        { """{"mcc":{"deny":["٥٤١١"]}}""", "mcc.deny" },
        { """{"mcc":{"deny":[null]}}""", "mcc.deny" },
        { $$"""{"mcc":{"allow":[{{Codes(201)}}]} }""", "mcc.allow" },
        { $$"""{"mcc":{"deny":[{{Codes(201)}}]} }""", "mcc.deny" },
        { """{"countries":{"allow":[]}}""", "countries.allow" },
        { """{"countries":{"allow":["pl"]}}""", "countries.allow" },
        { """{"countries":{"deny":["POL"]}}""", "countries.deny" },
        { """{"merchants":{}}""", "allow" },
        { """{"merchants":{"allow":[]}}""", "merchants.allow" },
        { """{"merchants":{"allow":[""]}}""", "merchants.allow" },
        { """{"merchants":{"allow":["a\u0000"]}}""", "merchants.allow" },
        { $$"""{"merchants":{"allow":["{{new string('1', 33)}}"]} }""", "merchants.allow" },
        { $$"""{"merchants":{"allow":[{{Codes(51)}}]} }""", "merchants.allow" },
        { """{"hours":[]}""", "hours" },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public async Task A_rule_that_cannot_be_is_named(string rules, string field)
    {
        var card = await _cards.Put(new CardRow());

        var refused = (await suite.SetControls(card.User, card.Id, rules)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
        Assert.Equal(1, await _cards.One<long>("select count(*) from cards where id = $1 and user_controls is null", card.Id));
    }

    [Fact]
    public async Task Rules_are_taken_up_to_their_edges()
    {
        var card = await _cards.Put(new CardRow());
        var limits = new[] { "Transaction", "Day", "Week", "Month", "Lifetime" }.Select(window => $$"""{"window":"{{window}}","amount":1}""")
            .Concat(new[] { "Day", "Week", "Month", "Lifetime" }.Select(window => $$"""{"window":"{{window}}","uses":1}"""));
        var countries = string.Join(',', Enumerable.Range(0, 200).Select(number => $"\"{(char)('A' + (number / 26))}{(char)('A' + (number % 26))}\""));

        var set = (await suite.SetControls(
            card.User,
            card.Id,
            $$"""
            {"limits":[{{string.Join(',', limits)}}],"mcc":{"allow":[{{Codes(200)}}],"deny":[]},"countries":{"allow":[{{countries}}],"deny":[{{countries}}]},
             "merchants":{"allow":["{{new string('1', 32)}}",{{Codes(49)}}]} }
            """)).Must(200)["user"];

        Assert.Equal((9, 200, 0), (set.GetProperty("limits").GetArrayLength(), set.GetProperty("mcc").GetProperty("allow").GetArrayLength(), set.GetProperty("mcc").GetProperty("deny").GetArrayLength()));
        Assert.Equal((200, 50), (set.GetProperty("countries").GetProperty("deny").GetArrayLength(), set.GetProperty("merchants").GetProperty("allow").GetArrayLength()));
        Assert.Equal(set.GetRawText(), (await suite.GetControls(card.User, card.Id)).Must(200)["user"].GetRawText());
    }

    [Fact]
    public async Task The_card_that_follows_on_a_renewed_one_has_its_rules()
    {
        var user = await suite.NewAcceptedUser();
        var card = await suite.NewCard(user, await suite.NewBalance(user));
        (await suite.SetControls(user.App, card, NoAtm)).Must(200);
        var set = (await suite.SetControls(user.Caller, card, NoBets)).Must(200);
        var today = DateOnly.FromDateTime(suite.Clock.GetUtcNow().UtcDateTime);
        await _cards.Execute("update cards set exp = $2 where id = $1", card, new DateOnly(today.Year, today.Month, DateTime.DaysInMonth(today.Year, today.Month)));

        var follower = (await suite.As(user.Caller, "cardservice").Post($"/cards/{card}/renew")).Must(200);

        Assert.Equal(set.Text, (await suite.GetControls(user.App, follower.Id)).Must(200).Text);
    }

    private static string Codes(int count) => string.Join(',', Enumerable.Range(1000, count).Select(code => $"\"{code}\""));

    private static string RowOf(CardRow card) => $"select from cards where id = '{card.Id}' for update";
}
