using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Life;

public sealed class ActivateCardTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task Plastic_in_its_users_hands_is_activated_and_works()
    {
        var card = await _cards.Put(new CardRow { Type = "Physical", Status = "Inactive" });

        var active = (await Activate(card.User, card)).Must(200);

        Assert.Equal("Active", active["status"].GetString());
        Assert.Equal(DateOnly.FromDateTime(suite.Clock.GetUtcNow().UtcDateTime), DateOnly.Parse(active["activationDate"].GetString()!, null));
        Assert.Equal(["card.activated"], await suite.Heard(card, 1));
    }

    [Fact]
    public async Task Activated_again_it_stays_as_it_is_and_is_told_once()
    {
        var card = await _cards.Put(new CardRow { Type = "Physical", Status = "Inactive" });
        var key = Guid.CreateVersion7().ToString();

        var first = (await Activate(card.Partner, card, key)).Must(200);
        var replayed = (await Activate(card.Partner, card, key)).Must(200);
        var again = (await Activate(card.User, card)).Must(200);

        Assert.Equal(first.Text, replayed.Text);
        Assert.Equal("true", replayed.Header("Idempotent-Replayed"));
        Assert.Equal(first["activationDate"].GetString(), again["activationDate"].GetString());
        Assert.Equal(["card.activated"], await suite.Heard(card, 1));
    }

    [Fact]
    public async Task Two_activations_at_once_are_one()
    {
        var card = await _cards.Put(new CardRow { Type = "Physical", Status = "Inactive" });

        var answers = await Races.AtOnce(_cards, $"select from cards where id = '{card.Id}' for update", 2, () => Activate(card.User, card), () => Activate(card.Partner, card));

        Assert.All(answers, answer => Assert.Equal("Active", answer.Must(200)["status"].GetString()));
        Assert.Equal(["card.activated"], await suite.Heard(card, 1));
    }

    [Theory]
    [InlineData("Virtual", "Active", 409, "CARD_NOT_INACTIVE")]
    [InlineData("DigitalFirst", "Active", 409, "CARD_NOT_INACTIVE")]
    [InlineData("Physical", "Removed", 409, "CARD_NOT_INACTIVE")]
    [InlineData("Physical", "Expired", 409, "CARD_NOT_INACTIVE")]
    [InlineData("Physical", "Ordered", 404, "CARD_NOT_FOUND")]
    public async Task A_card_that_does_not_wait_for_it_is_not_activated(string type, string status, int refusal, string code)
    {
        var card = await _cards.Put(new CardRow { Type = type, Status = status });

        (await Activate(card.Partner, card)).MustRefuse(refusal, code);

        Assert.Equal(status, await _cards.One<string>("select status from cards where id = $1", card.Id));
    }

    [Fact]
    public async Task A_stopped_card_and_one_whose_last_day_is_past_are_not_activated()
    {
        var stopped = await _cards.Put(new CardRow { Type = "Physical", Status = "Locked", LockCode = 2 });
        var over = await _cards.Put(new CardRow { Type = "Physical", Status = "Inactive", Exp = new DateOnly(2020, 1, 31) });

        (await Activate(stopped.Partner, stopped)).MustRefuse(409, "CARD_NOT_INACTIVE");
        var refused = await Activate(over.Partner, over);
        Assert.Equal(409, refused.Status);
        Assert.Contains(refused.Code, new[] { "CARD_EXPIRED", "CARD_NOT_INACTIVE" }); // the job that expires cards may have been first
    }

    [Fact]
    public async Task Anothers_card_is_not_there()
    {
        var card = await _cards.Put(new CardRow { Type = "Physical", Status = "Inactive" });

        (await Activate(card.Partner with { PartnerId = Guid.CreateVersion7() }, card)).MustRefuse(404, "CARD_NOT_FOUND");
        (await Activate(card.User with { UserId = Guid.CreateVersion7() }, card)).MustRefuse(404, "CARD_NOT_FOUND");
        (await Activate(new Caller { Channel = Channel.Processor, Processor = "sandbox" }, card)).MustRefuse(403, "FORBIDDEN");

        Assert.Equal("Active", (await Activate(TestUsers.Operator(Role.Employee), card)).Must(200)["status"].GetString());
    }

    private Task<Answer> Activate(Caller caller, CardRow card, string? key = null) => suite.As(caller, "cardservice").Post($"/cards/{card.Id}/activate", key: key);
}
