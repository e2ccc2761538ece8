using Antaca.CardService.Tests.Authorisations;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;
using static Antaca.CardService.Tests.Authorisations.Requests;

namespace Antaca.CardService.Tests.Life;

public sealed class RemoveCardTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");
    private readonly NpgsqlDataSource _vault = suite.Database("datacore");

    [Fact]
    public async Task A_removed_card_keeps_its_history_and_loses_its_number()
    {
        var user = await suite.NewAcceptedUser();
        var card = await suite.NewCard(user, await suite.NewBalance(user, 10_000));
        var number = await _vault.One<byte[]>("select pan from vault_cards where card_id = $1", card);

        Assert.Equal(204, (await Remove(user.Caller, card)).Status);

        var summary = (await suite.As(user.Caller, "cardservice").Get($"/cards/{card}/summary")).Must(200);
        Assert.Equal("Removed", summary["status"].GetString());
        Assert.Matches(@"^\d{6}\*{6}\d{4}$", summary["maskedCardNo"].GetString());
        await Eventually.Holds(
            () => _vault.One<bool>("select destroyed_at is not null and pan is null and pvv is null from vault_cards where card_id = $1", card),
            "the vault to destroy the number");
        Assert.Equal(0, await _vault.One<long>("select count(*) from vault_cards where pan = $1", number));
        (await suite.As(user.Caller, "cardservice").Get($"/cards/{card}")).MustRefuse(404, "CARD_NOT_FOUND");
        var declined = (await suite.Authorise(card)).Must(200);
        Assert.Equal(("Declined", "1011", "CARD_REMOVED"), Decision(declined));
    }

    [Fact]
    public async Task A_destroyed_number_is_never_given_to_the_card_again_nor_found_nor_given_to_another()
    {
        var user = await suite.NewAcceptedUser();
        var balance = await suite.NewBalance(user, 10_000);
        var issued = (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance })).Must(201);
        var (cardNo, _) = await suite.Open(user.Caller, issued);
        await Remove(user.Caller, issued.Id);
        await Eventually.Holds(() => _vault.One<bool>("select pan is null from vault_cards where card_id = $1", issued.Id), "the vault to destroy the number");

        var again = await suite.Neighbour("cardservice", "datacore").Post(
            "/internal/vault/cards",
            new { cardId = issued.Id, partnerId = user.PartnerId, programId = user.ProgramId, expiry = issued["exp"].GetString(), binding = user.Caller.Binding });
        Assert.InRange(again.Status, 400, 499);
        Assert.True(await _vault.One<bool>("select pan is null from vault_cards where card_id = $1", issued.Id));

        var authorisation = Purchase(cardId: null);
        authorisation["cardNo"] = await suite.Refer(Processor, "cardNo", cardNo);
        authorisation["exp"] = issued["exp"].GetString();
        var declined = (await suite.Authorise(authorisation)).Must(200);
        Assert.Equal("CARD_UNKNOWN", declined["reason"].GetString());

        for (var i = 0; i < 3; i++)
        {
            var (other, _) = await suite.Open(user.Caller, (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance })).Must(201));
            Assert.NotEqual(cardNo, other);
        }
    }

    [Theory]
    [InlineData("Active", null)]
    [InlineData("Inactive", null)]
    [InlineData("Expired", null)]
    [InlineData("Locked", 7)]
    [InlineData("Locked", 1)]
    public async Task A_card_is_removed_from_any_state_once_and_told_once(string status, int? lockCode)
    {
        var card = await _cards.Put(new CardRow { Status = status, LockCode = (short?)lockCode });

        Assert.Equal(204, (await Remove(card.Partner, card.Id)).Status);
        Assert.Equal(204, (await Remove(card.User, card.Id)).Status);

        Assert.Equal("Removed", await StatusOf(card));
        Assert.Equal(["card.removed"], await suite.Heard(card, 1));
    }

    [Fact]
    public async Task What_is_no_users_card_yet_is_not_there()
    {
        var issuing = await _cards.Put(new CardRow { Status = "Issuing" }, claimedUntil: suite.Clock.GetUtcNow().AddHours(1));
        var ordered = await _cards.Put(new CardRow { Status = "Ordered", Type = "Physical" });

        (await Remove(issuing.Partner, issuing.Id)).MustRefuse(404, "CARD_NOT_FOUND");
        (await Remove(ordered.Partner, ordered.Id)).MustRefuse(404, "CARD_NOT_FOUND");
        (await Remove(TestUsers.Operator(Role.Admin), ordered.Id)).MustRefuse(409, "CARD_IN_PRODUCTION");

        Assert.Equal(("Issuing", "Ordered"), (await StatusOf(issuing), await StatusOf(ordered)));
    }

    [Fact]
    public async Task Anothers_card_stays()
    {
        var card = await _cards.Put(new CardRow());

        (await Remove(card.Partner with { PartnerId = Guid.CreateVersion7() }, card.Id)).MustRefuse(404, "CARD_NOT_FOUND");
        (await Remove(card.Partner with { UserId = Guid.CreateVersion7() }, card.Id)).MustRefuse(404, "CARD_NOT_FOUND");
        (await Remove(card.User with { UserId = Guid.CreateVersion7() }, card.Id)).MustRefuse(404, "CARD_NOT_FOUND");
        (await Remove(TestUsers.Operator(Role.Employee), card.Id)).MustRefuse(403, "FORBIDDEN");
        (await Remove(new Caller { Channel = Channel.Processor, Processor = "sandbox" }, card.Id)).MustRefuse(403, "FORBIDDEN");

        Assert.Equal("Active", await StatusOf(card));
        Assert.Equal(204, (await Remove(TestUsers.Operator(Role.Manager), card.Id)).Status);
        Assert.Equal("Removed", await StatusOf(card));
    }

    private Task<Answer> Remove(Caller caller, Guid card) => suite.As(caller, "cardservice").Delete($"/cards/{card}");

    private Task<string> StatusOf(CardRow card) => _cards.One<string>("select status from cards where id = $1", card.Id);
}
