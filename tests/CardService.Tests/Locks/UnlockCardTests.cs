using System.Text.Json;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Locks;

public sealed class UnlockCardTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task A_stopped_card_works_again()
    {
        var card = await _cards.Put(new CardRow { Status = "Locked", LockCode = 7 });

        var unlocked = (await Unlock(card)).Must(200);

        Assert.Equal("Active", unlocked["status"].GetString());
        Assert.Equal(JsonValueKind.Null, unlocked["lock"].ValueKind);
        Assert.Equal(["card.unlocked 7"], await suite.Heard(card, 1));
    }

    [Fact]
    public async Task A_card_that_is_not_stopped_stays_as_it_is()
    {
        var card = await _cards.Put(new CardRow());
        var before = await suite.As(card.Partner, "cardservice").Get($"/cards/{card.Id}/summary");

        var unlocked = (await Unlock(card)).Must(200);
        (await suite.As(card.Partner, "cardservice").Post($"/cards/{card.Id}/lock", new { code = 1 })).Must(200);

        Assert.Equal(before.Text, unlocked.Text);
        Assert.Equal(["card.locked 1"], await suite.Heard(card, 1));
    }

    [Fact]
    public async Task Two_unlocks_at_once_are_one()
    {
        var card = await _cards.Put(new CardRow { Status = "Locked", LockCode = 7 });

        var answers = await Races.AtOnce(_cards, $"select from cards where id = '{card.Id}' for update", 2, () => Unlock(card), () => Unlock(card));
        (await suite.As(card.Partner, "cardservice").Post($"/cards/{card.Id}/lock", new { code = 1 })).Must(200);

        Assert.All(answers, answer => Assert.Equal("Active", answer.Must(200)["status"].GetString()));
        Assert.Equal(["card.unlocked 7", "card.locked 1"], await suite.Heard(card, 2));
    }

    private Task<Answer> Unlock(CardRow card) => suite.As(card.Partner, "cardservice").Post($"/cards/{card.Id}/unlock");
}
