using Antaca.CardService.Tests.Authorisations;
using Antaca.TestKit;
using Npgsql;
using Xunit;
using static Antaca.CardService.Tests.Authorisations.Requests;

namespace Antaca.CardService.Tests.Life;

public sealed class ExpireCardsTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Theory]
    [InlineData("Active", null)]
    [InlineData("Inactive", null)]
    [InlineData("Locked", 3)]
    [InlineData("Locked", 4)]
    [InlineData("Locked", 6)]
    [InlineData("Locked", 7)]
    public async Task A_card_whose_last_day_is_past_expires_once(string status, int? lockCode)
    {
        var card = await _cards.Put(new CardRow { Status = status, LockCode = (short?)lockCode, Exp = LastMonth() });

        await Eventually.Holds(async () => await StatusOf(card) == "Expired", "the card to expire");
        Assert.Equal(["card.expired"], await suite.Heard(card, 1));
    }

    [Theory]
    [InlineData("Removed", null)]
    [InlineData("Ordered", null)]
    [InlineData("Locked", 1)]
    [InlineData("Locked", 2)]
    [InlineData("Locked", 5)]
    [InlineData("Locked", 8)]
    public async Task What_is_over_stopped_for_good_or_in_production_stays_so(string status, int? lockCode)
    {
        var card = await _cards.Put(new CardRow { Status = status, LockCode = (short?)lockCode, Exp = LastMonth() });
        var seen = await _cards.Put(new CardRow { Exp = LastMonth() });
        await Eventually.Holds(async () => await StatusOf(seen) == "Expired", "the job to have been there");

        Assert.Equal(status, await StatusOf(card));
    }

    [Fact]
    public async Task The_last_day_is_a_day_of_use()
    {
        var now = DateOnly.FromDateTime(suite.Clock.GetUtcNow().UtcDateTime);
        var card = await _cards.Put(new CardRow { Exp = new DateOnly(now.Year, now.Month, DateTime.DaysInMonth(now.Year, now.Month)) });
        var seen = await _cards.Put(new CardRow { Exp = LastMonth() });
        await Eventually.Holds(async () => await StatusOf(seen) == "Expired", "the job to have been there");

        Assert.Equal("Active", await StatusOf(card));
    }

    [Fact]
    public async Task An_expired_card_says_so_and_works_no_more()
    {
        var user = await suite.NewAcceptedUser();
        var card = await suite.NewCard(user, await suite.NewBalance(user, 10_000));
        await _cards.Execute("update cards set exp = $2 where id = $1", card, LastMonth());

        // Whether the job was here or not.
        Assert.Equal(("Declined", "1001", "CARD_EXPIRED"), Decision((await suite.Authorise(card)).Must(200)));
        await Eventually.Holds(async () => await _cards.One<string>("select status from cards where id = $1", card) == "Expired", "the card to expire");
        Assert.Equal(("Declined", "1001", "CARD_EXPIRED"), Decision((await suite.Authorise(card)).Must(200)));
        (await suite.As(user.Caller, "cardservice").Post($"/cards/{card}/lock", new { code = 7 })).MustRefuse(409, "CARD_NOT_ACTIVE");
        (await suite.As(user.Caller, "cardservice").Post($"/cards/{card}/activate")).MustRefuse(409, "CARD_NOT_INACTIVE");
        Assert.Equal(204, (await suite.As(user.Caller, "cardservice").Delete($"/cards/{card}")).Status);
    }

    private DateOnly LastMonth()
    {
        var now = DateOnly.FromDateTime(suite.Clock.GetUtcNow().UtcDateTime);
        return new DateOnly(now.Year, now.Month, 1).AddDays(-1);
    }

    private Task<string> StatusOf(CardRow card) => _cards.One<string>("select status from cards where id = $1", card.Id);
}
