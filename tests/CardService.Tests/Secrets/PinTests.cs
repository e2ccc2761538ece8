using Antaca.CardService.Tests.Plastic;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;
using static Antaca.CardService.Tests.Authorisations.Requests;

namespace Antaca.CardService.Tests.Secrets;

public sealed class PinTests(Suite suite) : IClassFixture<Suite>
{
    private const string Pin = "7391";
    private const string Wrong = "7392";

    private static readonly (string?, string?, string?) _wrong = ("Declined", "1017", "WRONG_PIN");
    private static readonly (string?, string?, string?) _exceeded = ("Declined", "1006", "PIN_TRIES_EXCEEDED");

    private readonly NpgsqlDataSource _cards = suite.Database("cards");
    private readonly NpgsqlDataSource _vault = suite.Database("datacore");

    [Theory]
    [InlineData("ISO-0")]
    [InlineData("ISO-4")]
    public async Task The_right_PIN_pays_and_the_third_wrong_one_stops_the_card_until_it_is_unlocked(string format)
    {
        var card = await NewCard();
        var terminal = await Terminal.New(suite, card.Bureau.Caller, format);

        Assert.Equal("Approved", Decision((await Pay(terminal, card, Pin)).Must(200)).Item1);
        Assert.Equal(_wrong, Decision((await Pay(terminal, card, Wrong)).Must(200)));
        Assert.Equal(_wrong, Decision((await Pay(terminal, card, Wrong)).Must(200)));
        Assert.Equal("""{"set":true,"triesLeft":1}""", (await card.Holder.Card(card.Id))["pin"].GetRawText());
        Assert.Equal(_exceeded, Decision((await Pay(terminal, card, Wrong)).Must(200)));

        var stopped = (await card.Holder.Card(card.Id)).Must(200);
        Assert.Equal("""{"set":true,"triesLeft":0}""", stopped["pin"].GetRawText());
        Assert.Equal((6, "System", false), (stopped["lock"].GetProperty("code").GetInt32(), stopped["lock"].GetProperty("source").GetString(), stopped["lock"].GetProperty("irreversible").GetBoolean()));
        Assert.Equal(_exceeded, Decision((await Pay(terminal, card, Pin)).Must(200)));

        (await card.Holder.Partner.Post($"/cards/{card.Id}/unlock")).Must(200);
        Assert.Equal("""{"set":true,"triesLeft":3}""", (await card.Holder.Card(card.Id))["pin"].GetRawText());
        Assert.Equal("Approved", Decision((await Pay(terminal, card, Pin)).Must(200)).Item1);
    }

