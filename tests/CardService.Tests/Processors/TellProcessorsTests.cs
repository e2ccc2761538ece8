using Antaca.CardService.Tests.Plastic;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Processors;

/// <summary>A suite with an outside processor of the name acme.</summary>
public sealed class SuiteWithProcessor : Suite
{
    public const string Name = "acme";

    public ProcessorServer Acme { get; private set; } = null!;

    internal async Task<Holder> NewHolder()
    {
        var (partner, program) = await this.NewPartner(processor: Name);
        return await new Bureau(this, partner, program, Name).NewHolder();
    }

    protected override async Task Given()
    {
        Acme = await ProcessorServer.Start(Certificates.EdgeCertificate, Certificates.EdgeKey, Certificates.InternalAuthority);
        await Stop("cardservice");
        Settings["cardservice"] =
        [
            $"--Processors:Addresses:{Name}={Acme.Address}",
            $"--Processors:Certificate={Certificates.CertificateOf("cardservice")}",
            $"--Processors:Key={Certificates.KeyOf("cardservice")}",
            $"--Processors:Authority={Certificates.EdgeAuthority}",
        ];
        await Start("cardservice");
    }
}

public sealed class TellProcessorsTests(SuiteWithProcessor suite) : IClassFixture<SuiteWithProcessor>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task A_processor_hears_of_its_cards_in_their_order_and_of_no_others()
    {
        var holder = await suite.NewHolder();
        var stranger = await (await Bureau.New(suite)).NewHolder();
        var others = await stranger.NewCard();
        var cardId = await holder.NewCard();
        await Heard(cardId, 1);
        (await holder.Partner.Post($"/cards/{cardId}/lock", new { code = 7 })).Must(200);
        await Heard(cardId, 2);
        (await holder.Partner.Post($"/cards/{cardId}/unlock")).Must(200);
        await Heard(cardId, 3);
        (await holder.Partner.Post($"/cards/{cardId}/lock", new { code = 2 })).Must(200);

        var heard = await Heard(cardId, 4);

        Assert.Equal(["Created", "Locked", "Unlocked", "Locked"], heard.Select(told => told.Event));
        Assert.Equal(4, heard.Select(told => told.Key).Distinct().Count());
        Assert.All(heard, told => Assert.Equal("cardservice", told.Client));
        var created = heard[0].Body;
        Assert.Equal(["event", "cardId", "programId", "type", "maskedCardNo", "exp", "lockCode", "occurredAt"], created.EnumerateObject().Select(field => field.Name));
        Assert.Equal((holder.User.ProgramId, "Virtual"), (created.GetProperty("programId").GetGuid(), created.GetProperty("type").GetString()));
        Assert.Equal(await _cards.One<string>("select masked_card_no from cards where id = $1", cardId), created.GetProperty("maskedCardNo").GetString());
        Assert.Equal([7, 2], heard.Where(told => told.Event == "Locked").Select(told => told.Body.GetProperty("lockCode").GetInt32()));
        Assert.DoesNotContain(suite.Acme.Heard, told => told.CardId == others);
        Assert.Equal(0, await _cards.One<long>("select count(*) from processor_messages where card_id = $1 or card_id = $2", cardId, others));
    }

    [Fact]
    public async Task What_is_not_taken_is_told_again_under_its_key_and_holds_up_its_own_card_alone()
    {
        var holder = await suite.NewHolder();
        var (cardId, next) = (await holder.NewCard(), await holder.NewCard());
        await Heard(cardId, 1);
        await Heard(next, 1);
        var taking = false;
        suite.Acme.Answer = told => told.CardId == cardId && !Volatile.Read(ref taking) ? 503 : 204;
        (await holder.Partner.Post($"/cards/{cardId}/lock", new { code = 7 })).Must(200);
        await Heard(cardId, 2);
        (await holder.Partner.Post($"/cards/{cardId}/unlock")).Must(200);
        (await holder.Partner.Post($"/cards/{next}/lock", new { code = 7 })).Must(200);
        await Heard(next, 2);
        await Eventually.Holds(async () => await _cards.One<long>("select count(*) from processor_messages where card_id = $1", cardId) == 2, "the unlock to wait behind the lock");
        Assert.DoesNotContain(suite.Acme.Heard, told => told.CardId == cardId && told.Event == "Unlocked");

        Volatile.Write(ref taking, true);
        suite.Clock.Advance(TimeSpan.FromHours(1));

        await Eventually.Holds(() => Task.FromResult(suite.Acme.Heard.Any(told => told.CardId == cardId && told.Event == "Unlocked")), "the unlock to be heard");
        var heard = suite.Acme.Heard.Where(told => told.CardId == cardId).ToArray();
        Assert.Equal(["Created", "Locked", "Unlocked"], heard.Select(told => told.Event).Distinct());
        Assert.True(heard.Count(told => told.Event == "Locked") > 1);
        Assert.Single(heard.Where(told => told.Event == "Locked").Select(told => told.Key).Distinct());
        Assert.Single(heard, told => told.Event == "Unlocked");
    }

    [Fact]
    public async Task Each_try_waits_twice_as_long_as_the_one_before()
    {
        var holder = await suite.NewHolder();
        var cardId = await holder.NewCard();
        await Heard(cardId, 1);
        suite.Acme.Answer = told => told.CardId == cardId ? 500 : 204;
        var before = suite.Clock.GetUtcNow();
        (await holder.Partner.Post($"/cards/{cardId}/lock", new { code = 7 })).Must(200);

        for (var tries = 1; tries <= 4; tries++)
        {
            await Eventually.Holds(async () => await _cards.One<long>("select count(*) from processor_messages where card_id = $1 and failures >= $2", cardId, tries) == 1, $"try {tries}");
            suite.Clock.Advance(TimeSpan.FromSeconds(2 << tries));
        }

        // After 2, 4, 8 and 16 seconds, however many more tries there have been.
        Assert.True(await _cards.One<DateTime>("select due_at from processor_messages where card_id = $1", cardId) >= before.UtcDateTime.AddSeconds(2 + 4 + 8 + 16));
    }

    [Fact]
    public async Task Plastic_that_could_not_be_made_is_created_and_removed()
    {
        var (partner, program) = await suite.NewPartner(processor: SuiteWithProcessor.Name);
        var bureau = new Bureau(suite, partner, program, SuiteWithProcessor.Name);
        var holder = await bureau.NewHolder();
        var (orderId, cardId) = await holder.Ordered();
        await Heard(cardId, 1);
        // The bureau's programmes are asked for again after a few seconds.
        suite.Clock.Advance(TimeSpan.FromSeconds(10));

        (await bureau.Fail(orderId)).Must(200);

        Assert.Equal(["Created", "Removed"], (await Heard(cardId, 2)).Select(told => told.Event));
    }

    [Fact]
    public async Task What_arrives_after_something_later_of_its_card_is_not_told()
    {
        var holder = await suite.NewHolder();
        var cardId = await holder.NewCard();
        await Heard(cardId, 1);
        await Eventually.Holds(async () => await _cards.One<long>("select count(*) from processor_cards where card_id = $1", cardId) == 1, "the creation to be noted as told");
        await _cards.Execute("update processor_cards set told_until = $2 where card_id = $1", cardId, suite.Clock.GetUtcNow().AddHours(1));
        var before = await Noted();

        (await holder.Partner.Post($"/cards/{cardId}/lock", new { code = 7 })).Must(200);

        await Eventually.Holds(async () => await Noted() > before, "the lock to be heard of");
        Assert.Equal(0, await _cards.One<long>("select count(*) from processor_messages where card_id = $1", cardId));
        Assert.Single(suite.Acme.Heard, told => told.CardId == cardId);
    }

    private Task<long> Noted() => _cards.One<long>("select count(*) from inbox where consumer = 'NoteForProcessor'");

    private Task<CardEvent[]> Heard(Guid cardId, int count) => Eventually.Get(
        () => Task.FromResult(suite.Acme.Heard.Where(told => told.CardId == cardId).ToArray() is var heard && heard.Length >= count ? heard : null),
        $"{count} events of the card");
}
