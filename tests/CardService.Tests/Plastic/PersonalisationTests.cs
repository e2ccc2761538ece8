using System.Text.Json;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Plastic;

public sealed class PersonalisationTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");
    private readonly NpgsqlDataSource _vault = suite.Database("datacore");

    [Fact]
    public async Task A_bureau_sees_the_orders_of_its_own_programmes_page_by_page_without_a_secret()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var other = await (await Bureau.New(suite)).NewHolder();
        await other.Ordered();
        var orders = new List<Guid>();
        for (var i = 0; i < 3; i++)
        {
            orders.Insert(0, (await holder.Ordered()).OrderId);
        }

        var first = (await bureau.List("?status=Ordered&limit=2")).Must(200);
        var second = (await bureau.List($"?limit=2&after={first["next"].GetString()}")).Must(200);

        Assert.Equal(orders, first["items"].EnumerateArray().Concat(second["items"].EnumerateArray()).Select(order => order.GetProperty("orderId").GetGuid()));
        Assert.Equal(JsonValueKind.Null, second["next"].ValueKind);
        Assert.Equal(
            ["orderId", "cardId", "programId", "kind", "printed", "status", "design", "reason", "orderedAt", "sentAt", "finishedAt"],
            first["items"][0].EnumerateObject().Select(field => field.Name));
        Assert.Empty((await bureau.List("?status=Sent")).Must(200)["items"].EnumerateArray());
    }

    [Theory]
    [InlineData("?status=Issuing")]
    [InlineData("?status=ordered")]
    [InlineData("?status=1")]
    [InlineData("?status=")]
    public async Task A_state_that_is_none_is_refused(string query) =>
        (await (await Bureau.New(suite)).List(query)).MustRefuse(422, "VALIDATION_FAILED");

    [Fact]
    public async Task Sent_and_confirmed_the_card_is_shown_to_its_user_on_its_balance()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (orderId, cardId) = await holder.Ordered();

        var sent = (await bureau.Sent(orderId)).Must(200);
        Assert.Equal("Sent", sent["status"].GetString());
        Assert.Equal("Ordered", await _cards.StatusOfCard(cardId));
        var confirmed = (await bureau.Confirm(orderId)).Must(200);

        Assert.Equal("Personalised", confirmed["status"].GetString());
        var seen = await holder.Seen(cardId);
        Assert.Equal(("Inactive", "Physical", holder.BalanceId, JsonValueKind.Null), (seen["status"].GetString(), seen["type"].GetString(), seen["balanceId"].GetGuid(), seen["activationDate"].ValueKind));
        Assert.Equal(cardId, Assert.Single((await holder.Partner.Get("/cards")).Must(200)["items"].EnumerateArray()).GetProperty("id").GetGuid());
        var balance = (await suite.As(holder.User.Caller, "balanceservice").Get($"/balances/{holder.BalanceId}")).Must(200);
        Assert.Equal(cardId, Assert.Single(balance["cards"].EnumerateArray()).GetProperty("id").GetGuid());
        var order = (await holder.GetOrder(orderId)).Must(200);
        Assert.Equal("Personalised", order["status"].GetString());
        Assert.Equal((sent["sentAt"].GetString(), confirmed["finishedAt"].GetString()), (order["sentAt"].GetString(), order["finishedAt"].GetString()));
    }

    [Fact]
    public async Task A_confirmation_without_a_sending_is_taken_as_both()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (orderId, cardId) = await holder.Ordered();

        var confirmed = (await bureau.Confirm(orderId)).Must(200);

        Assert.Equal(confirmed["finishedAt"].GetString(), confirmed["sentAt"].GetString());
        Assert.Equal("Inactive", (await holder.Seen(cardId))["status"].GetString());
    }

    [Fact]
    public async Task Whatever_is_said_again_or_late_answers_the_same_and_changes_nothing()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (made, madeCard) = await holder.Ordered();
        var (failed, failedCard) = await holder.Ordered();

        var sent = (await bureau.Sent(made)).Must(200);
        Assert.Equal(sent.Text, (await bureau.Sent(made)).Must(200).Text);
        var confirmed = (await bureau.Confirm(made)).Must(200);
        Assert.Equal(confirmed.Text, (await bureau.Confirm(made)).Must(200).Text);
        Assert.Equal(confirmed.Text, (await bureau.Sent(made)).Must(200).Text);
        (await bureau.Fail(made)).MustRefuse(409, "ORDER_STATE");
        var given = (await bureau.Fail(failed, "Chips ran out")).Must(200);
        Assert.Equal(given.Text, (await bureau.Fail(failed, "Another reason")).Must(200).Text);
        Assert.Equal(given.Text, (await bureau.Sent(failed)).Must(200).Text);
        (await bureau.Confirm(failed)).MustRefuse(409, "ORDER_STATE");

        await holder.Seen(madeCard);
        Assert.Equal("Removed", await _cards.StatusOfCard(failedCard));
        Assert.Equal(
            ["card.failed", "card.ordered", "card.ordered", "card.personalised"],
            (await Heard(bureau, 4)).Select(happened => happened.GetProperty("type").GetString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_failed_order_says_why_and_its_card_is_removed_unseen()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (orderId, cardId) = await holder.Ordered();

        (await bureau.Fail(orderId, "The address does not exist")).Must(200);

        var order = (await holder.GetOrder(orderId)).Must(200);
        Assert.Equal(("Failed", "The address does not exist"), (order["status"].GetString(), order["reason"].GetString()));
        Assert.Equal("Removed", await _cards.StatusOfCard(cardId));
        var failed = (await Heard(bureau, 2)).Single(happened => happened.GetProperty("type").GetString() == "card.failed").GetProperty("data");
        Assert.Equal((cardId, orderId, holder.User.UserId, "Physical"), (failed.GetProperty("cardId").GetGuid(), failed.GetProperty("orderId").GetGuid(), failed.GetProperty("customerId").GetGuid(), failed.GetProperty("kind").GetString()));
        Assert.DoesNotContain("address", failed.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Card 4111 1111 1111 1111 is bent")]
    [InlineData("two\nlines")]
    public async Task A_reason_that_is_none_or_has_a_number_is_refused(string reason)
    {
        var bureau = await Bureau.New(suite);
        var (orderId, _) = await (await bureau.NewHolder()).Ordered();

        var refused = (await bureau.Fail(orderId, reason)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.DoesNotContain("4111", refused.Text, StringComparison.Ordinal);
        Assert.Equal("Ordered", await _cards.StatusOfOrder(orderId));
    }

    [Fact]
    public async Task Another_bureau_can_neither_see_nor_say_anything_of_an_order()
    {
        var bureau = await Bureau.New(suite);
        var (orderId, _) = await (await bureau.NewHolder()).Ordered();
        var other = await Bureau.New(suite);

        (await other.Sent(orderId)).MustRefuse(404, "ORDER_NOT_FOUND");
        (await other.Confirm(orderId)).MustRefuse(404, "ORDER_NOT_FOUND");
        (await other.Fail(orderId)).MustRefuse(404, "ORDER_NOT_FOUND");
        (await other.Record(orderId)).MustRefuse(404, "ORDER_NOT_FOUND");
        Assert.Empty(await other.All("Ordered"));

        Assert.Equal("Ordered", await _cards.StatusOfOrder(orderId));
        Assert.Equal(orderId, Assert.Single(await bureau.All("Ordered")).GetProperty("orderId").GetGuid());
    }

    [Fact]
    public async Task No_other_channel_is_a_bureau()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (orderId, _) = await holder.Ordered();

        foreach (var caller in new[] { holder.User.Caller, holder.User.App, holder.User.Operator(ServiceDefaults.Role.Admin) })
        {
            var service = suite.As(caller, "cardservice");
            Assert.Equal(403, (await service.Get("/personalisations")).Status);
            Assert.Equal(403, (await service.Get($"/personalisations/{orderId}/file")).Status);
            Assert.Equal(403, (await service.Post($"/personalisations/{orderId}/confirm")).Status);
            Assert.Equal(403, (await service.Post("/stock", new { programId = bureau.ProgramId, cards = 1 })).Status);
        }
    }

    [Fact]
    public async Task A_confirmation_and_a_failure_at_once_have_one_end()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        for (var round = 0; round < 4; round++)
        {
            var (orderId, cardId) = await holder.Ordered();

            var answers = await Races.AtOnce(_cards, PlasticRows.OfOrder(orderId), waiters: 4, () => bureau.Confirm(orderId), () => bureau.Fail(orderId), () => bureau.Confirm(orderId), () => bureau.Fail(orderId));

            var end = await _cards.StatusOfOrder(orderId);
            Assert.Contains(end, new[] { "Personalised", "Failed" });
            Assert.Equal(2, answers.Count(answer => answer.Status == 200));
            Assert.All(answers, answer => Assert.True(answer.Status == 200 ? answer["status"].GetString() == end : answer.Code == "ORDER_STATE", answer.Text));
            var card = await Eventually.Get(async () => await _cards.StatusOfCard(cardId) is { } status and not "Ordered" ? status : null, "the card to follow");
            Assert.Equal(end == "Personalised" ? "Inactive" : "Removed", card);
        }
        var heard = await Heard(bureau, 8);
        Assert.Equal(4, heard.Count(happened => happened.GetProperty("type").GetString() is "card.personalised" or "card.failed"));
    }

    [Fact]
    public async Task A_card_that_was_removed_in_production_stays_so()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (orderId, cardId) = await holder.Ordered();
        var (next, nextCard) = await holder.Ordered();
        await _cards.Execute("update cards set status = 'Removed' where id = $1", cardId);

        (await bureau.Record(orderId)).MustRefuse(409, "CARD_REMOVED");
        (await bureau.Confirm(orderId)).Must(200);
        (await bureau.Confirm(next)).Must(200);

        // What comes after it in the same queue has been: so has it.
        await holder.Seen(nextCard);
        await Heard(bureau, 4);
        Assert.Equal("Removed", await _cards.StatusOfCard(cardId));
    }

    [Fact]
    public async Task A_record_has_all_that_the_plastic_bears()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var order = (await holder.Order(design: "blue-2026")).Must(202);
        var (orderId, cardId) = (order["orderId"].GetGuid(), order["cardId"].GetGuid());

        var record = (await bureau.Record(orderId)).Must(200);
        var secrets = await bureau.Secrets(record);

        Assert.Equal(
            ["orderId", "cardId", "programId", "kind", "printed", "design", "cardNo", "expiry", "serviceCode", "cvv1", "icvv", "cvv2", "pvv", "cardholderName", "embossLines", "deliveryAddress"],
            record.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal(["cardNo", "cvv1", "icvv", "cvv2"], secrets.Keys);
        var exp = await _cards.One<DateOnly>("select exp from cards where id = $1", cardId);
        Assert.Equal((orderId, cardId, bureau.ProgramId), (record["orderId"].GetGuid(), record["cardId"].GetGuid(), record["programId"].GetGuid()));
        Assert.Equal(("Physical", true, "blue-2026", "201"), (record["kind"].GetString(), record["printed"].GetBoolean(), record["design"].GetString(), record["serviceCode"].GetString()));
        Assert.Equal($"{exp:yyMM}", record["expiry"].GetString());
        Assert.Equal("ANNA O'NEILL-ROY", record["cardholderName"].GetString());
        Assert.Equal([$"{exp:MM}/{exp:yy}", "ANNA O'NEILL-ROY"], record["embossLines"].EnumerateArray().Select(line => line.GetString()));
        Assert.Equal(JsonSerializer.Serialize(Bureau.Address), JsonSerializer.Serialize(record["deliveryAddress"]));
        Assert.Equal(JsonValueKind.Null, record["pvv"].ValueKind);
        var masked = await _cards.One<string>("select masked_card_no from cards where id = $1", cardId);
        Assert.Equal(masked, $"{secrets["cardNo"][..6]}******{secrets["cardNo"][^4..]}");
        Assert.All(new[] { "cvv1", "icvv", "cvv2" }, field => Assert.Matches("^[0-9]{3}$", secrets[field]));
    }

    [Fact]
    public async Task The_values_of_a_record_are_those_that_the_card_is_known_by()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (orderId, cardId) = await holder.Ordered();
        var secrets = await bureau.Secrets((await bureau.Record(orderId)).Must(200));
        (await bureau.Confirm(orderId)).Must(200);
        await holder.Seen(cardId);

        var (cardNo, cvv) = await suite.Open(holder.User.Caller, (await holder.Partner.Get($"/cards/{cardId}")).Must(200));

        Assert.Equal((cardNo, cvv), (secrets["cardNo"], secrets["cvv2"]));
    }

    [Fact]
    public async Task A_record_opens_once_to_its_bureau_alone_and_its_look_is_on_record()
    {
        var bureau = await Bureau.New(suite);
        var (orderId, cardId) = await (await bureau.NewHolder()).Ordered();
        var other = await Bureau.New(suite);

        var record = (await bureau.Record(orderId)).Must(200);
        await Assert.ThrowsAsync<InvalidOperationException>(() => other.Secrets(record));
        var entries = await _vault.Audited(() => bureau.Secrets(record));
        await Assert.ThrowsAsync<InvalidOperationException>(() => bureau.Secrets(record));

        Assert.Equal($"Processor {bureau.Caller.Actor} RevealCard card:{cardId}  {bureau.PartnerId}", Assert.Single(entries).Line());
    }

    [Fact]
    public async Task There_is_no_record_of_an_order_that_is_over_and_neither_name_nor_address_is_kept()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (made, _) = await holder.Ordered();
        var (failed, _) = await holder.Ordered();
        (await bureau.Sent(made)).Must(200);
        (await bureau.Record(made)).Must(200);

        (await bureau.Confirm(made)).Must(200);
        (await bureau.Fail(failed)).Must(200);

        (await bureau.Record(made)).MustRefuse(409, "ORDER_STATE");
        (await bureau.Record(failed)).MustRefuse(409, "ORDER_STATE");
        Assert.Equal(0, await _cards.One<long>("select count(*) from orders where program_id = $1 and (emboss_name is not null or street is not null or city is not null or postal_code is not null)", bureau.ProgramId));
    }

    [Fact]
    public async Task What_a_bureau_says_is_on_record()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (orderId, _) = await holder.Ordered();

        var entries = await _cards.Audited(async () =>
        {
            (await bureau.Sent(orderId)).Must(200);
            (await bureau.Confirm(orderId)).Must(200);
        });

        Assert.Equal(
            new[] { "MarkOrderSent", "ConfirmPersonalisation" }.Select(action => $"Processor {bureau.Caller.Actor} {action} order:{orderId} {holder.User.UserId} {bureau.PartnerId}"),
            entries.Select(entry => entry.Line()));
    }

    private Task<List<JsonElement>> Heard(Bureau bureau, int count) => Eventually.Get(
        async () =>
        {
            var owed = await _cards.One<long>("select count(*) from outbox");
            var events = (await suite.EventsOf(bureau.PartnerId)).Where(happened => happened.GetProperty("type").GetString()!.StartsWith("card.", StringComparison.Ordinal)).ToList();
            return owed == 0 && events.Count >= count ? events : null;
        },
        $"{count} events");
}
