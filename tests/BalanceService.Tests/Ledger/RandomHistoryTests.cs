using System.Collections.Concurrent;
using System.Globalization;
using Antaca.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Antaca.BalanceService.Tests.Ledger;

/// <summary>
/// Histories that nobody wrote: many callers at once authorise, repeat, increase, reverse, clear, refund and reload on few
/// balances, in whatever order it comes. What was acknowledged is there once, what was repeated heard the same, and the books add up
/// (as after every test here). ANTACA_TEST_OPERATIONS sets the length of each.
/// </summary>
public sealed class RandomHistoryTests(LedgerSuite suite, ITestOutputHelper output) : ProcessorTest(suite)
{
    private const int Accounts = 50;
    private const int Callers = 16;
    private const int DefaultOperations = 6_000;
    private const int MaxRepeats = 50;

    private static readonly int _operations = int.Parse(
        Environment.GetEnvironmentVariable("ANTACA_TEST_OPERATIONS") ?? DefaultOperations.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(20261129)]
    [InlineData(4711)]
    public async Task Whatever_happens_the_books_add_up_and_nothing_is_lost_or_done_twice(int seed)
    {
        var world = await MakeWorld(seed);
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(number => Task.Run(() => Act(world, new Random((seed * 31) + number)))));

        output.WriteLine($"seed {seed}: " + string.Join(", ", world.Counts.OrderBy(count => count.Key).Select(count => $"{count.Key} {count.Value}")));
        var authorised = world.Heard.Keys.ToArray();
        Assert.Equal(authorised.Length, await Look<long>("select count(*) from transactions where processor_transaction_id = any(@ids)", ("ids", authorised)));
        var operations = world.Operations.ToArray();
        Assert.Equal(operations.Length, await Look<long>("select count(*) from operations where processor_transaction_id = any(@ids)", ("ids", operations)));
        Assert.Equal(world.Reloads.Count, await Look<long>("select count(*) from transactions where type = 'Reload' and reference = any(@references)", ("references", world.Reloads.ToArray())));
        Assert.Equal(0, await Look<long>("select count(*) from accounts where kind = 'User' and (posted - held < 0 or held < 0)"));
        // Everything was heard of: nothing is in the books besides.
        var ids = world.Cards.Select(card => card.BalanceId).ToArray();
        Assert.Equal(authorised.Length, await Look<long>("select count(*) from transactions where account_id = any(@ids) and processor is not null", ("ids", ids)));
        Assert.Equal(
            operations.Length,
            await Look<long>("select count(*) from operations where processor is not null and transaction_id in (select id from transactions where account_id = any(@ids))", ("ids", ids)));
    }

    private async Task Act(World world, Random random)
    {
        while (Interlocked.Increment(ref world.Done) <= _operations)
        {
            var card = world.Cards[random.Next(world.Cards.Count)];
            switch (random.Next(100))
            {
                case < 40:
                    await Authorise(world, card, Payment.Of(card.User, card.BalanceId, random.Next(1, 400)).With("cardId", card.CardId).With("partial", random.Next(5) == 0));
                    break;
                case < 48 when world.Payments.TryPeekRandom(random, out var earlier):
                    await Authorise(world, earlier.Card, earlier.Body);
                    break;
                case < 51 when world.Payments.TryPeekRandom(random, out var earlier):
                    var changed = await Ask("/internal/authorisations", earlier.Body.With("amount", 100_000 + random.Next(1000)), CardService);
                    changed.MustRefuse(409, "TRANSACTION_ID_REUSED");
                    world.Count("changed");
                    break;
                case < 55:
                    await ReverseEarly(world, card, random);
                    break;
                case < 65 when world.Authorised.TryPeekRandom(random, out var open):
                    await Operate(world, "reversal", $"/authorizations/{open.Id}/reversals", id => random.Next(2) == 0 ? new { transactionId = id } : new { transactionId = id, amount = Pln(random.Next(1, 300)) });
                    break;
                case < 70 when world.Authorised.TryPeekRandom(random, out var open):
                    await Operate(world, "increment", $"/authorizations/{open.Id}/increments", id => new { transactionId = id, amount = Pln(random.Next(1, 200)) });
                    break;
                case < 84 when world.Authorised.TryPeekRandom(random, out var open):
                    var clearing = new Dictionary<string, object?>
                    {
                        ["authorizationId"] = open.Id,
                        ["cardId"] = open.CardId,
                        ["amount"] = Pln(random.Next(3) == 0 ? random.Next(1, 700) : open.Amount),
                        ["merchant"] = Merchant,
                        ["final"] = random.Next(3) > 0,
                    };
                    await Operate(world, "clearing", "/clearings", id => clearing.With("transactionId", id));
                    break;
                case < 87:
                    await Operate(world, "unauthorised", "/clearings", id => new { transactionId = id, cardId = card.CardId, amount = Pln(random.Next(1, 300)), merchant = Merchant });
                    break;
                case < 91:
                    await Operate(world, "refund", "/refunds", id => new { transactionId = id, cardId = card.CardId, amount = Pln(random.Next(1, 300)), merchant = Merchant });
                    break;
                default:
                    await Reload(world, card, random);
                    break;
            }
        }
    }

    private async Task Authorise(World world, CardOfWorld card, Dictionary<string, object?> body)
    {
        var answer = (await Ask("/internal/authorisations", body, CardService)).Must(200);
        var heard = world.Heard.GetOrAdd((string)body["transactionId"]!, answer.Text);
        Assert.Equal(heard, answer.Text);
        world.Payments.Add((card, body));
        if (answer["approved"].GetBoolean())
        {
            world.Authorised.Add((answer["authorizationId"].GetGuid(), card.CardId, answer["amount"].GetInt64()));
        }
        world.Count(answer["approved"].GetBoolean() ? "approved" : "declined");
    }

    /// <summary>Both at once, in either order: nothing is held in the end by this authorisation.</summary>
    private async Task ReverseEarly(World world, CardOfWorld card, Random random)
    {
        var body = Payment.Of(card.User, card.BalanceId, random.Next(1, 400)).With("cardId", card.CardId);
        var id = (string)body["transactionId"]!;
        var reversal = Operate(world, "early", "/reversals", reversalId => new { transactionId = reversalId, authorization = new { transactionId = id, type = "Purchase" }, cardId = card.CardId });
        var answer = (await Ask("/internal/authorisations", body, CardService)).Must(200);
        world.Heard[id] = answer.Text;
        await reversal;
        Assert.Equal(0, await Look<long>("select held from transactions where processor_transaction_id = @id", ("id", id)));
    }

    /// <summary>Sends it, and half of the time once more: an acknowledgement heard twice is the same.</summary>
    private async Task Operate(World world, string kind, string path, Func<string, object> body)
    {
        var id = NewId();
        var said = body(id);
        var answer = await Ask(path, said, Processor);
        world.Count($"{kind} {answer.Status}");
        if (answer.Status == 200)
        {
            world.Operations.Add(id);
            if (id[^1] % 2 == 0)
            {
                Assert.Equal(answer.Text, (await Ask(path, said, Processor)).Must(200).Text);
            }
        }
        else
        {
            Assert.Contains(answer.Code, new[] { "NOTHING_TO_REVERSE", "MORE_THAN_HELD", "NOTHING_TO_INCREASE" });
        }
    }

    private async Task Reload(World world, CardOfWorld card, Random random)
    {
        var reference = NewId();
        var body = new { amount = Pln(random.Next(1, 2_000)), reference };
        var key = NewKey();
        var answer = (await BalancesOf(card.User).Post($"/balances/{card.BalanceId}/reload", body, key)).Must(201);
        Assert.Equal(answer.Text, (await BalancesOf(card.User).Post($"/balances/{card.BalanceId}/reload", body, key)).Must(201).Text);
        world.Reloads.Add(reference);
        world.Count("reload");
    }

    /// <summary>Nothing was decided where the ledger was busy: it is asked again.</summary>
    private static async Task<Answer> Ask(string path, object body, Api api)
    {
        for (var turn = 0; ; turn++)
        {
            var answer = await api.Post(path, body);
            if (answer.Status != 503 || turn == MaxRepeats)
            {
                return answer;
            }
        }
    }

    private async Task<World> MakeWorld(int seed)
    {
        var (partner, program) = await Suite.NewPartner();
        var cards = new List<CardOfWorld>();
        var random = new Random(seed);
        for (var i = 0; i < Accounts; i++)
        {
            var user = await Suite.NewAcceptedUser(partner, program);
            var balanceId = await Suite.NewBalance(user, random.Next(1, 5_000));
            cards.Add(new CardOfWorld(user, balanceId, await Suite.NewCard(user, balanceId)));
        }
        await OpenCredit(cards[0].User, 200_000);
        return new World(cards);
    }

    private sealed record CardOfWorld(TestUser User, Guid BalanceId, Guid CardId);

    private sealed class World(IReadOnlyList<CardOfWorld> cards)
    {
        public int Done;

        public IReadOnlyList<CardOfWorld> Cards => cards;

        public ConcurrentDictionary<string, string> Heard { get; } = new();

        public Pool<(CardOfWorld Card, Dictionary<string, object?> Body)> Payments { get; } = new();

        public Pool<(Guid Id, Guid CardId, long Amount)> Authorised { get; } = new();

        public ConcurrentBag<string> Operations { get; } = [];

        public ConcurrentBag<string> Reloads { get; } = [];

        public ConcurrentDictionary<string, int> Counts { get; } = new();

        public void Count(string what) => Counts.AddOrUpdate(what, 1, (_, count) => count + 1);
    }

    /// <summary>The latest of a kind, of which any may be taken up again by anybody.</summary>
    private sealed class Pool<T>
    {
        private const int Kept = 500;

        private readonly List<T> _items = [];
        private int _next;

        public void Add(T item)
        {
            lock (_items)
            {
                if (_items.Count < Kept)
                {
                    _items.Add(item);
                }
                else
                {
                    _items[_next++ % Kept] = item;
                }
            }
        }

        public bool TryPeekRandom(Random random, out T item)
        {
            lock (_items)
            {
                item = _items.Count > 0 ? _items[random.Next(_items.Count)] : default!;
                return _items.Count > 0;
            }
        }
    }
}
