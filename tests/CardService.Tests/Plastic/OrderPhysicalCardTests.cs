using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Plastic;

public sealed class OrderPhysicalCardTests(Suite suite) : IClassFixture<Suite>
{
    private static readonly TimeSpan _claim = TimeSpan.FromSeconds(15);

    private readonly NpgsqlDataSource _cards = suite.Database("cards");
    private readonly NpgsqlDataSource _vault = suite.Database("datacore");

    [Fact]
    public async Task An_order_is_taken_and_its_card_has_a_number()
    {
        var holder = await (await Bureau.New(suite)).NewHolder();

        var order = (await holder.Order()).Must(202);

        Assert.Equal(["orderId", "cardId", "status"], order.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal("Ordered", order["status"].GetString());
        var cardId = order["cardId"].GetGuid();
        Assert.Equal("Ordered", await _cards.StatusOfCard(cardId));
        Assert.Equal("Physical", await _cards.One<string>("select type from cards where id = $1", cardId));
        Assert.Equal("ANNA O'NEILL-ROY", await _cards.One<string>("select cardholder_name from cards where id = $1", cardId));
        Assert.Equal(
            await _vault.One<string>("select masked_pan from vault_cards where card_id = $1", cardId),
            await _cards.One<string>("select masked_card_no from cards where id = $1", cardId));
        var shown = (await holder.GetOrder(order["orderId"].GetGuid())).Must(200);
        Assert.Equal(["orderId", "cardId", "status", "reason", "orderedAt", "sentAt", "finishedAt"], shown.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("Ordered", JsonValueKind.Null, JsonValueKind.Null), (shown["status"].GetString(), shown["sentAt"].ValueKind, shown["finishedAt"].ValueKind));
    }

    [Fact]
    public async Task A_card_in_production_is_hidden_from_its_user_and_counts_as_one_of_theirs()
    {
        var holder = await (await Bureau.New(suite)).NewHolder();
        var (_, cardId) = await holder.Ordered();

        foreach (var caller in new[] { holder.User.Caller, holder.User.App })
        {
            var service = suite.As(caller, "cardservice");
            (await service.Get($"/cards/{cardId}/summary")).MustRefuse(404, "CARD_NOT_FOUND");
            (await service.Get($"/cards/{cardId}")).MustRefuse(404, "CARD_NOT_FOUND");
            (await service.Post($"/cards/{cardId}/lock", new { code = 1 })).MustRefuse(404, "CARD_NOT_FOUND");
            Assert.Empty((await service.Get("/cards")).Must(200)["items"].EnumerateArray());
        }
        Assert.Equal("Ordered", (await suite.As(TestUsers.Operator(Role.Employee), "cardservice").Get($"/cards/{cardId}/summary")).Must(200)["status"].GetString());
        var open = await suite.Neighbour("datacore", "cardservice").Get($"/internal/users/{holder.User.UserId}/open-cards?partnerId={holder.User.PartnerId}");
        Assert.Equal(1, open.Must(200)["count"].GetInt32());
    }

    [Fact]
    public async Task The_app_and_every_operator_may_order()
    {
        var holder = await (await Bureau.New(suite)).NewHolder();

        foreach (var caller in new[] { holder.User.App, holder.User.Operator(Role.Employee), holder.User.Operator(Role.Manager), holder.User.Operator(Role.Admin) })
        {
            var service = suite.As(caller, "cardservice");
            var order = (await service.Post("/cards/physical", Body(holder))).Must(202);
            Assert.Equal(order["cardId"].GetGuid(), (await service.Get($"/cards/orders/{order["orderId"].GetGuid()}")).Must(200)["cardId"].GetGuid());
        }
        foreach (var caller in TestCallers.NotAdmitted(holder.User.UserId))
        {
            Assert.Contains((await suite.As(caller, "cardservice").Post("/cards/physical", Body(holder))).Status, new[] { 401, 403 });
        }
    }

    [Fact]
    public async Task The_gates_are_those_of_a_virtual_card()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var other = await bureau.NewHolder();
        var (stranger, _) = await suite.NewPartner();

        (await suite.As(holder.User.Caller with { PartnerId = stranger }, "cardservice").Post("/cards/physical", Body(holder))).MustRefuse(404, "USER_NOT_FOUND");
        (await holder.Partner.Post("/cards/physical", Body(other))).MustRefuse(404, "BALANCE_NOT_FOUND");
        var euros = (await suite.As(holder.User.Caller, "balanceservice").Post("/balances", new { currency = "EUR" })).Must(201).Id;
        (await holder.Partner.Post("/cards/physical", Body(holder, euros))).MustRefuse(409, "BALANCE_CURRENCY_MISMATCH");
        await suite.Database("balances").Execute("update accounts set state = 'Blocked' where id = $1", holder.BalanceId);
        (await holder.Order()).MustRefuse(409, "BALANCE_NOT_OPEN");
        await _vault.Execute("update users set status = 'Locked' where id = $1", other.User.UserId);
        (await other.Order()).MustRefuse(409, "USER_LOCKED");
        var unverified = await suite.NewUser(bureau.PartnerId, bureau.ProgramId);
        (await suite.As(unverified.Caller, "cardservice").Post("/cards/physical", Body(holder))).MustRefuse(409, "KYC_REQUIRED");

        Assert.Equal(0, await _cards.One<long>("select count(*) from cards where program_id = $1", bureau.ProgramId));
        Assert.Equal(0, await _cards.One<long>("select count(*) from orders where program_id = $1", bureau.ProgramId));
    }

