using System.Text.Json;
using Antaca.ServiceDefaults;
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

    [Fact]
    public async Task The_user_sees_the_same_list_by_the_app()
    {
        var card = await _cards.Put(new CardRow());
        await _cards.Put(new CardRow { PartnerId = card.PartnerId });

        Assert.Equal((await suite.As(card.Partner, "cardservice").Get("/cards")).Must(200).Text, (await suite.As(card.User, "cardservice").Get("/cards")).Must(200).Text);
        Assert.Equal([card.Id], Ids((await suite.As(card.User, "cardservice").Get($"/cards?customerId={Guid.CreateVersion7()}")).Must(200)));
    }

    [Theory]
    [InlineData(Role.Employee)]
    [InlineData(Role.Manager)]
    [InlineData(Role.Admin)]
    public async Task Every_operator_sees_every_partners_cards_newest_first_page_by_page(Role role)
    {
        // A year of each role's own, in which no other test puts a card.
        var year = DateTimeOffset.UnixEpoch.AddYears(10 + (int)role);
        var cards = new List<CardRow>();
        for (var number = 0; number < 5; number++)
        {
            cards.Insert(0, await _cards.Put(new CardRow(), createdAt: year.AddSeconds(number / 2)));
        }
        await _cards.Put(new CardRow { Status = "Issuing" }, claimedUntil: DateTimeOffset.UtcNow.AddDays(1), createdAt: year.AddSeconds(1));
        var operators = suite.As(TestUsers.Operator(role), "cardservice");

        var first = (await operators.Get($"/cards?limit=3&after={new Cursor(year.AddDays(1), Guid.AllBitsSet)}")).Must(200);
        var second = (await operators.Get($"/cards?limit=2&after={first["next"].GetString()}")).Must(200);

        Assert.Equal(cards.ConvertAll(card => card.Id), [.. Ids(first), .. Ids(second)]);
        Assert.Equal(cards[0].UserId, first["items"][0].GetProperty("customerId").GetGuid());
    }

    [Fact]
    public async Task Operators_find_cards_by_user_and_status()
    {
        var card = await _cards.Put(new CardRow());
        var ordered = await _cards.Put(new CardRow { PartnerId = card.PartnerId, UserId = card.UserId, Status = "Ordered" });
        var removed = await _cards.Put(new CardRow { UserId = card.UserId, Status = "Removed" });
        await _cards.Put(new CardRow { UserId = card.UserId, Status = "Issuing" }, claimedUntil: DateTimeOffset.UtcNow.AddDays(1));
        var operators = suite.As(TestUsers.Operator(Role.Employee), "cardservice");

        Assert.Equal([removed.Id, ordered.Id, card.Id], Ids((await operators.Get($"/cards?customerId={card.UserId}")).Must(200)));
        Assert.Equal([ordered.Id], Ids((await operators.Get($"/cards?customerId={card.UserId}&status=Ordered")).Must(200)));
        Assert.Empty(Ids((await operators.Get($"/cards?customerId={Guid.CreateVersion7()}")).Must(200)));
        Assert.All((await operators.Get("/cards?status=Removed")).Must(200)["items"].EnumerateArray(), found => Assert.Equal("Removed", found.GetProperty("status").GetString()));
        foreach (var status in new[] { "Issuing", "active", "3", "" })
        {
            Assert.True((await operators.Get($"/cards?status={status}")).MustRefuse(422, "VALIDATION_FAILED")["errors"].TryGetProperty("status", out _));
        }
        (await operators.Get("/cards?customerId=somebody")).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task DataCore_hears_how_many_cards_of_a_user_are_not_over()
    {
        var user = new CardRow();
        foreach (var status in new[] { "Active", "Ordered", "Inactive", "Removed", "Expired" })
        {
            await _cards.Put(new CardRow { PartnerId = user.PartnerId, UserId = user.UserId, Status = status });
        }
        await _cards.Put(new CardRow { PartnerId = user.PartnerId, UserId = user.UserId, Status = "Locked", LockCode = 1 });
        await _cards.Put(new CardRow { PartnerId = user.PartnerId, UserId = user.UserId, Status = "Issuing" }, claimedUntil: DateTimeOffset.UtcNow.AddDays(1));
        await _cards.Put(new CardRow { PartnerId = user.PartnerId, UserId = user.UserId, Exp = new DateOnly(2020, 1, 31) });
        await _cards.Put(new CardRow { PartnerId = user.PartnerId });
        await _cards.Put(new CardRow { UserId = user.UserId });
        var dataCore = suite.Neighbour("datacore", "cardservice");

        Assert.Equal(5, (await dataCore.Get($"/internal/users/{user.UserId}/open-cards?partnerId={user.PartnerId}")).Must(200)["count"].GetInt32());
        Assert.Equal(0, (await dataCore.Get($"/internal/users/{Guid.CreateVersion7()}/open-cards?partnerId={user.PartnerId}")).Must(200)["count"].GetInt32());
        foreach (var neighbour in new[] { "gateway", "balanceservice", "kycservice" })
        {
            (await suite.Neighbour(neighbour, "cardservice").Get($"/internal/users/{user.UserId}/open-cards?partnerId={user.PartnerId}")).MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");
        }
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
