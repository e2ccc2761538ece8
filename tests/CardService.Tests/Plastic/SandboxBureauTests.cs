using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Plastic;

/// <summary>A suite whose sandbox bureau takes an hour.</summary>
public sealed class SuiteWithSlowBureau : Suite
{
    public static readonly TimeSpan Delay = TimeSpan.FromHours(1);

    public SuiteWithSlowBureau() => Settings["cardservice"] = ["--Plastic:SandboxDelaySeconds=3600"];
}

public sealed class SandboxBureauTests(SuiteWithSlowBureau suite) : IClassFixture<SuiteWithSlowBureau>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task An_order_is_sent_at_once_and_confirmed_when_its_time_is_over()
    {
        var user = await suite.NewAcceptedUser();
        var holder = new Holder(suite, user, await suite.NewBalance(user));
        var (early, earlyCard) = await holder.Ordered();
        await Becomes(early, "Sent");
        suite.Clock.Advance(SuiteWithSlowBureau.Delay / 2);
        var (late, lateCard) = await holder.Ordered();
        await Becomes(late, "Sent");
        Assert.Equal("Sent", await _cards.StatusOfOrder(early));

        suite.Clock.Advance(SuiteWithSlowBureau.Delay / 2);

        await Becomes(early, "Personalised");
        Assert.Equal("Inactive", (await holder.Seen(earlyCard))["status"].GetString());
        Assert.Equal("Sent", await _cards.StatusOfOrder(late));
        (await holder.Card(lateCard)).MustRefuse(404, "CARD_NOT_FOUND");
    }

    [Fact]
    public async Task Orders_of_another_bureau_are_not_the_sandboxs()
    {
        var bureau = await Bureau.New(suite);
        var (others, _) = await (await bureau.NewHolder()).Ordered();
        suite.Clock.Advance(SuiteWithSlowBureau.Delay);

        var user = await suite.NewAcceptedUser();
        var (own, _) = await new Holder(suite, user, await suite.NewBalance(user)).Ordered();
        await Becomes(own, "Sent");

        Assert.Equal("Ordered", await _cards.StatusOfOrder(others));
    }

    private Task Becomes(Guid orderId, string status) => Eventually.Holds(async () => await _cards.StatusOfOrder(orderId) == status, $"the order to be {status}");
}

public sealed class SandboxBureauOfDevelopmentTests(Suite suite) : IClassFixture<Suite>
{
    [Fact]
    public async Task In_Development_plastic_takes_five_seconds()
    {
        var user = await suite.NewAcceptedUser();
        var holder = new Holder(suite, user, await suite.NewBalance(user));
        var (_, cardId) = await holder.Ordered();
        suite.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("Inactive", (await holder.Seen(cardId))["status"].GetString());
    }
}
