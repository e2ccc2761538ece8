using System.Text.Json;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Viewing;

public sealed class ListCardsTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task The_users_cards_come_newest_first_page_by_page()
    {
        var user = new CardRow();
        var issued = new List<Guid>();
        for (var number = 0; number < 5; number++)
        {
            var card = new CardRow { PartnerId = user.PartnerId, UserId = user.UserId };
            issued.Insert(0, (await _cards.Put(card, createdAt: DateTimeOffset.UnixEpoch.AddSeconds(number / 2))).Id);
        }

        var listed = new List<Guid>();
        var pages = new List<int>();
        string? next = null;
        do
        {
            var page = (await suite.As(user.Partner, "cardservice").Get("/cards?limit=2" + (next is null ? "" : "&after=" + next))).Must(200);
            listed.AddRange(Ids(page));
            pages.Add(page["items"].GetArrayLength());
            next = page["next"].GetString();
        }
        while (next is not null);

        Assert.Equal(issued, listed);
        Assert.Equal([2, 2, 1], pages);
    }

    [Fact]
    public async Task A_list_shows_each_card_as_its_summary_does()
    {
        var card = await _cards.Put(new CardRow { Status = "Locked", LockCode = 7 });
        var cards = suite.As(card.Partner, "cardservice");

        var listed = (await cards.Get("/cards")).Must(200)["items"];

        Assert.Equal((await cards.Get($"/cards/{card.Id}/summary")).Text, Assert.Single(listed.EnumerateArray()).GetRawText());
    }

    [Fact]
    public async Task Anothers_cards_are_not_there()
    {
        var card = await _cards.Put(new CardRow());

        Assert.Empty(Ids((await suite.As(card.Partner with { UserId = Guid.CreateVersion7() }, "cardservice").Get("/cards")).Must(200)));
        Assert.Empty(Ids((await suite.As(card.Partner with { PartnerId = Guid.CreateVersion7() }, "cardservice").Get("/cards")).Must(200)));
    }

    [Theory]
    [InlineData("?limit=0", "limit")]
    [InlineData("?limit=201", "limit")]
    [InlineData("?limit=1.5", "limit")]
    [InlineData("?after=", "after")]
    [InlineData("?after=nonsense", "after")]
    public async Task A_page_that_cannot_be_is_refused(string query, string field)
    {
        var refused = (await suite.As(new CardRow().Partner, "cardservice").Get("/cards" + query)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.True(refused["errors"].TryGetProperty(field, out _), refused.Text);
    }

    [Fact]
    public async Task BalanceService_hears_of_the_cards_on_one_users_balance()
    {
        var card = await _cards.Put(new CardRow());
        await _cards.Put(new CardRow { PartnerId = card.PartnerId, UserId = card.UserId });
        await _cards.Put(new CardRow { BalanceId = card.BalanceId });

        var listed = (await suite.Neighbour("balanceservice", "cardservice").Get($"/internal/balances/{card.BalanceId}/cards?partnerId={card.PartnerId}&userId={card.UserId}")).Must(200);

        Assert.Equal([card.Id], Ids(listed));
        Assert.Equal(
            (await suite.As(card.Partner, "cardservice").Get($"/cards/{card.Id}/summary")).Text,
            listed["items"][0].GetRawText());
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("kycservice")]
    [InlineData("datacore")]
    public async Task Only_BalanceService_asks_for_the_cards_on_a_balance(string neighbour)
    {
        var card = await _cards.Put(new CardRow());

        (await suite.Neighbour(neighbour, "cardservice").Get($"/internal/balances/{card.BalanceId}/cards?partnerId={card.PartnerId}&userId={card.UserId}"))
            .MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");
    }

    private static List<Guid> Ids(Answer page) => [.. page["items"].EnumerateArray().Select((JsonElement card) => card.GetProperty("id").GetGuid())];
}
