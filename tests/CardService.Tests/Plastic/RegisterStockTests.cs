using System.Text.Json;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Plastic;

public sealed class RegisterStockTests(Suite suite) : IClassFixture<Suite>
{
    private static readonly TimeSpan _claim = TimeSpan.FromSeconds(15);

    private readonly NpgsqlDataSource _cards = suite.Database("cards");
    private readonly NpgsqlDataSource _vault = suite.Database("datacore");

    [Fact]
    public async Task A_thousand_cards_are_made_each_with_a_number_and_an_order_of_its_own()
    {
        var bureau = await Bureau.New(suite);

        var stock = (await bureau.Stock(1_000, design: "gift")).Must(201);

        Assert.Equal(["id", "programId", "cards", "exp", "design", "createdAt"], stock.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal((bureau.ProgramId, 1_000, "gift"), (stock["programId"].GetGuid(), stock["cards"].GetInt32(), stock["design"].GetString()));
        var orders = await bureau.All("Ordered");
        Assert.Equal(1_000, orders.Select(order => order.GetProperty("cardId").GetGuid()).Distinct().Count());
        Assert.All(orders, order => Assert.Equal(("Stock", true, "gift"), (order.GetProperty("kind").GetString(), order.GetProperty("printed").GetBoolean(), order.GetProperty("design").GetString())));
        Assert.Equal(1_000, await _vault.One<long>("select count(distinct pan_hmac) from vault_cards where partner_id = $1", bureau.PartnerId));
        Assert.Equal(1_000, await _vault.One<long>("select next_index from bin_ranges where partner_id = $1", bureau.PartnerId));
        Assert.Equal(1_000, await _cards.One<long>("select count(*) from stock_cards where program_id = $1 and status = 'Ordered'", bureau.ProgramId));
        Assert.Equal(0, await _cards.One<long>("select count(*) from cards where program_id = $1", bureau.ProgramId));
    }

    [Fact]
    public async Task A_record_of_stock_has_a_number_and_neither_name_nor_address()
    {
        var bureau = await Bureau.New(suite);
        (await bureau.Stock(1)).Must(201);
        var order = Assert.Single(await bureau.All("Ordered"));

        var record = (await bureau.Record(order.GetProperty("orderId").GetGuid())).Must(200);
        var secrets = await bureau.Secrets(record);

        Assert.Equal(["cardNo", "cvv1", "icvv", "cvv2"], secrets.Keys);
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null, 1), (record["cardholderName"].ValueKind, record["deliveryAddress"].ValueKind, record["embossLines"].GetArrayLength()));
    }

    [Fact]
    public async Task Failed_stock_is_removed_and_confirmed_stock_is_in_stock()
    {
        var bureau = await Bureau.New(suite);
        (await bureau.Stock(2)).Must(201);
        var orders = (await bureau.All("Ordered")).ConvertAll(order => order.GetProperty("orderId").GetGuid());

        (await bureau.Confirm(orders[0])).Must(200);
        (await bureau.Fail(orders[1])).Must(200);
        (await bureau.Confirm(orders[0])).Must(200);
        (await bureau.Confirm(orders[1])).MustRefuse(409, "ORDER_STATE");

        Assert.Equal("InStock", await Status(orders[0]));
        Assert.Equal("Removed", await Status(orders[1]));
    }

    [Fact]
    public async Task The_same_key_makes_the_same_cards_once()
    {
        var bureau = await Bureau.New(suite);

        var first = (await bureau.Stock(3, "key")).Must(201);
        var again = (await bureau.Stock(3, "key")).Must(201);

        Assert.Equal((first.Text, "true"), (again.Text, again.Header("Idempotent-Replayed")));
        (await bureau.Stock(4, "key")).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        Assert.Equal(3, (await bureau.All("Ordered")).Count);
    }

    [Fact]
    public async Task The_same_key_at_once_makes_the_cards_once()
    {
        var bureau = await Bureau.New(suite);

        var answers = await Races.AtOnce(_cards, "lock table stock_requests in exclusive mode", waiters: 2, () => bureau.Stock(3, "key"), () => bureau.Stock(3, "key"));

        Assert.Single(answers, answer => answer.Status == 201);
        Assert.Single(answers, answer => answer.Code == "IDEMPOTENCY_IN_PROGRESS");
        Assert.Equal(3, (await bureau.All("Ordered")).Count);
    }

    [Fact]
    public async Task A_range_with_fewer_numbers_left_gives_none_and_leaves_the_key_free()
    {
        var bureau = await Bureau.New(suite);
        await _vault.Execute("update bin_ranges set next_index = size - 2 where partner_id = $1", bureau.PartnerId);

        (await bureau.Stock(3, "key")).MustRefuse(409, "BIN_RANGE_FULL");

        Assert.Empty(await bureau.All("Ordered"));
        Assert.Equal(0, await _vault.One<long>("select count(*) from vault_cards where partner_id = $1", bureau.PartnerId));
        (await bureau.Stock(2, "key")).Must(201);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_001)]
    [InlineData(-1)]
    public async Task As_many_are_not_made_at_once(int cards) => (await (await Bureau.New(suite)).Stock(cards)).MustRefuse(422, "VALIDATION_FAILED");

    [Fact]
    public async Task Another_bureaus_programme_is_not_there()
    {
        var (bureau, other) = (await Bureau.New(suite), await Bureau.New(suite));

        var refused = await suite.As(bureau.Caller, "cardservice").Post("/stock", new { programId = other.ProgramId, cards = 1 });

        refused.MustRefuse(404, "PROGRAM_NOT_FOUND");
        Assert.Empty(await other.All("Ordered"));
    }

    [Fact]
    public async Task A_request_that_died_before_or_after_the_vault_is_finished_with_the_numbers_it_has()
    {
        var bureau = await Bureau.New(suite);
        var first = (await bureau.Stock(5, "key")).Must(201);
        await _cards.Execute("delete from orders where program_id = $1", bureau.ProgramId);
        await _cards.Execute("delete from stock_cards where program_id = $1", bureau.ProgramId);
        await _cards.Execute("update stock_requests set claimed_until = $2 where program_id = $1", bureau.ProgramId, suite.Clock.GetUtcNow() + _claim);
        (await bureau.Stock(5, "key")).MustRefuse(409, "IDEMPOTENCY_IN_PROGRESS");
        Assert.Empty(await bureau.All("Ordered"));
        suite.Clock.Advance(_claim);

        await Eventually.Holds(async () => (await bureau.All("Ordered")).Count == 5, "the stock to be made");

        Assert.Equal(5, await _vault.One<long>("select count(*) from vault_cards where partner_id = $1", bureau.PartnerId));
        Assert.Equal(first.Text, (await bureau.Stock(5, "key")).Must(201).Text);
        Assert.Equal(5, (await bureau.All("Ordered")).Count);
    }

    [Fact]
    public async Task A_request_for_stock_is_on_record()
    {
        var bureau = await Bureau.New(suite);
        Answer? stock = null;

        var entries = await _cards.Audited(async () => stock = (await bureau.Stock(2)).Must(201));

        Assert.Equal($"Processor {bureau.Caller.Actor} RegisterStock stock:{stock!.Id}  {bureau.PartnerId}", Assert.Single(entries).Line());
    }

    private Task<string> Status(Guid orderId) => _cards.One<string>("select s.status from stock_cards s join orders o on o.stock_card_id = s.id where o.id = $1", orderId);
}
