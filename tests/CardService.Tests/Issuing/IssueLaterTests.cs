using Antaca.CardService.Tests.Plastic;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Issuing;

public sealed class IssueLaterTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task A_card_is_asked_for_and_is_there_a_little_later()
    {
        var user = await suite.NewAcceptedUser();
        var balance = await suite.NewBalance(user);

        var asked = (await Ask(user.Caller, balance, "Zoë Żółkiewska")).Must(202);
        var done = await Done(user.Caller, asked);

        Assert.Equal("Pending", asked["status"].GetString());
        Assert.Equal("Done", done["status"].GetString());
        var card = (await suite.As(user.Caller, "cardservice").Get($"/cards/{done["cardId"].GetGuid()}/summary")).Must(200);
        Assert.Equal(("Active", balance, "Zoë Żółkiewska"), (card["status"].GetString(), card["balanceId"].GetGuid(), card["cardholderName"].GetString()));
        (await suite.As(user.Caller, "cardservice").Get($"/cards/{card.Id}")).Must(200);
        await Eventually.Holds(
            async () => (await suite.EventsOf(user.PartnerId)).Count(happened =>
                happened.GetProperty("type").GetString() == "card.issued" && happened.GetProperty("data").GetProperty("cardId").GetGuid() == card.Id) == 1,
            "the partner to hear of it once");
    }

    [Fact]
    public async Task Asked_again_under_the_same_key_it_is_one_card()
    {
        var user = await suite.NewAcceptedUser();
        var balance = await suite.NewBalance(user);
        var key = Guid.CreateVersion7().ToString();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Ask(user.Caller, balance, key: key)));

        Assert.All(answers, answer => Assert.True(answer.Status == 202 || answer.Code == "IDEMPOTENCY_IN_PROGRESS", answer.Text));
        Assert.Single(answers.Where(answer => answer.Status == 202).Select(answer => answer["requestId"].GetGuid()).Distinct());
        await Done(user.Caller, answers.First(answer => answer.Status == 202));
        Assert.Equal(1, await _cards.One<long>("select count(*) from cards where user_id = $1", user.UserId));
    }

    [Fact]
    public async Task While_the_vault_is_away_it_is_pending_and_comes_with_it()
    {
        var user = await suite.NewAcceptedUser();
        var balance = await suite.NewBalance(user);
        // Who the user is and what their programme allows was asked before.
        var asked = (await Ask(user.Caller, balance)).Must(202);
        await Done(user.Caller, asked);

        await using (var held = await Races.Hold(suite.Database("datacore"), "lock table vault_cards in access exclusive mode"))
        {
            asked = (await Ask(user.Caller, balance)).Must(202);
            Assert.Equal("Pending", (await Request(user.Caller, asked)).Must(200)["status"].GetString());
            Assert.Single((await suite.As(user.Caller, "cardservice").Get("/cards")).Must(200)["items"].EnumerateArray());
            await held.Release();
        }
        suite.Clock.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal("Done", (await Done(user.Caller, asked))["status"].GetString());
        Assert.Equal(2, await _cards.One<long>("select count(*) from cards where user_id = $1 and status = 'Active'", user.UserId));
    }

    [Fact]
    public async Task A_full_range_fails_it_with_its_reason_and_leaves_no_card()
    {
        var (partner, program) = await suite.NewPartner();
        var user = await suite.NewAcceptedUser(partner, program);
        var balance = await suite.NewBalance(user);
        await suite.Database("datacore").Execute("update bin_ranges set next_index = size where partner_id = $1", partner);

        var failed = await Done(user.Caller, (await Ask(user.Caller, balance)).Must(202));

        Assert.Equal(("Failed", "BIN_RANGE_FULL"), (failed["status"].GetString(), failed["code"].GetString()));
        Assert.Equal(0, await _cards.One<long>("select count(*) from cards where user_id = $1", user.UserId));
    }

    [Fact]
    public async Task What_may_not_be_is_refused_at_once()
    {
        var user = await suite.NewUser();

        (await Ask(user.Caller, Guid.CreateVersion7())).MustRefuse(409, "KYC_REQUIRED");
        var accepted = await suite.NewAcceptedUser();
        (await Ask(accepted.Caller, Guid.CreateVersion7())).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await suite.As(accepted.Caller, "cardservice").PostText("/cards/virtual/async", "{}")).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Anothers_request_is_not_there()
    {
        var user = await suite.NewAcceptedUser();
        var asked = (await Ask(user.Caller, await suite.NewBalance(user))).Must(202);
        var other = await suite.NewAcceptedUser();

        (await Request(other.Caller, asked)).MustRefuse(404, "REQUEST_NOT_FOUND");
        (await Request(user.Caller with { PartnerId = Guid.CreateVersion7() }, asked)).MustRefuse(404, "REQUEST_NOT_FOUND");
    }

    private Task<Answer> Ask(Caller caller, Guid balance, string? cardholderName = null, string? key = null) =>
        suite.As(caller, "cardservice").Post("/cards/virtual/async", new { balanceId = balance, cardholderName }, key);

    private Task<Answer> Request(Caller caller, Answer asked) => suite.As(caller, "cardservice").Get($"/cards/requests/{asked["requestId"].GetGuid()}");

    private Task<Answer> Done(Caller caller, Answer asked) => Eventually.Get(
        async () => (await Request(caller, asked)).Must(200) is var request && request["status"].GetString() != "Pending" ? request : null,
        "the card to be issued");
}
