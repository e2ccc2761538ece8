using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Plastic;

public sealed class LinkCardTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task A_card_of_the_stock_becomes_its_finders_and_waits_to_be_activated()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var plastic = await InStock(bureau);

        var card = (await Link(holder, plastic)).Must(200);

        Assert.Equal((plastic.CardId, "Physical", "Inactive", holder.BalanceId), (card.Id, card["type"].GetString(), card["status"].GetString(), card["balanceId"].GetGuid()));
        Assert.Equal(plastic.Exp, card["exp"].GetString());
        Assert.Equal($"{plastic.CardNo[..6]}******{plastic.CardNo[^4..]}", card["maskedCardNo"].GetString());
        Assert.Equal(card.Id, Assert.Single((await holder.Partner.Get("/cards")).Must(200)["items"].EnumerateArray()).GetProperty("id").GetGuid());
        var (cardNo, _) = await suite.Open(holder.User.Caller, (await holder.Partner.Get($"/cards/{card.Id}")).Must(200));
        Assert.Equal(plastic.CardNo, cardNo);
        var linked = await Eventually.Get(
            async () => (await suite.EventsOf(bureau.PartnerId)).Where(happened => happened.GetProperty("type").GetString() == "card.linked").ToList() is { Count: > 0 } heard ? heard : null,
            "card.linked");
        Assert.Equal((card.Id, holder.User.UserId, holder.BalanceId), (
            Assert.Single(linked).GetProperty("data").GetProperty("cardId").GetGuid(), linked[0].GetProperty("data").GetProperty("customerId").GetGuid(), linked[0].GetProperty("data").GetProperty("balanceId").GetGuid()));
    }

    [Fact]
    public async Task The_app_and_every_operator_may_link()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        foreach (var caller in new[] { holder.User.App, holder.User.Operator(Role.Employee), holder.User.Operator(Role.Manager), holder.User.Operator(Role.Admin) })
        {
            (await Link(holder, await InStock(bureau), caller: caller)).Must(200);
        }
    }

    [Fact]
    public async Task Whatever_is_wrong_with_the_card_the_answer_is_the_same()
    {
        var bureau = await Bureau.New(suite);
        var (holder, other) = (await bureau.NewHolder(), await bureau.NewHolder());
        var stranger = await (await Bureau.New(suite)).NewHolder();
        var plastic = await InStock(bureau);
        var waiting = await Ordered(bureau);
        var failed = await Ordered(bureau);
        (await bureau.Fail(failed.OrderId)).Must(200);
        var issued = await Virtual(holder);

        var refusals = new List<Answer>
        {
            await Link(holder, plastic with { CardNo = Wrong(plastic.CardNo) }),
            await Link(holder, plastic with { CardNo = "123456789012" }),
            await Link(holder, plastic with { Exp = DateOnly.Parse(plastic.Exp, System.Globalization.CultureInfo.InvariantCulture).AddMonths(1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) }),
            await Link(stranger, plastic),
            await Link(holder, waiting),
            await Link(holder, failed),
            await Link(holder, issued),
        };
        (await Link(other, plastic)).Must(200);
        refusals.Add(await Link(holder, plastic));
        refusals.Add(await Link(other, plastic));

        Assert.All(refusals, refused => refused.MustRefuse(404, "CARD_NOT_FOUND"));
        Assert.Single(refusals.Select(refused => (refused["title"].GetString(), refused.Json.TryGetProperty("detail", out _))).Distinct());
        Assert.Empty((await stranger.Partner.Get("/cards")).Must(200)["items"].EnumerateArray());
        Assert.Equal(issued.CardId, Assert.Single((await holder.Partner.Get("/cards")).Must(200)["items"].EnumerateArray()).GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task The_gates_are_those_of_a_new_card()
    {
        var bureau = await Bureau.New(suite);
        var (holder, other) = (await bureau.NewHolder(), await bureau.NewHolder());
        var plastic = await InStock(bureau);

        (await Link(holder, plastic, other.BalanceId)).MustRefuse(404, "BALANCE_NOT_FOUND");
        var euros = (await suite.As(holder.User.Caller, "balanceservice").Post("/balances", new { currency = "EUR" })).Must(201).Id;
        (await Link(holder, plastic, euros)).MustRefuse(409, "BALANCE_CURRENCY_MISMATCH");
        await suite.Database("datacore").Execute("update users set status = 'Locked' where id = $1", holder.User.UserId);
        (await Link(holder, plastic)).MustRefuse(409, "USER_LOCKED");
        await suite.Database("balances").Execute("update accounts set state = 'Blocked' where id = $1", other.BalanceId);
        (await Link(other, plastic)).MustRefuse(409, "BALANCE_NOT_OPEN");

        (await Link(await bureau.NewHolder(), plastic)).Must(200);
    }

    [Fact]
    public async Task Linked_twice_at_once_it_is_one_users()
    {
        var bureau = await Bureau.New(suite);
        var (one, other) = (await bureau.NewHolder(), await bureau.NewHolder());
        var plastic = await InStock(bureau);

        var answers = await Races.AtOnce(
            _cards, $"select from stock_cards where id = '{plastic.CardId}' for update", waiters: 3, () => Link(one, plastic), () => Link(other, plastic), () => Link(one, plastic));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.All(answers.Where(answer => answer.Status != 200), answer => answer.MustRefuse(404, "CARD_NOT_FOUND"));
        Assert.Equal(1, await _cards.One<long>("select count(*) from cards where id = $1", plastic.CardId));
    }

    [Fact]
    public async Task The_same_key_hears_the_same_again_though_its_references_are_others()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var (plastic, next) = (await InStock(bureau), await InStock(bureau));

        var first = (await Link(holder, plastic, key: "key")).Must(200);
        var again = (await Link(holder, plastic, key: "key")).Must(200);

        Assert.Equal((first.Text, "true"), (again.Text, again.Header("Idempotent-Replayed")));
        (await Link(holder, next, key: "key")).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
    }

    [Fact]
    public async Task Anothers_reference_links_nothing()
    {
        var bureau = await Bureau.New(suite);
        var (holder, other) = (await bureau.NewHolder(), await bureau.NewHolder());
        var plastic = await InStock(bureau);
        var cardNo = await suite.Refer(other.User.Caller, "cardNo", plastic.CardNo);

        var refused = await holder.Partner.Post("/cards/link", new { cardNo, exp = plastic.Exp, balanceId = holder.BalanceId });

        refused.MustRefuse(409, "REFERENCE_INVALID");
        (await Link(holder, plastic)).Must(200);
    }

    [Fact]
    public async Task Ten_wrong_cards_a_day_are_enough_for_one_user_and_not_for_another()
    {
        var bureau = await Bureau.New(suite);
        var (holder, other) = (await bureau.NewHolder(), await bureau.NewHolder());
        var plastic = await InStock(bureau);
        for (var i = 0; i < 9; i++)
        {
            (await Link(holder, plastic with { CardNo = Wrong(plastic.CardNo) })).MustRefuse(404, "CARD_NOT_FOUND");
        }

        // Guesses at once wait for each other: one is the tenth, and the rest are too many.
        var answers = await Races.AtOnce(
            _cards,
            $"select from link_tries where user_id = '{holder.User.UserId}' for update",
            waiters: 3,
            () => Link(holder, plastic with { CardNo = Wrong(plastic.CardNo) }),
            () => Link(holder, plastic with { CardNo = Wrong(plastic.CardNo) }),
            () => Link(holder, plastic with { CardNo = Wrong(plastic.CardNo) }));

        Assert.Single(answers, answer => answer.Code == "CARD_NOT_FOUND");
        Assert.Equal(2, answers.Count(answer => answer is { Status: 429, Code: "LINK_TRIES_EXCEEDED" }));
        (await Link(holder, plastic)).MustRefuse(429, "LINK_TRIES_EXCEEDED");
        (await Link(holder, plastic, caller: holder.User.App)).MustRefuse(429, "LINK_TRIES_EXCEEDED");
        var further = await InStock(bureau);
        (await Link(other, further)).Must(200);
        suite.Clock.Advance(TimeSpan.FromDays(1));
        (await Link(holder, plastic)).Must(200);
    }

    [Fact]
    public async Task A_wrong_card_is_on_record()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();

        var entries = await _cards.Audited(async () => (await Link(holder, new Plastic(Guid.Empty, Guid.Empty, "5105105105105100", "2029-11-30"))).MustRefuse(404, "CARD_NOT_FOUND"));

        Assert.Equal($"Secure {holder.User.Caller.Actor} LinkCard user:{holder.User.UserId} {holder.User.UserId} {bureau.PartnerId}", Assert.Single(entries).Line());
        Assert.Equal("CARD_NOT_FOUND", entries[0].GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task A_link_is_on_record_under_its_card()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        var plastic = await InStock(bureau);

        var entries = await _cards.Audited(async () => (await Link(holder, plastic)).Must(200));

        Assert.Equal($"Secure {holder.User.Caller.Actor} LinkCard card:{plastic.CardId} {holder.User.UserId} {bureau.PartnerId}", Assert.Single(entries).Line());
    }

    private async Task<Answer> Link(Holder holder, Plastic plastic, Guid? balanceId = null, string? key = null, Caller? caller = null)
    {
        caller ??= holder.User.Caller;
        var cardNo = await suite.Refer(caller, "cardNo", plastic.CardNo);
        return await suite.As(caller, "cardservice").Post("/cards/link", new { cardNo, exp = plastic.Exp, balanceId = balanceId ?? holder.BalanceId }, key);
    }

    private static async Task<Plastic> InStock(Bureau bureau)
    {
        var plastic = await Ordered(bureau);
        (await bureau.Confirm(plastic.OrderId)).Must(200);
        return plastic;
    }

    private static async Task<Plastic> Ordered(Bureau bureau)
    {
        var exp = (await bureau.Stock(1)).Must(201)["exp"].GetString()!;
        var order = (await bureau.List("?limit=1")).Must(200)["items"][0];
        var (orderId, cardId) = (order.GetProperty("orderId").GetGuid(), order.GetProperty("cardId").GetGuid());
        return new Plastic(orderId, cardId, (await bureau.Secrets((await bureau.Record(orderId)).Must(200)))["cardNo"], exp);
    }

    private async Task<Plastic> Virtual(Holder holder)
    {
        var cardId = await holder.NewCard();
        var full = (await holder.Partner.Get($"/cards/{cardId}")).Must(200);
        return new Plastic(Guid.Empty, cardId, (await suite.Open(holder.User.Caller, full)).CardNo, full["exp"].GetString()!);
    }

    /// <summary>Another number, which passes the Luhn check where two of its digits can change places.</summary>
    private static string Wrong(string cardNo)
    {
        var digits = cardNo.ToCharArray();
        // Digits of places of one parity weigh the same.
        for (var i = 7; i < 13; i++)
        {
            if (digits[i] != digits[i + 2])
            {
                (digits[i], digits[i + 2]) = (digits[i + 2], digits[i]);
                return new string(digits);
            }
        }
        return cardNo[..^1] + (cardNo[^1] == '0' ? '1' : '0');
    }

    /// <summary>A piece of plastic as who holds it in their hands sees it.</summary>
    private sealed record Plastic(Guid OrderId, Guid CardId, string CardNo, string Exp);
}
