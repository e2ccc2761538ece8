using System.Text;
using System.Text.Json;
using Antaca.Contracts.Events;
using Antaca.TestKit;
using MassTransit;
using Xunit;

namespace Antaca.BalanceService.Tests.Partners;

public sealed class WatchPartnerBalancesTests(LedgerSuite suite) : LedgerTest(suite)
{
    private readonly Api _cardService = suite.Neighbour("cardservice", "balanceservice");

    [Fact]
    public async Task Each_fall_below_the_threshold_is_told_once_by_event_and_by_mail()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var balanceId = await Suite.NewBalance(user, 100_000);
        var creditId = await NewPartnerBalance(user.PartnerId, "Credit", 5_000, 1_000, NewAddress(), NewAddress());
        var receivers = (await BalancesOf(PartnerCaller(user.PartnerId)).Get($"/partner-balances/{creditId}")).Must(200)["notify"].EnumerateArray().Select(one => one.GetString()!).ToArray();
        await Low(creditId, false);

        Assert.True((await Pay(user, balanceId, 4_000)).GetBoolean());
        Assert.True((await Pay(user, balanceId, 100)).GetBoolean());

        var told = Assert.Single(await Told(user.PartnerId, 1)).GetProperty("data");
        Assert.Equal(creditId, told.GetProperty("balanceId").GetGuid());
        Assert.Equal("Credit", told.GetProperty("kind").GetString());
        Assert.InRange(told.GetProperty("available").GetProperty("amount").GetInt64(), 0, 999);
        Assert.Equal("""{"amount":1000,"currency":"PLN"}""", told.GetProperty("threshold").GetRawText().Replace(" ", "", StringComparison.Ordinal));
        foreach (var receiver in receivers)
        {
            var mail = await Suite.LastMessageTo(receiver);
            Assert.Contains("A balance of yours is low", mail, StringComparison.Ordinal);
            Assert.Contains("10.00 PLN", mail, StringComparison.Ordinal);
            Assert.Contains(creditId.ToString(), mail, StringComparison.Ordinal);
        }

        // Lower still is no other fall; the next one is, after it was above.
        Assert.True((await Pay(user, balanceId, 200)).GetBoolean());
        (await ReloadPartnerBalance(creditId, 5_000)).Must(201);
        await Low(creditId, false);
        Assert.True((await Pay(user, balanceId, 5_000)).GetBoolean());

        Assert.Equal(2, (await Told(user.PartnerId, 2)).Count);
        foreach (var receiver in receivers)
        {
            await Eventually.Holds(async () => await Suite.MessagesTo(receiver).CountAsync() == 2, "the second mail");
        }
    }

    [Fact]
    public async Task Opened_empty_it_is_not_low_until_it_was_above_once()
    {
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, "Partner", lowThreshold: 1_000);
        Assert.True(await Look<bool>("select low from accounts where id = @id", ("id", balanceId)));

        (await ReloadPartnerBalance(balanceId, 1_000)).Must(201);

        await Low(balanceId, false);
        Assert.Empty(await Told(partner, 0));
    }

    [Fact]
    public async Task A_threshold_above_what_there_is_is_told_at_once()
    {
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, "Partner", 1_000);

        using var content = new StringContent("""{"lowThreshold": 1001}""", Encoding.UTF8, "application/json");
        (await BalancesOf(PartnerCaller(partner)).Send(HttpMethod.Patch, $"/partner-balances/{balanceId}", content)).Must(200);

        Assert.Single(await Told(partner, 1));
    }

    [Fact]
    public async Task Two_replicas_that_look_at_once_tell_it_once()
    {
        await using var another = await Suite.StartReplica("balanceservice");
        var (partner, _) = await Suite.NewPartner();
        var (balanceId, otherId) = (await NewPartnerBalance(partner, "Partner", 1_000), await NewPartnerBalance(partner, "Credit", 1_000));

        await using (var held = await Races.Hold(Ledger, "lock table accounts in share row exclusive mode"))
        {
            await held.Waiters(2);
            await held.Commit($"update accounts set low_threshold = 2000 where id in ('{balanceId}', '{otherId}')");
        }
        await Low(balanceId, true);
        await Low(otherId, true);
        // What would have been told twice is on record before what is told after it.
        (await ReloadPartnerBalance(balanceId, 5_000)).Must(201);
        await Low(balanceId, false);
        await Do("update accounts set low_threshold = 7000 where id = @id", ("id", balanceId));

        Assert.Equal(3, (await Told(partner, 3)).Count);
    }

    [Fact]
    public async Task An_event_that_is_delivered_twice_sends_one_mail_to_each_and_one_bad_address_stops_no_other()
    {
        var (partner, _) = await Suite.NewPartner();
        var (first, last) = (NewAddress(), NewAddress());
        var balanceId = await NewPartnerBalance(partner, "Partner", 0, null, first, last);
        await Do("update accounts set notify = array[@first, 'nobody', @last] where id = @id", ("first", first), ("last", last), ("id", balanceId));
        var low = new PartnerBalanceLow(partner, balanceId, "Partner", 400, 1_000, "PLN", Suite.Clock.GetUtcNow());
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit => rabbit.Host(new Uri(Suite.Messaging)));
        await bus.StartAsync();
        var once = Guid.CreateVersion7();

        foreach (var id in new[] { once, once, Guid.CreateVersion7() })
        {
            await bus.Publish(low, context => context.MessageId = id);
        }

        foreach (var receiver in new[] { first, last })
        {
            await Eventually.Holds(async () => await Suite.MessagesTo(receiver).CountAsync() >= 2, "both mails");
        }
        // Whatever the second delivery would have sent is on its way before this.
        await bus.Publish(low, context => context.MessageId = Guid.CreateVersion7());
        foreach (var receiver in new[] { first, last })
        {
            await Eventually.Holds(async () => await Suite.MessagesTo(receiver).CountAsync() == 3, "the third mail");
        }
        await bus.StopAsync();
    }

    private static string NewAddress() => $"{Guid.CreateVersion7():N}@bank.example";

    private async Task<JsonElement> Pay(TestUser user, Guid balanceId, long amount) =>
        (await _cardService.Post("/internal/authorisations", Payment.Of(user, balanceId, amount))).Must(200)["approved"];

    private Task Low(Guid balanceId, bool low) =>
        Eventually.Holds(async () => await Look<bool>("select low from accounts where id = @id", ("id", balanceId)) == low, low ? "a low balance" : "a balance that is not low");

    /// <summary>What the partner has heard, at least so often.</summary>
    private Task<List<JsonElement>> Told(Guid partner, int times) => Eventually.Get(
        async () =>
        {
            var events = (await Suite.As(PartnerCaller(partner), "notifications").Get("/events?limit=200")).Must(200)["items"].EnumerateArray()
                .Where(one => one.GetProperty("type").GetString() == "partnerBalance.low").ToList();
            return events.Count >= times ? events : null;
        },
        $"{times} warnings");
}
