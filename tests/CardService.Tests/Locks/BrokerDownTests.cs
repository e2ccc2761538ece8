using System.Diagnostics;
using Antaca.TestKit;
using Xunit;

namespace Antaca.CardService.Tests.Locks;

public sealed class SuiteWithOwnBroker : Suite
{
    public SuiteWithOwnBroker() => OwnBroker = true;
}

public sealed class BrokerDownTests(SuiteWithOwnBroker suite) : IClassFixture<SuiteWithOwnBroker>
{
    private static readonly TimeSpan _atOnce = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_card_is_stopped_at_once_and_the_event_arrives_when_the_broker_is_back()
    {
        var card = await suite.Database("cards").Put(new CardRow());
        var cards = suite.As(card.Partner, "cardservice");
        (await cards.Post($"/cards/{card.Id}/lock", new { code = 7 })).Must(200);
        await suite.Heard(card, 1);
        await suite.StopBroker();

        var since = Stopwatch.GetTimestamp();
        (await cards.Post($"/cards/{card.Id}/lock", new { code = 1 })).Must(200);
        var took = Stopwatch.GetElapsedTime(since);
        var owed = await suite.Database("cards").One<long>("select count(*) from outbox where type = 'CardLocked'");
        await suite.StartBroker();

        Assert.True(took < _atOnce, $"The lock took {took}.");
        Assert.Equal(1, owed);
        Assert.Equal(["card.locked 7", "card.locked 1"], await suite.Heard(card, 2));
        await Eventually.Holds(async () => await suite.Database("cards").One<long>("select count(*) from outbox") == 0, "the outbox to be empty");
    }
}