    [Theory]
    [InlineData("embossName", "Anna Nowak")]
    [InlineData("embossName", "")]
    [InlineData("embossName", " ANNA")]
    [InlineData("embossName", "ANNA 2")]
    [InlineData("embossName", "ABCDEFGHIJKLMNOPQRSTUVWXYZA")]
    [InlineData("design", "4111111111111111")]
    [InlineData("design", "no/slash")]
    [InlineData("deliveryAddress.street", "4111 1111 1111 1111")]
    [InlineData("deliveryAddress.street", "")]
    [InlineData("deliveryAddress.city", "٤١١١١١١١١١١١١١١١")]
    [InlineData("deliveryAddress.city", "a\u0000b")]
    [InlineData("deliveryAddress.postalCode", "4111-1111-111111")]
    [InlineData("deliveryAddress.country", "pl")]
    public async Task What_cannot_stand_on_plastic_or_parcel_is_refused_by_name(string field, string value)
    {
        var holder = await (await Bureau.New(suite)).NewHolder();
        var address = new Dictionary<string, object> { ["street"] = "Prosta 1", ["city"] = "Warszawa", ["postalCode"] = "00-001", ["country"] = "PL" };
        var body = new Dictionary<string, object> { ["balanceId"] = holder.BalanceId, ["embossName"] = "ANNA", ["design"] = "blue", ["deliveryAddress"] = address };
        (field.StartsWith("deliveryAddress.", StringComparison.Ordinal) ? address : body)[field.Split('.')[^1]] = value;

        var refused = (await holder.Partner.Post("/cards/physical", body)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
        Assert.Equal(0, await _cards.One<long>("select count(*) from cards where user_id = $1", holder.User.UserId));
    }

    [Fact]
    public async Task The_same_key_hears_of_the_same_order_and_another_order_needs_another_key()
    {
        var holder = await (await Bureau.New(suite)).NewHolder();

        var first = (await holder.Order("key")).Must(202);
        var again = (await holder.Order("key")).Must(202);

        Assert.Equal(first.Text, again.Text);
        Assert.Equal((null, "true"), (first.Header("Idempotent-Replayed"), again.Header("Idempotent-Replayed")));
        (await holder.Order("key", embossName: "ANNA")).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        Assert.Equal(1, await _cards.One<long>("select count(*) from orders where user_id = $1", holder.User.UserId));
        Assert.Equal(1, await _vault.One<long>("select count(*) from vault_cards where partner_id = $1", holder.User.PartnerId));
    }

    [Fact]
    public async Task The_same_key_at_once_makes_one_order()
    {
        var holder = await (await Bureau.New(suite)).NewHolder();

        var answers = await Races.AtOnce(_cards, "lock table issue_requests in exclusive mode", waiters: 3, () => holder.Order("key"), () => holder.Order("key"), () => holder.Order("key"));

        Assert.Single(answers, answer => answer.Status == 202);
        Assert.All(answers.Where(answer => answer.Status != 202), answer => answer.MustRefuse(409, "IDEMPOTENCY_IN_PROGRESS"));
        Assert.Equal(1, await _cards.One<long>("select count(*) from cards where user_id = $1", holder.User.UserId));
        Assert.Equal(1, await _cards.One<long>("select count(*) from orders where user_id = $1", holder.User.UserId));
    }

    [Fact]
    public async Task A_full_range_of_numbers_leaves_neither_card_nor_order_and_the_key_free()
    {
        var holder = await (await Bureau.New(suite)).NewHolder();
        await _vault.Execute("update bin_ranges set next_index = size where partner_id = $1", holder.User.PartnerId);

        (await holder.Order("key")).MustRefuse(409, "BIN_RANGE_FULL");

        Assert.Equal(0, await _cards.One<long>("select count(*) from cards where user_id = $1", holder.User.UserId));
        Assert.Equal(0, await _cards.One<long>("select count(*) from orders where user_id = $1", holder.User.UserId));
        await _vault.Execute("update bin_ranges set next_index = 0 where partner_id = $1", holder.User.PartnerId);
        (await holder.Order("key")).Must(202);
    }

    [Fact]
    public async Task An_order_whose_request_died_before_the_vault_goes_to_the_bureau_once()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (orderId, cardId) = await holder.Ordered();
        await Unfinished(orderId, cardId, _claim);
        await _vault.Execute("delete from vault_cards where card_id = $1", cardId);
        Assert.Empty(await bureau.All("Ordered"));
        (await holder.GetOrder(orderId)).MustRefuse(404, "ORDER_NOT_FOUND");
        (await bureau.Confirm(orderId)).MustRefuse(404, "ORDER_NOT_FOUND");

        suite.Clock.Advance(_claim);
        await Eventually.Holds(async () => await _cards.StatusOfOrder(orderId) == "Ordered", "the order to be finished");

        Assert.Equal("Ordered", await _cards.StatusOfCard(cardId));
        Assert.Equal(orderId, Assert.Single(await bureau.All("Ordered")).GetProperty("orderId").GetGuid());
        Assert.Equal(1, await _vault.One<long>("select count(*) from vault_cards where card_id = $1", cardId));
    }

