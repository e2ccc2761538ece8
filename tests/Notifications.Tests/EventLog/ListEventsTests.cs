using System.Text.Json;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Notifications.Tests.EventLog;

public sealed class ListEventsTests(Suite suite) : IClassFixture<Suite>
{
    [Fact]
    public async Task A_partner_replays_its_events_page_by_page()
    {
        var partner = await PartnerWithEvents(5);
        var events = suite.As(Caller(partner), "notifications");

        var first = (await events.Get("/events?limit=2")).Must(200);
        var second = (await events.Get($"/events?limit=2&after={first["next"].GetInt64()}")).Must(200);
        var third = (await events.Get($"/events?limit=2&after={second["next"].GetInt64()}")).Must(200);

        Assert.Equal([1L, 2], Sequences(first));
        Assert.Equal([3L, 4], Sequences(second));
        Assert.Equal([5L], Sequences(third));
        Assert.Equal(JsonValueKind.Null, third["next"].ValueKind);
        Assert.Empty(Sequences((await events.Get("/events?after=5")).Must(200)));
    }

    [Fact]
    public async Task A_page_that_ends_with_the_last_event_has_no_next()
    {
        var partner = await PartnerWithEvents(2);

        var page = (await suite.As(Caller(partner), "notifications").Get("/events?limit=2")).Must(200);

        Assert.Equal([1L, 2], Sequences(page));
        Assert.Equal(JsonValueKind.Null, page["next"].ValueKind);
    }

    [Fact]
    public async Task Another_partners_events_are_not_there()
    {
        await PartnerWithEvents(1);

        Assert.Empty(Sequences((await suite.As(Caller(Guid.CreateVersion7()), "notifications").Get("/events")).Must(200)));
    }

    [Theory]
    [InlineData("?limit=0", "limit")]
    [InlineData("?limit=201", "limit")]
    [InlineData("?limit=many", "limit")]
    [InlineData("?after=-1", "after")]
    [InlineData("?after=x", "after")]
    [InlineData("?after=9999999999999999999", "after")]
    public async Task A_page_that_cannot_be_is_refused(string query, string field)
    {
        var refused = (await suite.As(Caller(Guid.CreateVersion7()), "notifications").Get("/events" + query)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.True(refused["errors"].TryGetProperty(field, out _), refused.Text);
    }

    [Fact]
    public async Task Nobody_but_the_partner_reads_its_events()
    {
        var partner = await PartnerWithEvents(1);
        var user = new TestUser(partner, Guid.CreateVersion7(), Guid.CreateVersion7());

        foreach (var somebody in TestCallers.NotAdmitted(user.UserId, Role.Employee, Role.Manager, Role.Admin).Append(user.App))
        {
            (await suite.As(somebody with { PartnerId = partner }, "notifications").Get("/events")).MustRefuse(403, "FORBIDDEN");
        }
    }

    private static Caller Caller(Guid partner) => new() { Channel = Channel.Secure, PartnerId = partner };

    private static IEnumerable<long> Sequences(Answer page) => page["items"].EnumerateArray().Select(happened => happened.GetProperty("sequence").GetInt64());

    private async Task<Guid> PartnerWithEvents(int count)
    {
        var partner = Guid.CreateVersion7();
        await using var broker = await Broker.Of(suite);
        for (var number = 0; number < count; number++)
        {
            await broker.Publish(new UserRegistered(partner, Guid.CreateVersion7(), Guid.CreateVersion7(), DateTimeOffset.UnixEpoch), Guid.CreateVersion7());
        }
        await Eventually.Holds(async () => Sequences(await suite.As(Caller(partner), "notifications").Get("/events")).Count() == count, $"{count} events");
        return partner;
    }
}
