using System.Text.Json;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.Notifications.Tests.EventLog;

public sealed class RecordEventTests(Suite suite) : IClassFixture<Suite>
{
    private static readonly DateTimeOffset _time = new(2026, 11, 22, 10, 30, 0, TimeSpan.Zero);
    private static readonly Guid _partner = Guid.CreateVersion7();
    private static readonly Guid _user = Guid.CreateVersion7();
    private static readonly Guid _other = Guid.CreateVersion7();
    private static readonly Guid _card = Guid.CreateVersion7();
    private static readonly Guid _balance = Guid.CreateVersion7();

    private readonly NpgsqlDataSource _notifications = suite.Database("notifications");

    /// <summary>Every event of the contract that a partner hears of, its published type, and the data its partner hears.</summary>
    public static readonly TheoryData<IEvent, string, string> Published = new()
    {
        { new UserRegistered(_partner, _user, _other, _time), "user.registered", $$"""{"customerId":"{{_user}}","programId":"{{_other}}"}""" },
        { new UserLocked(_partner, _user, _time), "user.locked", $$"""{"customerId":"{{_user}}"}""" },
        { new UserUnlocked(_partner, _user, _time), "user.unlocked", $$"""{"customerId":"{{_user}}"}""" },
        { new UserDeleted(_partner, _user, _time), "user.deleted", $$"""{"customerId":"{{_user}}"}""" },
        {
            new CertificateExpiring(_partner, "0A1B", _time, _time), "certificate.expiring",
            """{"serial":"0A1B","notAfter":"2026-11-22T10:30:00+00:00"}"""
        },
        { new KycAccepted(_partner, _user, _other, _time), "kyc.accepted", $$"""{"customerId":"{{_user}}","applicationId":"{{_other}}"}""" },
        { new KycRejected(_partner, _user, _other, _time), "kyc.rejected", $$"""{"customerId":"{{_user}}","applicationId":"{{_other}}"}""" },
        { new BalanceOpened(_partner, _user, _balance, "PLN", _time), "balance.opened", $$"""{"customerId":"{{_user}}","balanceId":"{{_balance}}","currency":"PLN"}""" },
        {
            new BalanceReloaded(_partner, _user, _balance, _other, 12500, "PLN", _time), "balance.reloaded",
            $$"""{"customerId":"{{_user}}","balanceId":"{{_balance}}","transactionId":"{{_other}}","amount":{"amount":12500,"currency":"PLN"} }"""
        },
        {
            new CardIssued(_partner, _user, _balance, _card, "Virtual", _time), "card.issued",
            $$"""{"customerId":"{{_user}}","cardId":"{{_card}}","balanceId":"{{_balance}}","type":"Virtual"}"""
        },
        {
            new PhysicalCardOrdered(_partner, _user, _balance, _card, _other, "Physical", _time), "card.ordered",
            $$"""{"customerId":"{{_user}}","cardId":"{{_card}}","balanceId":"{{_balance}}","orderId":"{{_other}}","type":"Physical"}"""
        },
        {
            new PhysicalCardPersonalised(_partner, _user, _card, _other, _time), "card.personalised",
            $$"""{"customerId":"{{_user}}","cardId":"{{_card}}","orderId":"{{_other}}"}"""
        },
        {
            new PhysicalCardFailed(_partner, UserId: null, _card, _other, "Stock", _time), "card.failed",
            $$"""{"customerId":null,"cardId":"{{_card}}","orderId":"{{_other}}","kind":"Stock"}"""
        },
        { new CardLinked(_partner, _user, _balance, _card, _time), "card.linked", $$"""{"customerId":"{{_user}}","cardId":"{{_card}}","balanceId":"{{_balance}}"}""" },
        { new CardLocked(_partner, _user, _card, 7, _time), "card.locked", $$"""{"customerId":"{{_user}}","cardId":"{{_card}}","code":7}""" },
        { new CardUnlocked(_partner, _user, _card, 7, _time), "card.unlocked", $$"""{"customerId":"{{_user}}","cardId":"{{_card}}","code":7}""" },
        { new CardActivated(_partner, _user, _card, _time), "card.activated", $$"""{"customerId":"{{_user}}","cardId":"{{_card}}"}""" },
        { new CardRemoved(_partner, _user, _card, _time), "card.removed", $$"""{"customerId":"{{_user}}","cardId":"{{_card}}"}""" },
        { new CardExpired(_partner, _user, _card, _time), "card.expired", $$"""{"customerId":"{{_user}}","cardId":"{{_card}}"}""" },
        { new PinSet(_partner, _user, _card, _time), "card.pinSet", $$"""{"customerId":"{{_user}}","cardId":"{{_card}}"}""" },
        { new CvvReset(_partner, _user, _card, _time), "card.cvvReset", $$"""{"customerId":"{{_user}}","cardId":"{{_card}}"}""" },
        { new CardRenewed(_partner, _user, _card, _other, _time), "card.renewed", $$"""{"customerId":"{{_user}}","cardId":"{{_card}}","renewedBy":"{{_other}}"}""" },
        {
            new CardControlsChanged(_partner, _user, _card, "Issuer", _time), "card.controlsChanged",
            $$"""{"customerId":"{{_user}}","cardId":"{{_card}}","owner":"Issuer"}"""
        },
        {
            new AuthorisationApproved(_partner, _user, _balance, _card, _other, 500, "PLN", _time), "transaction.authorized",
            $$"""{"customerId":"{{_user}}","transactionId":"{{_other}}","cardId":"{{_card}}","balanceId":"{{_balance}}","amount":{"amount":500,"currency":"PLN"} }"""
        },
        {
            new AuthorisationDeclined(_partner, _user, _balance, _card, _other, 500, "PLN", "2008", "CARD_LOST", _time), "transaction.declined",
            $$"""
            {"customerId":"{{_user}}","transactionId":"{{_other}}","cardId":"{{_card}}","balanceId":"{{_balance}}","amount":{"amount":500,"currency":"PLN"},
             "actionCode":"2008","reason":"CARD_LOST"}
            """
        },
        {
            new BalanceAdjusted(_partner, _user, _balance, _other, -500, "PLN", _time), "balance.adjusted",
            $$"""{"customerId":"{{_user}}","balanceId":"{{_balance}}","transactionId":"{{_other}}","amount":{"amount":-500,"currency":"PLN"} }"""
        },
        { new BalanceStateChanged(_partner, _user, _balance, "Blocked", _time), "balance.stateChanged", $$"""{"customerId":"{{_user}}","balanceId":"{{_balance}}","state":"Blocked"}""" },
        {
            new PartnerBalanceLow(_partner, _balance, "Credit", 400, 1000, "PLN", _time), "partnerBalance.low",
            $$"""
            {"balanceId":"{{_balance}}","kind":"Credit","available":{"amount":400,"currency":"PLN"},"threshold":{"amount":1000,"currency":"PLN"} }
            """
        },
    };

