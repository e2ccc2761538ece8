using Antaca.CardService.Tests.Authorisations;
using Antaca.CardService.Tests.Plastic;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;
using static Antaca.CardService.Tests.Authorisations.Requests;

namespace Antaca.CardService.Tests.Locks;

public sealed class LockOutsideTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Theory]
    [MemberData(nameof(LockCardTests.Table), MemberType = typeof(LockCardTests))]
    public async Task Each_lock_of_the_table_comes_from_outside_too(short code, string reason, string actionCode, string decline, bool irreversible)
    {
        var user = await suite.NewAcceptedUser();
        var card = await suite.NewCard(user, await suite.NewBalance(user, 10_000));

        var locked = (await Lock(new { cardId = card, code, source = "Mastercard" })).Must(200);

        Assert.Equal((card, "Locked"), (locked["cardId"].GetGuid(), locked["status"].GetString()));
        var stop = locked["lock"];
        Assert.Equal(
            (code, reason, irreversible, "Mastercard"),
            (stop.GetProperty("code").GetInt16(), stop.GetProperty("reason").GetString(), stop.GetProperty("irreversible").GetBoolean(), stop.GetProperty("source").GetString()));
        Assert.Equal(("Declined", actionCode, decline), Decision((await suite.Authorise(card)).Must(200)));
        Assert.Equal(stop.GetRawText(), (await suite.As(user.Caller, "cardservice").Get($"/cards/{card}/summary"))["lock"].GetRawText());
        var unlocked = await suite.As(user.Caller, "cardservice").Post($"/cards/{card}/unlock");
        Assert.Equal(irreversible ? 409 : 200, unlocked.Status);
    }

    [Fact]
    public async Task A_card_is_named_by_its_number()
    {
        var user = await suite.NewAcceptedUser();
        var issued = (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = await suite.NewBalance(user) })).Must(201);
        var (cardNo, _) = await suite.Open(user.Caller, issued);

        var locked = (await Lock(new { cardNo = await suite.Refer(Processor, "cardNo", cardNo), code = 2, source = "Visa" })).Must(200);

        Assert.Equal(issued.Id, locked["cardId"].GetGuid());
        (await Lock(new { cardNo = await suite.Refer(Processor, "cardNo", "5105105105105100"), code = 2, source = "Visa" })).MustRefuse(404, "CARD_NOT_FOUND");
    }

    [Fact]
    public async Task The_same_lock_again_changes_nothing_an_irreversible_one_stays()
    {
        var user = await suite.NewAcceptedUser();
        var card = await suite.NewCard(user, await suite.NewBalance(user));

        var first = (await Lock(new { cardId = card, code = 7, source = "Acquirer" })).Must(200);
        Assert.Equal(first.Text, (await Lock(new { cardId = card, code = 7, source = "Visa" })).Must(200).Text);
        Assert.Equal(1, (await Lock(new { cardId = card, code = 1, source = "Visa" })).Must(200)["lock"].GetProperty("code").GetInt32());
        (await Lock(new { cardId = card, code = 7, source = "Acquirer" })).MustRefuse(409, "LOCK_IRREVERSIBLE");
        (await Lock(new { cardId = card, code = 2, source = "Acquirer" })).MustRefuse(409, "LOCK_IRREVERSIBLE");
    }

    [Fact]
    public async Task Another_processors_card_is_not_there()
    {
        var user = await suite.NewAcceptedUser();
        var card = await suite.NewCard(user, await suite.NewBalance(user));
        var other = await Bureau.New(suite);

        (await suite.As(other.Caller, "cardservice").Post("/locks", new { cardId = card, code = 2, source = "Visa" })).MustRefuse(404, "CARD_NOT_FOUND");
        (await suite.As(user.Caller, "cardservice").Post("/locks", new { cardId = card, code = 2, source = "Visa" })).MustRefuse(403, "FORBIDDEN");

        Assert.Equal("Active", await _cards.StatusOfCard(card));
    }

    [Theory]
    [InlineData("""{"cardId":"CARD","code":0,"source":"Visa"}""", 422)]
    [InlineData("""{"cardId":"CARD","code":9,"source":"Visa"}""", 422)]
    [InlineData("""{"cardId":"CARD","code":2,"source":"User"}""", 422)]
    [InlineData("""{"cardId":"CARD","code":2,"source":"System"}""", 422)]
    [InlineData("""{"cardId":"CARD","code":2}""", 422)]
    [InlineData("""{"code":2,"source":"Visa"}""", 422)]
    public async Task What_says_too_little_or_nonsense_is_refused(string body, int refusal)
    {
        var user = await suite.NewAcceptedUser();
        var card = await suite.NewCard(user, await suite.NewBalance(user));

        (await suite.As(Processor, "cardservice").PostText("/locks", body.Replace("CARD", card.ToString(), StringComparison.Ordinal))).MustRefuse(refusal, "VALIDATION_FAILED");

        Assert.Equal("Active", await _cards.StatusOfCard(card));
    }

    [Theory]
    [InlineData("Removed")]
    [InlineData("Expired")]
    [InlineData("Inactive")]
    public async Task A_card_that_is_not_in_use_is_not_stopped(string status)
    {
        var card = await _cards.Put(new CardRow { Type = "Physical", Status = status });

        (await Lock(new { cardId = card.Id, code = 2, source = "Visa" })).MustRefuse(409, "CARD_NOT_ACTIVE");
    }

    [Fact]
    public async Task The_scheme_and_the_user_at_once_leave_one_lock()
    {
        var user = await suite.NewAcceptedUser();
        var card = await suite.NewCard(user, await suite.NewBalance(user));

        var answers = await Races.AtOnce(
            _cards,
            $"select from cards where id = '{card}' for update",
            2,
            () => Lock(new { cardId = card, code = 2, source = "Visa" }),
            () => suite.As(user.App, "cardservice").Post($"/cards/{card}/lock", new { code = 1 }));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Single(answers, answer => answer.Code == "LOCK_IRREVERSIBLE");
    }

    private Task<Answer> Lock(object body) => suite.As(Processor, "cardservice").Post("/locks", body);
}
