using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Plastic;

/// <summary>
/// A thousand orders and a bureau that says everything twice, in any order, late or not at all, and contradicts itself. In
/// the end each card is made or given up, once, and none was seen before its plastic was made.
/// </summary>
public sealed partial class UnreliableBureauTests(Suite suite) : IClassFixture<Suite>
{
    private const int Orders = 1_000;
    private const int Holders = 10;
    private const int AtOnce = 8;
    private const int Seed = 20261126;

    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    /// <summary>The cards whose plastic the bureau has, or may have, called made. Noted before it says so.</summary>
    private readonly ConcurrentDictionary<Guid, bool> _maySee = [];

    [Fact]
    public async Task Each_of_a_thousand_cards_ends_once_and_none_is_seen_too_early()
    {
        var bureau = await Bureau.New(suite);
        var holders = await Task.WhenAll(Enumerable.Range(0, Holders).Select(_ => bureau.NewHolder()));
        var orders = new ConcurrentBag<Order>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Orders), Parallelism, async (number, _) =>
        {
            var (orderId, cardId) = await holders[number % Holders].Ordered();
            // One in ten cannot be made: whatever else the bureau says, this it says first of the two ends.
            orders.Add(new Order(orderId, cardId, Made: number % 10 != 7));
        });
        var inOrder = orders.OrderBy(order => order.Id).ToArray();
        using var watching = new CancellationTokenSource();
        var watched = Task.Run(() => Watch(holders, watching.Token));

        var random = new Random(Seed);
        var (now, later) = Messages(inOrder, random);
        await SayAll(bureau, now);
        await SayAll(bureau, later);
        // What got lost: the bureau looks up what is open, and says it until nothing is.
        var truth = inOrder.ToDictionary(order => order.Id);
        var open = 0;
        foreach (var status in new[] { "Ordered", "Sent" })
        {
            var left = await bureau.All(status);
            open += left.Count;
            await SayAll(bureau, [.. left.Select(order => new Message(truth[order.GetProperty("orderId").GetGuid()], Saying.End))]);
        }
        // What comes after the end, both ways.
        await SayAll(bureau, [.. inOrder.SelectMany(order => new[] { new Message(order, Saying.Opposite), new Message(order, Saying.Sent), new Message(order, Saying.End) })]);

        Assert.InRange(open, 1, Orders - 1);
        await Eventually.Holds(async () => await _cards.One<long>("select count(*) from cards where program_id = $1 and status = 'Ordered'", bureau.ProgramId) == 0, "every card to end");
        var made = inOrder.Where(order => order.Made).ToArray();
        Assert.Equal(Orders / 10 * 9, made.Length);
        Assert.Equal(made.Length, await Count("status = 'Personalised' and id = any($2)", bureau, made));
        Assert.Equal(Orders - made.Length, await Count("status = 'Failed' and id <> all($2)", bureau, made));
        Assert.Equal(made.Select(order => order.CardId).Order(), (await CardsIn("Inactive", bureau)).Order());
        Assert.Equal(inOrder.Except(made).Select(order => order.CardId).Order(), (await CardsIn("Removed", bureau)).Order());

        await watching.CancelAsync();
        var looks = await watched;
        Assert.True(looks.Count > 1 && looks.Seen > 0, $"{looks.Count} looks saw {looks.Seen} cards");
        await HeardOnce(bureau, "card.ordered", inOrder);
        await HeardOnce(bureau, "card.personalised", made);
        await HeardOnce(bureau, "card.failed", [.. inOrder.Except(made)]);
    }

    [Fact]
    public async Task The_secrets_of_the_plastic_are_in_no_table_event_or_log()
    {
        var bureau = await Bureau.New(suite, digitalFirst: true);
        var holder = await bureau.NewHolder();
        var printed = (await holder.Print(await holder.NewCard())).Must(202)["orderId"].GetGuid();
        var (physical, cardId) = await holder.Ordered();
        (await bureau.Stock(1)).Must(201);
        var stock = (await bureau.List("?limit=1")).Must(200)["items"][0].GetProperty("orderId").GetGuid();
        var numbers = new List<string>();
        foreach (var orderId in new[] { printed, physical, stock })
        {
            numbers.Add((await bureau.Secrets((await bureau.Record(orderId)).Must(200)))["cardNo"]);
            (await bureau.Confirm(orderId)).Must(200);
        }
        await holder.Seen(cardId);
        var exp = await _cards.One<DateOnly>("select exp from stock_cards where program_id = $1", bureau.ProgramId);
        var cardNo = await suite.Refer(holder.User.Caller, "cardNo", numbers[2]);
        (await holder.Partner.Post("/cards/link", new { cardNo, exp, balanceId = holder.BalanceId })).Must(200);
        await Eventually.Holds(async () => (await suite.EventsOf(bureau.PartnerId)).Count(happened => happened.GetProperty("type").GetString() is "card.personalised" or "card.linked") == 4, "the events");

        var places = new Dictionary<string, string> { ["log"] = string.Join('\n', suite.Log.Lines) };
        foreach (var name in new[] { "cards", "notifications", "balances", "kyc" })
        {
            places[name] = await Dump(suite.Database(name));
        }

        Assert.Equal(3, numbers.Distinct().Count());
        Assert.Contains(cardId.ToString(), places["cards"], StringComparison.Ordinal);
        Assert.Contains(cardId.ToString(), places["notifications"], StringComparison.Ordinal);
        foreach (var (place, text) in places)
        {
            Assert.All(numbers, number => Assert.False(text.Contains(number, StringComparison.Ordinal), $"a number is in {place}"));
            // Three digits are found anywhere: it is their names that nothing there may have a value for.
            Assert.False(NamedSecret().IsMatch(text), $"a value is in {place}");
        }
        Assert.Matches(NamedSecret(), """{"cvv1":"123"}""");
    }

    private static ParallelOptions Parallelism => new() { MaxDegreeOfParallelism = AtOnce };

    /// <summary>What the bureau says at first and what later: everything up to three times, one in five things not at all.</summary>
    private static (Message[] Now, Message[] Later) Messages(Order[] orders, Random random)
    {
        var (now, later) = (new List<Message>(), new List<Message>());
        foreach (var order in orders)
        {
            foreach (var saying in new[] { Saying.Sent, Saying.End })
            {
                var times = random.Next(5) == 0 ? 0 : random.Next(1, 4);
                for (var i = 0; i < times; i++)
                {
                    (random.Next(3) == 0 ? later : now).Add(new Message(order, saying));
                }
            }
        }
        return (Shuffled(now), Shuffled(later));

        Message[] Shuffled(List<Message> messages)
        {
            var shuffled = messages.ToArray();
            random.Shuffle(shuffled);
            return shuffled;
        }
    }

    private Task SayAll(Bureau bureau, Message[] messages) => Parallel.ForEachAsync(messages, Parallelism, async (message, _) =>
    {
        var made = message.Order.Made == (message.Saying != Saying.Opposite);
        if (message.Saying == Saying.Sent)
        {
            (await bureau.Sent(message.Order.Id)).Must(200);
            return;
        }
        if (made && message.Saying == Saying.End)
        {
            _maySee[message.Order.CardId] = true;
        }
        var answer = made ? await bureau.Confirm(message.Order.Id) : await bureau.Fail(message.Order.Id);
        if (message.Saying == Saying.Opposite)
        {
            answer.MustRefuse(409, "ORDER_STATE");
        }
        else
        {
            answer.Must(200);
        }
    });

    /// <summary>Looks at all that the users see, over and over.</summary>
    private async Task<(int Count, int Seen)> Watch(Holder[] holders, CancellationToken until)
    {
        var (count, seen) = (0, 0);
        while (!until.IsCancellationRequested)
        {
            foreach (var holder in holders)
            {
                foreach (var card in (await holder.Partner.Get("/cards?limit=200")).Must(200)["items"].EnumerateArray())
                {
                    seen++;
                    var (id, status) = (card.GetProperty("id").GetGuid(), card.GetProperty("status").GetString());
                    Assert.True(status == "Removed" || (status == "Inactive" && _maySee.ContainsKey(id)), $"card {id} is seen as {status}");
                }
                count++;
            }
        }
        return (count, seen);
    }

    private async Task HeardOnce(Bureau bureau, string type, Order[] orders)
    {
        var notifications = suite.Database("notifications");
        await Eventually.Holds(
            async () => await notifications.One<long>("select count(*) from partner_events where partner_id = $1 and type = $2", bureau.PartnerId, type) >= orders.Length, type);
        var heard = await notifications.One<Guid[]>(
            "select array_agg((data ->> 'orderId')::uuid) from partner_events where partner_id = $1 and type = $2", bureau.PartnerId, type);
        Assert.Equal(orders.Select(order => order.Id).Order(), heard.Order());
    }

    private Task<long> Count(string which, Bureau bureau, Order[] orders) =>
        _cards.One<long>($"select count(*) from orders where program_id = $1 and {which}", bureau.ProgramId, orders.Select(order => order.Id).ToArray());

    private Task<Guid[]> CardsIn(string status, Bureau bureau) =>
        _cards.One<Guid[]>("select array_agg(id) from cards where program_id = $1 and status = $2", bureau.ProgramId, status);

    /// <summary>Every row of every table, as text.</summary>
    private static async Task<string> Dump(NpgsqlDataSource database)
    {
        var tables = await database.One<string[]>("select array_agg(quote_ident(table_name)) from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'");
        var rows = await Task.WhenAll(tables.Select(table => database.One<string>($"select coalesce(string_agg(row::text, E'\\n'), '') from {table} row")));
        return string.Join('\n', rows);
    }

    [GeneratedRegex("""(?i)(?:cvv[12]?|icvv|pvv)\W{1,6}[0-9]{3,4}(?![0-9])""")]
    private static partial Regex NamedSecret();

    private sealed record Order(Guid Id, Guid CardId, bool Made);

    private enum Saying
    {
        Sent,
        End,
        Opposite,
    }

    private sealed record Message(Order Order, Saying Saying);
}