    [Fact]
    public async Task An_order_whose_request_died_after_the_vault_keeps_its_number_and_its_key_finds_it()
    {
        var holder = await (await Bureau.New(suite)).NewHolder();
        var first = (await holder.Order("key")).Must(202);
        var (orderId, cardId) = (first["orderId"].GetGuid(), first["cardId"].GetGuid());
        var masked = await _cards.One<string>("select masked_card_no from cards where id = $1", cardId);
        await Unfinished(orderId, cardId, TimeSpan.Zero);

        var again = await Eventually.Get(async () => await holder.Order("key") is { Status: 202 } taken ? taken : null, "the order");

        Assert.Equal(first.Text, again.Text);
        Assert.Equal(masked, await _cards.One<string>("select masked_card_no from cards where id = $1", cardId));
        Assert.Equal(1, await _vault.One<long>("select count(*) from vault_cards where partner_id = $1", holder.User.PartnerId));
    }

    [Fact]
    public async Task The_partner_hears_of_the_order_once()
    {
        var holder = await (await Bureau.New(suite)).NewHolder();
        var order = (await holder.Order("key")).Must(202);
        (await holder.Order("key")).Must(202);
        var next = (await holder.Order()).Must(202);

        var heard = await Eventually.Get(async () => await Ordered(holder) is { Count: >= 2 } events ? events : null, "two orders to be heard of");

        Assert.Equal([order["orderId"].GetGuid(), next["orderId"].GetGuid()], heard.Select(data => data.GetProperty("orderId").GetGuid()));
        Assert.Equal(
            (holder.User.UserId, order["cardId"].GetGuid(), holder.BalanceId, "Physical"),
            (heard[0].GetProperty("customerId").GetGuid(), heard[0].GetProperty("cardId").GetGuid(), heard[0].GetProperty("balanceId").GetGuid(), heard[0].GetProperty("type").GetString()));
        Assert.DoesNotContain(await suite.EventsOf(holder.User.PartnerId), happened => happened.GetProperty("type").GetString() == "card.issued");
    }

    [Fact]
    public async Task Anothers_order_is_not_there()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (orderId, _) = await holder.Ordered();
        var (stranger, _) = await suite.NewPartner();

        (await (await bureau.NewHolder()).GetOrder(orderId)).MustRefuse(404, "ORDER_NOT_FOUND");
        (await suite.As(holder.User.Caller with { PartnerId = stranger }, "cardservice").Get($"/cards/orders/{orderId}")).MustRefuse(404, "ORDER_NOT_FOUND");
        (await suite.As(TestUsers.Operator(Role.Admin) with { UserId = Guid.CreateVersion7() }, "cardservice").Get($"/cards/orders/{orderId}")).MustRefuse(404, "ORDER_NOT_FOUND");
        (await holder.GetOrder(Guid.CreateVersion7())).MustRefuse(404, "ORDER_NOT_FOUND");
    }

    [Fact]
    public async Task An_order_is_on_record_under_its_card()
    {
        var holder = await (await Bureau.New(suite)).NewHolder();
        var caller = holder.User.Operator(Role.Employee);
        Answer? order = null;

        var entries = await _cards.Audited(async () => order = (await suite.As(caller, "cardservice").Post("/cards/physical", Body(holder))).Must(202));

        Assert.Equal(
            $"Admin {caller.Actor} OrderPhysicalCard card:{order!["cardId"].GetGuid()} {holder.User.UserId} {holder.User.PartnerId}",
            Assert.Single(entries).Line());
    }

    private async Task<List<JsonElement>> Ordered(Holder holder) =>
    [
        .. (await suite.EventsOf(holder.User.PartnerId)).Where(happened => happened.GetProperty("type").GetString() == "card.ordered")
            .Select(happened => happened.GetProperty("data")),
    ];

    /// <summary>As a request leaves them that dies before it knows what the vault said.</summary>
    private async Task Unfinished(Guid orderId, Guid cardId, TimeSpan claimed)
    {
        await _cards.Execute("update orders set status = 'Issuing' where id = $1", orderId);
        await _cards.Execute("update cards set status = 'Issuing', masked_card_no = null, claimed_until = $2 where id = $1", cardId, suite.Clock.GetUtcNow() + claimed);
    }

    private static object Body(Holder holder, Guid? balanceId = null) =>
        new { balanceId = balanceId ?? holder.BalanceId, embossName = "ANNA NOWAK", deliveryAddress = Bureau.Address };
}
