using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Plastic;

public sealed class PrintCardTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task A_printed_card_is_Digital_First_and_in_use_all_the_while()
    {
        var (bureau, holder, cardId) = await VirtualCard();

        var order = (await holder.Print(cardId)).Must(202);

        Assert.Equal(["orderId", "cardId", "status"], order.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal((cardId, "Ordered"), (order["cardId"].GetGuid(), order["status"].GetString()));
        await Shown(holder, cardId, "DigitalFirst", "Active");
        (await bureau.Sent(order["orderId"].GetGuid())).Must(200);
        (await bureau.Confirm(order["orderId"].GetGuid())).Must(200);
        Assert.Equal("Personalised", (await holder.GetOrder(order["orderId"].GetGuid())).Must(200)["status"].GetString());
        await Heard(bureau, "card.personalised");
        await Shown(holder, cardId, "DigitalFirst", "Active");
    }

    [Fact]
    public async Task Its_plastic_bears_no_data_and_its_chip_does()
    {
        var (bureau, holder, cardId) = await VirtualCard();
        var orderId = (await holder.Print(cardId)).Must(202)["orderId"].GetGuid();

        var record = (await bureau.Record(orderId)).Must(200);
        var secrets = await bureau.Secrets(record);

        Assert.Equal(("DigitalFirst", false), (record["kind"].GetString(), record["printed"].GetBoolean()));
        Assert.Equal(["cardNo", "cvv1", "icvv"], secrets.Keys);
        Assert.Equal((JsonValueKind.Null, 0), (record["cvv2"].ValueKind, record["embossLines"].GetArrayLength()));
        Assert.Equal(JsonSerializer.Serialize(Bureau.Address), JsonSerializer.Serialize(record["deliveryAddress"]));
        var (cardNo, _) = await suite.Open(holder.User.Caller, (await holder.Partner.Get($"/cards/{cardId}")).Must(200));
        Assert.Equal(cardNo, secrets["cardNo"]);
    }

    [Fact]
    public async Task The_app_and_every_operator_may_print()
    {
        var (_, holder, _) = await VirtualCard();
        foreach (var caller in new[] { holder.User.App, TestUsers.Operator(Role.Employee), TestUsers.Operator(Role.Manager), TestUsers.Operator(Role.Admin) })
        {
            var cardId = await holder.NewCard();
            (await suite.As(caller, "cardservice").Post($"/cards/{cardId}/print", Body)).Must(202);
            await Shown(holder, cardId, "DigitalFirst", "Active");
        }
    }

    [Fact]
    public async Task A_programme_that_is_not_Digital_First_prints_nothing()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var cardId = await holder.NewCard();

        (await holder.Print(cardId)).MustRefuse(409, "DIGITAL_FIRST_DISABLED");

        await Shown(holder, cardId, "Virtual", "Active");
        Assert.Equal(0, await _cards.One<long>("select count(*) from orders where card_id = $1", cardId));
    }

    [Fact]
    public async Task Only_an_active_virtual_card_is_printed()
    {
        var (bureau, holder, printed) = await VirtualCard();
        (await holder.Print(printed)).Must(202);
        (await holder.Print(printed)).MustRefuse(409, "CARD_NOT_PRINTABLE");

        var locked = await holder.NewCard();
        (await holder.Partner.Post($"/cards/{locked}/lock", new { code = 7 })).Must(200);
        (await holder.Print(locked)).MustRefuse(409, "CARD_NOT_PRINTABLE");

        var (orderId, physical) = await holder.Ordered();
        (await holder.Print(physical)).MustRefuse(404, "CARD_NOT_FOUND");
        (await suite.As(TestUsers.Operator(Role.Admin), "cardservice").Post($"/cards/{physical}/print", Body)).MustRefuse(409, "CARD_NOT_PRINTABLE");
        (await bureau.Confirm(orderId)).Must(200);
        await holder.Seen(physical);
        (await holder.Print(physical)).MustRefuse(409, "CARD_NOT_PRINTABLE");

        var expired = await holder.NewCard();
        await _cards.Execute("update cards set exp = '2020-01-31' where id = $1", expired);
        (await holder.Print(expired)).MustRefuse(409, "CARD_NOT_PRINTABLE");
    }

    [Fact]
    public async Task A_locked_users_card_is_not_printed()
    {
        var (_, holder, cardId) = await VirtualCard();
        await suite.Database("datacore").Execute("update users set status = 'Locked' where id = $1", holder.User.UserId);

        (await holder.Print(cardId)).MustRefuse(409, "USER_LOCKED");
    }

    [Fact]
    public async Task Anothers_card_is_not_there()
    {
        var (bureau, holder, cardId) = await VirtualCard();
        var (stranger, _) = await suite.NewPartner();

        (await (await bureau.NewHolder()).Print(cardId)).MustRefuse(404, "CARD_NOT_FOUND");
        (await suite.As(holder.User.Caller with { PartnerId = stranger }, "cardservice").Post($"/cards/{cardId}/print", Body)).MustRefuse(404, "CARD_NOT_FOUND");
        await Shown(holder, cardId, "Virtual", "Active");
    }

    [Fact]
    public async Task The_same_key_hears_of_the_same_order()
    {
        var (_, holder, cardId) = await VirtualCard();

        var first = (await holder.Print(cardId, "key")).Must(202);
        var again = (await holder.Print(cardId, "key")).Must(202);

        Assert.Equal((first.Text, "true"), (again.Text, again.Header("Idempotent-Replayed")));
        Assert.Equal(1, await _cards.One<long>("select count(*) from orders where card_id = $1", cardId));
    }

    [Fact]
    public async Task Printed_twice_at_once_one_wins()
    {
        var (bureau, holder, cardId) = await VirtualCard();

        var answers = await Races.AtOnce(
            _cards, $"select from cards where id = '{cardId}' for update", waiters: 3, () => holder.Print(cardId), () => holder.Print(cardId), () => holder.Print(cardId));

        Assert.Single(answers, answer => answer.Status == 202);
        Assert.All(answers.Where(answer => answer.Status != 202), answer => answer.MustRefuse(409, "CARD_NOT_PRINTABLE"));
        Assert.Single(await bureau.All("Ordered"));
    }

    [Fact]
    public async Task A_lock_and_a_print_at_once_leave_a_card_that_both_have_seen()
    {
        for (var round = 0; round < 4; round++)
        {
            var (_, holder, cardId) = await VirtualCard();

            var answers = await Races.AtOnce(
                _cards,
                $"select from cards where id = '{cardId}' for update",
                waiters: 2,
                () => holder.Print(cardId),
                () => holder.Partner.Post($"/cards/{cardId}/lock", new { code = 1 }));

            answers[1].Must(200);
            var printed = answers[0].Status == 202;
            Assert.True(printed || answers[0].Code == "CARD_NOT_PRINTABLE", answers[0].Text);
            await Shown(holder, cardId, printed ? "DigitalFirst" : "Virtual", "Locked");
            Assert.Equal(printed ? 1 : 0, await _cards.One<long>("select count(*) from orders where card_id = $1", cardId));
        }
    }

    [Fact]
    public async Task A_card_removed_while_its_print_waits_is_not_printed()
    {
        var (_, holder, cardId) = await VirtualCard();
        await using var removing = await Races.Hold(_cards, $"select from cards where id = '{cardId}' for update");
        var print = holder.Print(cardId);
        await removing.Waiters(1);

        await removing.Commit($"update cards set status = 'Removed' where id = '{cardId}'");

        (await print).MustRefuse(409, "CARD_NOT_PRINTABLE");
        Assert.Equal("Removed", await _cards.StatusOfCard(cardId));
        Assert.Equal(0, await _cards.One<long>("select count(*) from orders where card_id = $1", cardId));
    }

    [Fact]
    public async Task A_card_whose_plastic_failed_is_virtual_and_in_use_and_can_be_printed_again()
    {
        var (bureau, holder, cardId) = await VirtualCard();
        var first = (await holder.Print(cardId)).Must(202)["orderId"].GetGuid();

        (await bureau.Fail(first)).Must(200);

        await Shown(holder, cardId, "Virtual", "Active");
        var second = (await holder.Print(cardId)).Must(202)["orderId"].GetGuid();
        (await bureau.Fail(first)).Must(200);
        await Shown(holder, cardId, "DigitalFirst", "Active");
        (await bureau.Confirm(second)).Must(200);
        await Heard(bureau, "card.personalised");
        await Shown(holder, cardId, "DigitalFirst", "Active");
    }

    [Theory]
    [InlineData("{}", "deliveryAddress")]
    [InlineData("""{"deliveryAddress":null}""", "deliveryAddress")]
    [InlineData("""{"deliveryAddress":{"street":"5105105105105100","city":"Warszawa","postalCode":"00-001","country":"PL"}}""", "deliveryAddress.street")]
    public async Task A_print_needs_an_address_without_a_card_number(string body, string field)
    {
        var (_, holder, cardId) = await VirtualCard();

        var refused = (await holder.Partner.PostText($"/cards/{cardId}/print", body)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    private static object Body => new { deliveryAddress = Bureau.Address };

    private async Task<(Bureau Bureau, Holder Holder, Guid CardId)> VirtualCard()
    {
        var bureau = await Bureau.New(suite, digitalFirst: true);
        var holder = await bureau.NewHolder();
        return (bureau, holder, await holder.NewCard());
    }

    private static async Task Shown(Holder holder, Guid cardId, string type, string status)
    {
        var card = (await holder.Card(cardId)).Must(200);
        Assert.Equal((type, status), (card["type"].GetString(), card["status"].GetString()));
    }

    private Task Heard(Bureau bureau, string type) => Eventually.Holds(
        async () => (await suite.EventsOf(bureau.PartnerId)).Exists(happened => happened.GetProperty("type").GetString() == type), type);
}
