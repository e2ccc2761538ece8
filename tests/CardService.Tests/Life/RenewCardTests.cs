using System.Text.Json;
using Antaca.CardService.Tests.Authorisations;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Life;

public sealed class RenewCardTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task In_its_last_days_a_card_is_followed_by_another_and_works_on()
    {
        var (user, card) = await Expiring();

        var follower = (await Renew(user.Caller, card)).Must(200);
        var again = (await Renew(user.Caller, card)).Must(200);

        Assert.NotEqual(card, follower.Id);
        Assert.Equal(follower.Text, again.Text);
        Assert.Equal(("Active", "Virtual"), (follower["status"].GetString(), follower["type"].GetString()));
        var old = (await Summary(user, card)).Must(200);
        Assert.Equal("Active", old["status"].GetString());
        Assert.Equal(follower.Id, old["replacedBy"].GetGuid());
        Assert.Equal(old["balanceId"].GetGuid(), follower["balanceId"].GetGuid());
        Assert.NotEqual(old["maskedCardNo"].GetString(), follower["maskedCardNo"].GetString());
        Assert.True(DateOnly.Parse(follower["exp"].GetString()!, null) > DateOnly.Parse(old["exp"].GetString()!, null));
        Assert.Equal("Approved", (await suite.Authorise(card)).Must(200)["decision"].GetString());
        Assert.Equal("Approved", (await suite.Authorise(follower.Id)).Must(200)["decision"].GetString());
        await Eventually.Holds(
            async () => (await suite.EventsOf(user.PartnerId)).Count(happened => OfCard(happened, "card.renewed", card)) == 1,
            "the partner to hear of it once");
    }

    [Fact]
    public async Task Renewed_twice_at_once_it_has_one_follower()
    {
        var (user, card) = await Expiring();

        var answers = await Races.AtOnce(
            _cards, $"select from cards where id = '{card}' for update", 2, () => Renew(user.Caller, card), () => Renew(TestUsers.Operator(Role.Manager), card));

        // Who comes second may find the first still at it, and asks again.
        Assert.All(answers, answer => Assert.True(answer.Status == 200 || answer.Code == "IDEMPOTENCY_IN_PROGRESS", answer.Text));
        Assert.Equal((await Renew(user.Caller, card)).Must(200).Id, Assert.Single(answers.Where(answer => answer.Status == 200).Select(answer => answer.Id).Distinct()));
        Assert.Equal(2, await _cards.One<long>("select count(*) from cards where user_id = $1", user.UserId));
    }

    [Fact]
    public async Task Before_its_last_days_it_is_too_early()
    {
        var user = await suite.NewAcceptedUser();
        var card = await suite.NewCard(user, await suite.NewBalance(user));

        (await Renew(user.Caller, card)).MustRefuse(409, "CARD_NOT_DUE");

        Assert.Equal(1, await _cards.One<long>("select count(*) from cards where user_id = $1", user.UserId));
    }

    [Fact]
    public async Task While_the_vault_is_away_nothing_is_lost_and_the_same_follower_comes_later()
    {
        var (user, card) = await Expiring();
        await suite.Stop("datacore");
        Assert.InRange((await Renew(user.Caller, card)).Status, 500, 504);
        await suite.Start("datacore");

        Answer renewed = null!;
        await Eventually.Holds(async () => (renewed = await Renew(user.Caller, card)).Status == 200, "the vault to be back");

        Assert.Equal(renewed.Id, (await Summary(user, card))["replacedBy"].GetGuid());
        Assert.Equal(2, await _cards.One<long>("select count(*) from cards where user_id = $1", user.UserId));
    }

    [Theory]
    [InlineData("Physical", "Active", null, "CARD_NOT_RENEWABLE")]
    [InlineData("DigitalFirst", "Active", null, "CARD_NOT_RENEWABLE")]
    public async Task Plastic_is_ordered_and_not_renewed(string type, string status, int? lockCode, string code)
    {
        var card = await _cards.Put(new CardRow { Type = type, Status = status, LockCode = (short?)lockCode });

        (await Renew(card.Partner, card.Id)).MustRefuse(409, code);
    }

    [Fact]
    public async Task A_card_that_is_stopped_for_good_is_not_renewed_so()
    {
        var (user, card) = await Expiring();
        (await suite.As(user.Caller, "cardservice").Post($"/cards/{card}/lock", new { code = 1 })).Must(200);

        (await Renew(user.Caller, card)).MustRefuse(409, "CARD_NOT_ACTIVE");

        Assert.Equal(1, await _cards.One<long>("select count(*) from cards where user_id = $1", user.UserId));
    }

    [Fact]
    public async Task Nobody_but_partner_and_managers_renews()
    {
        var (user, card) = await Expiring();

        (await Renew(user.Caller with { PartnerId = Guid.CreateVersion7() }, card)).MustRefuse(404, "CARD_NOT_FOUND");
        (await Renew(TestUsers.Operator(Role.Employee), card)).MustRefuse(403, "FORBIDDEN");
        Assert.Equal(JsonValueKind.Null, (await Summary(user, card))["replacedBy"].ValueKind);
    }

    [Fact]
    public async Task A_lock_for_replacement_names_the_card_that_follows()
    {
        var user = await suite.NewAcceptedUser();
        var balance = await suite.NewBalance(user, 10_000);
        var (old, follower) = (await suite.NewCard(user, balance), await suite.NewCard(user, balance));
        var stranger = await suite.NewAcceptedUser();
        var strangers = await suite.NewCard(stranger, await suite.NewBalance(stranger));

        (await Lock(old, 7, follower)).MustRefuse(422, "VALIDATION_FAILED");
        (await Lock(old, 8, strangers)).MustRefuse(422, "VALIDATION_FAILED");
        (await Lock(old, 8, old)).MustRefuse(422, "VALIDATION_FAILED");
        Assert.Equal("Active", (await Summary(user, old))["status"].GetString());
        var replaced = (await Lock(old, 8, follower)).Must(200);

        Assert.Equal(follower, replaced["replacedBy"].GetGuid());
        Assert.Equal(replaced.Text, (await Lock(old, 8, follower)).Must(200).Text);
        Assert.Equal(("Declined", "1011", "CARD_REPLACED"), Requests.Decision((await suite.Authorise(old)).Must(200)));
        Assert.Equal("Approved", (await suite.Authorise(follower)).Must(200)["decision"].GetString());

        Task<Answer> Lock(Guid card, int code, Guid replacedBy) => suite.As(user.Caller, "cardservice").Post($"/cards/{card}/lock", new { code, replacedBy });
    }

    [Fact]
    public async Task A_card_follows_on_one_card_alone_however_many_name_it_at_once()
    {
        var first = await _cards.Put(new CardRow());
        var second = await _cards.Put(new CardRow { PartnerId = first.PartnerId, UserId = first.UserId });
        var follower = await _cards.Put(new CardRow { PartnerId = first.PartnerId, UserId = first.UserId });

        var answers = await Races.AtOnce(_cards, $"select from cards where id in ('{first.Id}', '{second.Id}') for update", 2, () => Replace(first), () => Replace(second));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Single(answers, answer => answer.Code == "VALIDATION_FAILED");
        Assert.Equal(1, await _cards.One<long>("select count(*) from cards where user_id = $1 and status = 'Locked'", first.UserId));

        Task<Answer> Replace(CardRow card) => suite.As(card.Partner, "cardservice").Post($"/cards/{card.Id}/lock", new { code = 8, replacedBy = follower.Id });
    }

    [Fact]
    public async Task The_follower_may_be_named_after_the_lock_and_never_changed()
    {
        var old = await _cards.Put(new CardRow { Status = "Locked", LockCode = 8 });
        var follower = await _cards.Put(new CardRow { PartnerId = old.PartnerId, UserId = old.UserId });
        var another = await _cards.Put(new CardRow { PartnerId = old.PartnerId, UserId = old.UserId });

        var named = (await Replace(follower)).Must(200);
        (await Replace(another)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(follower.Id, named["replacedBy"].GetGuid());
        Assert.Equal(follower.Id, await _cards.One<Guid>("select replaced_by from cards where id = $1", old.Id));

        Task<Answer> Replace(CardRow card) => suite.As(old.Partner, "cardservice").Post($"/cards/{old.Id}/lock", new { code = 8, replacedBy = card.Id });
    }

    private static bool OfCard(JsonElement happened, string type, Guid card) =>
        happened.GetProperty("type").GetString() == type && happened.GetProperty("data").GetProperty("cardId").GetGuid() == card;

    private Task<Answer> Renew(Caller caller, Guid card) => suite.As(caller, "cardservice").Post($"/cards/{card}/renew");

    private Task<Answer> Summary(TestUser user, Guid card) => suite.As(user.Caller, "cardservice").Get($"/cards/{card}/summary");

    /// <summary>A card in its last month.</summary>
    private async Task<(TestUser User, Guid Card)> Expiring()
    {
        var user = await suite.NewAcceptedUser();
        var card = await suite.NewCard(user, await suite.NewBalance(user, 10_000));
        var now = DateOnly.FromDateTime(suite.Clock.GetUtcNow().UtcDateTime);
        await _cards.Execute("update cards set exp = $2 where id = $1", card, new DateOnly(now.Year, now.Month, DateTime.DaysInMonth(now.Year, now.Month)));
        return (user, card);
    }
}