    [Theory]
    [MemberData(nameof(Published), DisableDiscoveryEnumeration = true)]
    public async Task An_event_reaches_its_partner_in_the_words_of_the_contract(IEvent happened, string type, string data)
    {
        await using var broker = await Broker.Of(suite);
        var id = Guid.CreateVersion7();

        var heard = await Eventually.Get<JsonElement?>(
            async () =>
            {
                // The queue may not be bound yet; once it is, a redelivery changes nothing.
                await broker.Publish(happened, id);
                return (await Events(_partner)).Select(one => (JsonElement?)one).FirstOrDefault(one => one!.Value.GetProperty("id").GetGuid() == id);
            },
            type);
        Assert.Equal(type, heard!.Value.GetProperty("type").GetString());
        Assert.Equal("2026-11-22T10:30:00Z", heard.Value.GetProperty("occurredAt").GetString());
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(data), heard.Value.GetProperty("data")), heard.Value.GetRawText());
    }

    [Fact]
    public void No_event_of_the_contract_is_forgotten()
    {
        var contract = typeof(IEvent).Assembly.GetTypes().Where(type => type.IsAssignableTo(typeof(IPartnerEvent)) && !type.IsInterface).Select(type => type.Name);

        Assert.Equal(contract.Order(), Published.Select(row => row[0].GetType().Name).Order());
    }

    [Fact]
    public async Task An_event_that_is_delivered_twice_is_recorded_once()
    {
        await using var broker = await Broker.Of(suite);
        var partner = Guid.CreateVersion7();
        var twice = Guid.CreateVersion7();

        await broker.Publish(Locked(partner, 1), twice);
        await broker.Publish(Locked(partner, 1), twice);
        await broker.Publish(Locked(partner, 2), Guid.CreateVersion7());
        await Recorded(partner, 2);
        await broker.Publish(Locked(partner, 1), twice);
        await broker.Publish(Locked(partner, 3), Guid.CreateVersion7());

        var events = await Recorded(partner, 3);
        Assert.Equal([1L, 2, 3], events.Select(one => one.GetProperty("sequence").GetInt64()));
        Assert.Equal([1, 2, 3], events.Select(Code).Order());
    }

    [Fact]
    public async Task The_same_event_in_two_deliveries_at_once_is_recorded_once()
    {
        await using var broker = await Broker.Of(suite);
        var partner = Guid.CreateVersion7();
        var twice = Guid.CreateVersion7();

        await using (var held = await Races.Hold(_notifications, "lock table inbox in exclusive mode"))
        {
            await broker.Publish(Locked(partner, 1), twice);
            await broker.Publish(Locked(partner, 1), twice);
            await held.Waiters(1);
            await held.Release();
        }
        await broker.Publish(Locked(partner, 2), Guid.CreateVersion7());

        Assert.Equal([1, 2], (await Recorded(partner, 2)).Select(Code).Order());
    }

    [Fact]
    public async Task Many_events_of_many_partners_at_once_are_numbered_without_a_gap()
    {
        const int Each = 100;
        await using var broker = await Broker.Of(suite);
        var partners = Enumerable.Range(0, 4).Select(_ => Guid.CreateVersion7()).ToArray();

        await Task.WhenAll(
            from number in Enumerable.Range(0, Each)
            from partner in partners
            select broker.Publish(Locked(partner, number), Guid.CreateVersion7()));

        foreach (var partner in partners)
        {
            var events = await Recorded(partner, Each);
            Assert.Equal(Enumerable.Range(1, Each).Select(number => (long)number), events.Select(one => one.GetProperty("sequence").GetInt64()));
            Assert.Equal(Enumerable.Range(0, Each), events.Select(Code).Order());
        }
    }

    [Fact]
    public async Task A_recording_that_dies_half_way_gives_its_number_back()
    {
        await using var broker = await Broker.Of(suite);
        var partner = Guid.CreateVersion7();
        await broker.Publish(Locked(partner, 1), Guid.CreateVersion7());
        await Recorded(partner, 1);

        await using (var held = await Races.Hold(_notifications, "lock table partner_events in share mode"))
        {
            await broker.Publish(Locked(partner, 2), Guid.CreateVersion7());
            await held.Waiters(1);
            await Execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
            await held.Release();
        }
        await broker.Publish(Locked(partner, 3), Guid.CreateVersion7());

        var events = await Recorded(partner, 3);
        Assert.Equal([1L, 2, 3], events.Select(one => one.GetProperty("sequence").GetInt64()));
        Assert.Equal([1, 2, 3], events.Select(Code).Order());
    }

    [Fact]
    public async Task What_happens_while_the_service_is_down_is_recorded_when_it_is_back()
    {
        await using var broker = await Broker.Of(suite);
        var partner = Guid.CreateVersion7();
        await suite.Stop("notifications");

        await broker.Publish(Locked(partner, 1), Guid.CreateVersion7());
        await suite.Start("notifications");

        await Recorded(partner, 1);
    }

    [Theory]
    [InlineData("update partner_events set type = 'card.unlocked'")]
    [InlineData("delete from partner_events")]
    [InlineData("delete from partner_sequences")]
    public async Task What_is_recorded_stays_as_it_was_written(string sql)
    {
        await using var forbidden = suite.DatabaseOfRequests("notifications").CreateCommand(sql);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => forbidden.ExecuteNonQueryAsync());

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    private static CardLocked Locked(Guid partner, int code) => new(partner, _user, _card, code, _time);

    private static int Code(JsonElement happened) => happened.GetProperty("data").GetProperty("code").GetInt32();

    private async Task<List<JsonElement>> Events(Guid partner) =>
        [.. (await suite.As(new Caller { Channel = Channel.Secure, PartnerId = partner }, "notifications").Get("/events?limit=200")).Must(200)["items"].EnumerateArray()];

    private Task<List<JsonElement>> Recorded(Guid partner, int count) =>
        Eventually.Get(async () => await Events(partner) is { } events && events.Count >= count ? events : null, $"{count} events");

    private async Task Execute(string sql)
    {
        await using var command = _notifications.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
