using Antaca.CardService.Tests.Plastic;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Life;

/// <summary>Every two things that change a card, at once on one card: one goes first, the other finds what it left, and the card is never between two states.</summary>
public sealed class TransitionRaceTests(Suite suite) : IClassFixture<Suite>
{
    private static readonly string[] _onVirtual = ["lock 7", "lock 1", "unlock", "remove", "print", "cvv"];
    private static readonly string[] _onPlastic = ["lock 7", "lock 1", "unlock", "remove", "activate", "pin"];
    private static readonly string[] _onOrdered = ["confirm", "fail", "sent", "record"];

    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    public static TheoryData<string, string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string, string>();
            foreach (var (kind, changes) in new[] { ("virtual", _onVirtual), ("plastic", _onPlastic) })
            {
                for (var one = 0; one < changes.Length; one++)
                {
                    for (var other = one; other < changes.Length; other++)
                    {
                        pairs.Add(kind, changes[one], changes[other]);
                    }
                }
            }
            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Two_changes_at_once_are_one_after_the_other(string kind, string one, string other)
    {
        var (bureau, holder) = (await Bureau.New(suite, digitalFirst: true), default(Holder)!);
        holder = await bureau.NewHolder();
        // A lock or removal needs a card in use; what is activated is not in use yet.
        var waiting = one == "activate" || other == "activate";
        var card = kind == "virtual" ? await holder.NewCard() : await Plastic(bureau, holder, active: !waiting);
        var calls = new[] { await Prepared(holder, card, one), await Prepared(holder, card, other) };

        // PIN and CVV reach the vault first; who waits there or here, both are on their way before either is done.
        await using var held = await Races.Hold(_cards, $"select from cards where id = '{card}' for update");
        var running = calls.Select(call => Task.Run(call)).ToArray();
        await Eventually.Holds(async () => running.Any(call => call.IsCompleted) || await Waiting() > 0, "one to be under way");
        await held.Release();
        var answers = await Task.WhenAll(running);

        Assert.All(answers, answer => Assert.True(answer.Status is 200 or 202 or 204 or 404 or 409, $"{one} and {other}: {answer.Status} {answer.Text}"));
        Assert.Contains(answers, answer => answer.Status < 300);
        await IsWhole(card, answers[0].Status < 300 ? one : null, answers[1].Status < 300 ? other : null);
    }

    [Fact]
    public async Task Whatever_a_bureau_says_at_once_an_order_ends_once_and_its_card_with_it()
    {
        var bureau = await Bureau.New(suite);
        var holder = await bureau.NewHolder();
        foreach (var one in _onOrdered)
        {
            foreach (var other in _onOrdered)
            {
                var (orderId, cardId) = await holder.Ordered();

                var answers = await Races.AtOnce(_cards, PlasticRows.OfOrder(orderId), Locking(one) + Locking(other), () => Say(one, orderId), () => Say(other, orderId));

                Assert.All(answers, answer => Assert.True(answer.Status is 200 or 409, $"{one} and {other}: {answer.Status} {answer.Text}"));
                var (order, card) = (await _cards.StatusOfOrder(orderId), await _cards.StatusOfCard(cardId));
                Assert.Contains((order, card), new[] { ("Ordered", "Ordered"), ("Sent", "Ordered"), ("Personalised", "Ordered"), ("Personalised", "Inactive"), ("Failed", "Removed") });
                if (one == "confirm" ^ other == "confirm" && (one == "fail" || other == "fail"))
                {
                    Assert.Single(answers, answer => answer.Status == 200);
                }
            }
        }

        Task<Answer> Say(string what, Guid order) => what switch { "confirm" => bureau.Confirm(order), "fail" => bureau.Fail(order), "sent" => bureau.Sent(order), _ => bureau.Record(order) };

        static int Locking(string what) => what == "record" ? 0 : 1;
    }

    private async Task<long> Waiting() =>
        await _cards.One<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");

    /// <summary>The row keeps its promises, and stands as one of the two left it.</summary>
    private async Task IsWhole(Guid card, string? one, string? other)
    {
        var status = await _cards.StatusOfCard(card);
        if (one == "remove" || other == "remove")
        {
            Assert.Equal("Removed", status);
        }
        else if (one == "lock 1" || other == "lock 1")
        {
            Assert.Equal(("Locked", (short)1), (status, await _cards.One<short>("select lock_code from cards where id = $1", card)));
        }
        else
        {
            Assert.Contains(status, new[] { "Active", "Locked", "Inactive" });
        }
        var orders = await _cards.One<long>("select count(*) from orders where card_id = $1", card);
        Assert.InRange(orders, 0, 1);
        var (locked, unlocked) = (await Owed(card, "card.locked"), await Owed(card, "card.unlocked"));
        Assert.InRange(locked, 0, 2);
        Assert.InRange(unlocked, 0, 2);
        Assert.Equal(one == "remove" || other == "remove" ? 1 : 0, await Owed(card, "card.removed"));
    }

    /// <summary>How often an event of the card was told, once nothing is owed any more.</summary>
    private async Task<int> Owed(Guid card, string type)
    {
        await Eventually.Holds(async () => await _cards.One<long>("select count(*) from outbox") == 0, "nothing to be owed");
        var partner = await _cards.One<Guid>("select partner_id from cards where id = $1", card);
        var removed = type == "card.removed" && await _cards.StatusOfCard(card) == "Removed";
        var told = 0;
        await Eventually.Holds(
            async () =>
            {
                told = (await suite.EventsOf(partner)).Count(happened => happened.GetProperty("type").GetString() == type && happened.GetProperty("data").GetProperty("cardId").GetGuid() == card);
                return !removed || told > 0;
            },
            type);
        return told;
    }

    private async Task<Func<Task<Answer>>> Prepared(Holder holder, Guid card, string change)
    {
        var (partner, app) = (holder.Partner, suite.As(holder.User.App, "cardservice"));
        switch (change)
        {
            case "lock 7":
                return () => partner.Post($"/cards/{card}/lock", new { code = 7 });
            case "lock 1":
                return () => partner.Post($"/cards/{card}/lock", new { code = 1 });
            case "unlock":
                return () => partner.Post($"/cards/{card}/unlock");
            case "remove":
                return () => partner.Delete($"/cards/{card}");
            case "activate":
                return () => partner.Post($"/cards/{card}/activate");
            case "print":
                return () => holder.Print(card);
            case "cvv":
                var approval = await suite.Approve(holder.User.App, card);
                return () => app.Send(HttpMethod.Post, $"/cards/{card}/cvv", content: null, key: null, ("Approval", approval));
            case "pin":
                var pin = await suite.Refer(holder.User.Caller, "pin", "7391");
                return () => partner.Post($"/cards/{card}/pin", new { pin });
            default:
                throw new ArgumentOutOfRangeException(nameof(change), change, message: null);
        }
    }

    private static async Task<Guid> Plastic(Bureau bureau, Holder holder, bool active)
    {
        var (orderId, cardId) = await holder.Ordered();
        (await bureau.Confirm(orderId)).Must(200);
        await holder.Seen(cardId);
        if (active)
        {
            (await holder.Partner.Post($"/cards/{cardId}/activate")).Must(200);
        }
        return cardId;
    }
}