    [Fact]
    public async Task A_right_PIN_gives_the_tries_back()
    {
        var card = await NewCard();
        var terminal = await Terminal.New(suite, card.Bureau.Caller, "ISO-4");

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(_wrong, Decision((await Pay(terminal, card, Wrong)).Must(200)));
            Assert.Equal(_wrong, Decision((await Pay(terminal, card, Wrong)).Must(200)));
            Assert.Equal("Approved", Decision((await Pay(terminal, card, Pin)).Must(200)).Item1);
        }
    }

    [Fact]
    public async Task However_many_guesses_come_at_once_three_are_looked_at()
    {
        const int guesses = 6;
        var card = await NewCard();
        var terminal = await Terminal.New(suite, card.Bureau.Caller, "ISO-0");

        var purchases = new List<Dictionary<string, object?>>();
        for (var i = 0; i < guesses; i++)
        {
            purchases.Add(await terminal.Purchase(card.Id, terminal.BlockOf(Wrong, card.Number)));
        }

        // Every guess has read the card in use with its three tries before the first of them takes one.
        var answers = await Races.AtOnce(
            _cards,
            $"select from cards where id = '{card.Id}' for update",
            guesses,
            [.. purchases.Select<Dictionary<string, object?>, Func<Task<Answer>>>(purchase => () => terminal.Pay(purchase))]);

        Assert.All(answers, answer => Assert.Contains(Decision(answer.Must(200)), new[] { _wrong, _exceeded }));
        Assert.Equal(3, await _vault.One<long>("select count(*) from vault_reference_uses where card_id = $1 and used_for = 'VerifyPin'", card.Id));
        Assert.Equal("Locked", await _cards.StatusOfCard(card.Id));
    }

    [Fact]
    public async Task The_same_transaction_again_hears_the_same_and_costs_no_try()
    {
        var card = await NewCard();
        var terminal = await Terminal.New(suite, card.Bureau.Caller, "ISO-4");
        var transaction = Guid.CreateVersion7().ToString();

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(_wrong, Decision((await Pay(terminal, card, Wrong, transaction)).Must(200)));
        }

        Assert.Equal("""{"set":true,"triesLeft":2}""", (await card.Holder.Card(card.Id))["pin"].GetRawText());
    }

    [Fact]
    public async Task A_block_that_bears_no_PIN_of_this_card_costs_no_try()
    {
        var card = await NewCard();
        var terminal = await Terminal.New(suite, card.Bureau.Caller, "ISO-4");
        var anothers = await Terminal.New(suite, (await Bureau.New(suite)).Caller, "ISO-4");
        var unreadable = ("Declined", "1000", "PIN_BLOCK_INVALID");

        // Another card's number in it, a changed bit, another key, and a key of another processor's.
        var block = terminal.BlockOf(Pin, card.Number);
        block[3] ^= 1;
        Assert.Equal(unreadable, Decision((await terminal.Pay(card.Id, block)).Must(200)));
        Assert.Equal(unreadable, Decision((await terminal.Pay(card.Id, terminal.BlockOf(Pin, "5105105105105100"))).Must(200)));
        Assert.Equal(unreadable, Decision((await terminal.Pay(card.Id, anothers.BlockOf(Pin, card.Number))).Must(200)));
        Assert.Equal(unreadable, Decision((await new Terminal(suite, card.Bureau.Caller, "ISO-4", anothers.KeyId, new byte[32]).Pay(card.Id, card.Number, Pin)).Must(200)));

        Assert.Equal("""{"set":true,"triesLeft":3}""", (await card.Holder.Card(card.Id))["pin"].GetRawText());
    }

    [Fact]
    public async Task A_PIN_that_was_never_set_is_never_right()
    {
        var card = await NewCard(pin: null);
        var terminal = await Terminal.New(suite, card.Bureau.Caller, "ISO-0");

        Assert.Equal(("Declined", "1000", "PIN_NOT_SET"), Decision((await Pay(terminal, card, "0000")).Must(200)));
        Assert.Equal("""{"set":false,"triesLeft":0}""", (await card.Holder.Card(card.Id))["pin"].GetRawText());
        Assert.Equal("Active", await _cards.StatusOfCard(card.Id));
    }

    [Fact]
    public async Task A_new_PIN_takes_the_place_of_the_old_and_lifts_no_lock()
    {
        var card = await NewCard();
        var terminal = await Terminal.New(suite, card.Bureau.Caller, "ISO-0");
        await Pay(terminal, card, Wrong);

        (await SetPin(card, "8264")).Must(200);
        Assert.Equal("""{"set":true,"triesLeft":3}""", (await card.Holder.Card(card.Id))["pin"].GetRawText());
        Assert.Equal(_wrong, Decision((await Pay(terminal, card, Pin)).Must(200)));
        Assert.Equal("Approved", Decision((await Pay(terminal, card, "8264")).Must(200)).Item1);

        (await card.Holder.Partner.Post($"/cards/{card.Id}/lock", new { code = 7 })).Must(200);
        (await SetPin(card, Pin)).Must(200);
        Assert.Equal("Locked", await _cards.StatusOfCard(card.Id));
        Assert.Equal(("Declined", "1002", "SUSPECTED_FRAUD"), Decision((await Pay(terminal, card, Pin)).Must(200)));
    }

    [Theory]
    [InlineData("0000", "PIN_TOO_SIMPLE")]
    [InlineData("1234", "PIN_TOO_SIMPLE")]
    [InlineData("4321", "PIN_TOO_SIMPLE")]
    public async Task A_PIN_that_is_guessed_first_is_refused(string pin, string code)
    {
        var card = await NewCard(pin: null);

        (await SetPin(card, pin)).MustRefuse(422, code);

        Assert.Equal("""{"set":false,"triesLeft":0}""", (await card.Holder.Card(card.Id))["pin"].GetRawText());
    }

    [Fact]
    public async Task An_app_sets_a_PIN_with_an_approval_for_that_and_that_card_alone()
    {
        var card = await NewCard(pin: null);
        var app = card.Holder.User.App;
        var api = suite.As(app, "cardservice");

        (await SetPin(api, app, card, Pin, approval: null)).MustRefuse(403, "APPROVAL_REQUIRED");
        (await SetPin(api, app, card, Pin, await suite.Approve(app, card.Id, "card.reveal"))).MustRefuse(403, "APPROVAL_REQUIRED");
        (await SetPin(api, app, card, Pin, await suite.Approve(app, Guid.CreateVersion7(), "card.pin"))).MustRefuse(403, "APPROVAL_REQUIRED");
        var approval = await suite.Approve(app, card.Id, "card.pin");
        (await SetPin(api, app, card, Pin, approval)).Must(200);
        (await SetPin(api, app, card, "8264", approval)).MustRefuse(403, "APPROVAL_REQUIRED");

        var terminal = await Terminal.New(suite, card.Bureau.Caller, "ISO-0");
        Assert.Equal("Approved", Decision((await Pay(terminal, card, Pin)).Must(200)).Item1);
    }

    [Fact]
    public async Task A_virtual_card_has_no_PIN_and_a_removed_one_gets_none()
    {
        var card = await NewCard(pin: null);
        var virtualCard = await card.Holder.NewCard();

        (await SetPin(card with { Id = virtualCard }, Pin)).MustRefuse(409, "CARD_HAS_NO_PIN");
        await card.Holder.Partner.Delete($"/cards/{card.Id}");
        (await SetPin(card, Pin)).MustRefuse(409, "CARD_NOT_ACTIVE");
    }

    [Fact]
    public async Task Nobody_elses_card_gets_a_PIN_and_operators_set_none()
    {
        var card = await NewCard(pin: null);
        var other = await card.Bureau.NewHolder();

        foreach (var somebody in new[] { other.User.Caller, other.User.App, card.Holder.User.Caller with { PartnerId = Guid.CreateVersion7() } })
        {
            (await SetPin(suite.As(somebody, "cardservice"), somebody, card, Pin)).MustRefuse(404, "CARD_NOT_FOUND");
        }
        var @operator = card.Holder.User.Operator(Role.Admin);
        Assert.Equal(403, (await SetPin(suite.As(@operator, "cardservice"), @operator, card, Pin)).Status);
        Assert.Equal("""{"set":false,"triesLeft":0}""", (await card.Holder.Card(card.Id))["pin"].GetRawText());
    }

    [Fact]
    public async Task The_vault_keeps_a_PVV_and_no_PIN_and_a_key_checks_as_both_sides_have_it()
    {
        var card = await NewCard();
        var terminal = await Terminal.New(suite, card.Bureau.Caller, "ISO-0");

        Assert.Matches("^[0-9]{4}$", await _vault.One<string>("select pvv from vault_cards where card_id = $1", card.Id));
        Assert.Equal(0, await _vault.One<long>("select count(*) from vault_cards where card_id = $1 and pvv = $2", card.Id, Pin));
        var keys = (await suite.As(TestUsers.Operator(Role.Admin), "datacore").Get($"/processors/{card.Bureau.Caller.Processor}/pin-keys")).Must(200)["items"];
        var listed = Assert.Single(keys.EnumerateArray(), key => key.GetProperty("keyId").GetGuid() == terminal.KeyId);
        Assert.Equal(terminal.TripleDesCheckValue, listed.GetProperty("checkValue").GetString());
        Assert.DoesNotContain(listed.EnumerateObject(), field => field.Name == "wrappedKey");
    }

    [Fact]
    public async Task A_PIN_that_was_set_before_its_plastic_is_made_is_in_the_record_as_its_PVV()
    {
        var bureau = await Bureau.New(suite, digitalFirst: true);
        var holder = await bureau.NewHolder();
        var card = await holder.NewCard();
        var order = (await holder.Print(card)).Must(202)["orderId"].GetGuid();
        Assert.DoesNotContain("pvv", (await bureau.Secrets((await bureau.Record(order)).Must(200))).Keys);

        (await SetPin(new PlasticCard(bureau, holder, card, ""), Pin)).Must(200);

        var pvv = (await bureau.Secrets((await bureau.Record(order)).Must(200)))["pvv"];
        Assert.Equal(await _vault.One<string>("select pvv from vault_cards where card_id = $1", card), pvv);
    }

    [Fact]
    public async Task The_vault_being_away_costs_no_try()
    {
        var card = await NewCard();
        var terminal = await Terminal.New(suite, card.Bureau.Caller, "ISO-4");
        var block = terminal.BlockOf(Wrong, card.Number);
        var reference = await suite.Refer(card.Bureau.Caller, "pinBlock", Convert.ToHexString(block));
        var request = Purchase(card.Id);
        request["pinBlock"] = new { format = "ISO-4", block = reference, keyId = terminal.KeyId };
        // The programme is known before: only the PIN needs the vault.
        Assert.Equal("Approved", Decision((await Pay(terminal, card, Pin)).Must(200)).Item1);

        await suite.Stop("datacore");
        var refused = await suite.As(card.Bureau.Caller, "cardservice").Post("/authorizations", request);
        await suite.Start("datacore");

        Assert.InRange(refused.Status, 500, 504);
        await Eventually.Holds(async () => (await Pay(terminal, card, Pin)).Status == 200, "the vault to be back");
        Assert.Equal("""{"set":true,"triesLeft":3}""", (await card.Holder.Card(card.Id))["pin"].GetRawText());
    }

    private static Task<Answer> Pay(Terminal terminal, PlasticCard card, string pin, string? transactionId = null) => terminal.Pay(card.Id, card.Number, pin, transactionId);

    private Task<Answer> SetPin(PlasticCard card, string pin) => SetPin(card.Holder.Partner, card.Holder.User.Caller, card, pin);

    private async Task<Answer> SetPin(Api api, Caller caller, PlasticCard card, string pin, string? approval = null)
    {
        using var content = System.Net.Http.Json.JsonContent.Create(new { pin = await suite.Refer(caller, "pin", pin) });
        return await api.Send(HttpMethod.Post, $"/cards/{card.Id}/pin", content, headers: approval is null ? [] : [("Approval", approval)]);
    }

    private async Task<PlasticCard> NewCard(string? pin = Pin)
    {
        var card = await PlasticCard.New(suite);
        if (pin is not null)
        {
            (await SetPin(card, pin)).Must(200);
        }
        return card;
    }
}
