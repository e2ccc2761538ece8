using Antaca.Client;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Suite.Tests;

/// <summary>The suite as one command starts it, walked from outside by a partner and a processor.</summary>
public sealed class FirstJourneyTests : IClassFixture<FirstJourneyTests.Running>
{
    private readonly SuiteProcess _suite;

    public FirstJourneyTests(Running running) => _suite = running.Suite;

    [Fact]
    public async Task A_card_is_issued_used_and_locked_and_the_event_arrives()
    {
        using var partner = _suite.PartnerConnection();
        using var processor = _suite.ProcessorConnection();
        var journey = new Journey(new AntacaClient(partner), new ProcessorClient(processor));

        await (await journey.Register()).IssueSpendAndLock();

        var heard = await journey.Hears("card.locked", journey.Lost.Id);
        Assert.Equal(1, heard.Data.GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task A_lock_answers_while_the_broker_does_not_and_its_event_arrives_later()
    {
        using var partner = _suite.PartnerConnection();
        using var processor = _suite.ProcessorConnection();
        var client = new AntacaClient(partner);
        var journey = await new Journey(client, new ProcessorClient(processor)).Register();
        var card = await client.CreateVirtualCard(journey.UserId, journey.BalanceId);
        var broker = _suite.PidOf("messaging");

        SuiteProcess.Signal("STOP", broker);
        try
        {
            var locked = await client.LockCard(journey.UserId, card.Id, LockCode.PendingQuery).WaitAsync(TimeSpan.FromSeconds(5));
            Assert.Equal(CardStatus.Locked, locked.Status);
        }
        finally
        {
            SuiteProcess.Signal("CONT", broker);
        }

        await journey.Hears("card.locked", card.Id);
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("cardservice")]
    [InlineData("balanceservice")]
    [InlineData("datacore")]
    [InlineData("kycservice")]
    [InlineData("notifications")]
    public async Task A_killed_service_is_back_and_no_money_or_card_is_lost_or_doubled(string service)
    {
        // One attempt a call, so that what the test repeats is what a caller without the SDK's patience would.
        using var partner = _suite.PartnerConnection(attempts: 1);
        using var processor = _suite.ProcessorConnection(attempts: 1);
        var client = new AntacaClient(partner);
        var journey = await new Journey(client, new ProcessorClient(processor)).Register();
        var cards = new List<IssuedCard>();
        var victim = _suite.PidOf(service);

        const int Rounds = 30;
        const int KillAtRound = 5;
        const long Amount = 100;
        for (var round = 0; round < Rounds; round++)
        {
            if (round == KillAtRound)
            {
                SuiteProcess.Signal("KILL", victim);
            }
            var key = $"{service}-{round}-{journey.UserId}";
            await Persist(() => client.Reload(journey.UserId, journey.BalanceId, new Money(Amount, "PLN"), key, key));
            var card = await Persist(() => client.CreateVirtualCard(journey.UserId, journey.BalanceId, idempotencyKey: key));
            cards.Add(card);
            var paid = await Persist(() => journey.Pay(card, Amount, $"{service}{round}{journey.UserId:N}"[..40]));
            Assert.Equal(Decision.Approved, paid.Decision);
        }

        Assert.NotEqual(victim, _suite.PidOf(service));
        var balance = await client.GetBalance(journey.UserId, journey.BalanceId);
        Assert.Equal(Journey.Reloaded + (Rounds * Amount), balance.Amount);
        Assert.Equal(Rounds * Amount, balance.Held);
        Assert.Equal(Rounds, cards.Select(card => card.CardNo).Distinct().Count());
        Assert.NotNull(balance.Cards);
        Assert.Equal(cards.Select(card => card.Id).Order(), balance.Cards.Select(card => card.Id).Order());
        Assert.All(balance.Cards, card => Assert.Equal(CardStatus.Active, card.Status));
    }

    [Theory]
    [InlineData("cardservice")]
    [InlineData("datacore")]
    [InlineData("messaging")]
    public async Task A_kill_between_any_two_steps_of_plastic_leaves_every_card_made_once_and_shown(string service)
    {
        using var partner = _suite.PartnerConnection(attempts: 1);
        using var processor = _suite.ProcessorConnection(attempts: 1);
        var (client, bureau) = (new AntacaClient(partner), new ProcessorClient(processor));
        var journey = await new Journey(client, bureau).Register();
        var orders = new List<TakenOrder>();
        var numbers = new Dictionary<Guid, string>();

        const int Rounds = 6;
        for (var round = 0; round < Rounds; round++)
        {
            var key = $"plastic-{service}-{round}-{journey.UserId}";
            var card = new NewPhysicalCard { BalanceId = journey.BalanceId, EmbossName = "MARIA SKLODOWSKA", DeliveryAddress = new Address("Freta 16", "Warszawa", "00-227", "PL") };
            // In every other round, each time one step later.
            await KillAt(0);
            var order = await Persist(() => client.OrderPhysicalCard(journey.UserId, card, key));
            orders.Add(order);
            await KillAt(1);
            // The sandbox's own bureau may have been faster: then the record is closed. Confirmed twice is confirmed.
            if (await Record(order.OrderId) is { } record)
            {
                numbers.Add(order.CardId, record.CardNo);
            }
            await KillAt(2);
            Assert.Equal(OrderStatus.Personalised, (await Persist(() => bureau.ConfirmPersonalisation(order.OrderId))).Status);

            async Task KillAt(int step)
            {
                if (round == 2 * step)
                {
                    SuiteProcess.Signal("KILL", (await Eventually.Get(() => Task.FromResult(_suite.FindPidOf(service)), "it to run"))!.Value);
                }
            }
        }

        Assert.Equal(Rounds, orders.Select(order => order.CardId).Distinct().Count());
        foreach (var order in orders)
        {
            var shown = await Eventually.Get(
                async () => (await Persist(() => client.ListCards(journey.UserId, limit: 200))).Items.SingleOrDefault(card => card.Id == order.CardId), "the card to be shown");
            Assert.Equal((CardStatus.Inactive, CardType.Physical), (shown.Status, shown.Type));
            Assert.Equal(CardStatus.Active, (await Persist(() => client.ActivateCard(journey.UserId, order.CardId))).Status);
            var number = (await Persist(() => client.GetCard(journey.UserId, order.CardId))).CardNo;
            Assert.Equal(number, numbers.GetValueOrDefault(order.CardId, number));
            numbers[order.CardId] = number;
        }
        Assert.Equal(Rounds, numbers.Values.Distinct().Count());
        Assert.Equal(Rounds, (await Persist(() => client.ListCards(journey.UserId, limit: 200))).Items.Count);

        async Task<PersonalisationRecord?> Record(Guid order)
        {
            try
            {
                return await Persist(() => bureau.GetPersonalisationRecord(order));
            }
            catch (AntacaException over) when (over.Code is "ORDER_STATE")
            {
                return null;
            }
        }
    }

    [Fact]
    public async Task Another_port_base_and_folder_move_everything()
    {
        using var partner = _suite.PartnerConnection();

        Assert.Equal(_suite.PartnerAddress.Port, _suite.Run.Resources.SelectMany(resource => resource.Endpoints).Select(endpoint => new Uri(endpoint.Url).Port).Single(port => port == _suite.PartnerAddress.Port));
        Assert.Equal("A256GCM", (await new AntacaClient(partner).GetPublicKey()).Enc);
    }

    /// <summary>Repeats a call as it was, key and all, until the suite has recovered. A refusal that is an answer ends the test.</summary>
    private static async Task<T> Persist<T>(Func<Task<T>> call)
    {
        var until = TimeProvider.System.GetUtcNow().AddSeconds(60);
        while (true)
        {
            try
            {
                return await call();
            }
            catch (AntacaException away) when (IsPassing(away) && TimeProvider.System.GetUtcNow() < until)
            {
                await Task.Delay(100);
            }
        }
    }

    private static bool IsPassing(AntacaException refusal) =>
        refusal.Status is 0 or 500 or 502 or 503 or 504 || refusal.Code is "IDEMPOTENCY_IN_PROGRESS";

    public sealed class Running : IAsyncLifetime
    {
        public SuiteProcess Suite { get; } = new();

        public Task InitializeAsync() => Suite.Start();

        public Task DisposeAsync() => Suite.DisposeAsync().AsTask();
    }
}
