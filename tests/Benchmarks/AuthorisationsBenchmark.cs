using System.Globalization;
using Antaca.Client;
using Npgsql;

namespace Antaca.Benchmarks;

/// <summary>
/// Authorisations a second through the whole suite, as a processor sends them with the SDK over the gateway's mTLS port: by card
/// id, and by card number with expiry and CVV. First as fast as a number of callers gets its answers, then at half that rate,
/// whatever comes back, for the latencies. PostgreSQL's own benchmark on the suite's cluster, before and after, is the unit.
/// </summary>
internal static class AuthorisationsBenchmark
{
    private const int DefaultCallers = 64;
    private const int DefaultSeconds = 20;
    private const int DefaultCards = 500;
    private const int WarmUpSeconds = 5;
    private const int Connections = 4;
    private const int RegisterAtOnce = 4;
    private const int LargestAmount = 100;
    private const long Reload = 100_000_00;
    private const string Currency = "PLN";

    private static readonly Guid _program = new("0190a000-0000-7000-8000-000000000003");
    private static readonly Merchant _merchant = new("500123", "Corner shop", "5411", "PL");

    public static async Task<int> Run(string[] typed)
    {
        var options = new Options(typed, "--callers", "--seconds", "--cards");
        var callers = options.Number("--callers", DefaultCallers);
        var seconds = options.Number("--seconds", DefaultSeconds);
        Console.WriteLine("Starting the suite ...");
        await using var suite = await RunningSuite.Start();
        await using var ledger = NpgsqlDataSource.Create(suite.ConnectionString("balances"));
        var pgbench = await Pgbench.Prepare(suite.SuperuserConnectionString);
        var cards = await Issue(suite, options.Number("--cards", DefaultCards));
        Console.WriteLine(Line($"{cards.Length} cards of as many users are there"));

        var before = await pgbench.Run(seconds);
        Console.WriteLine(Line($"pgbench: {before:F0} a second"));
        var connections = Enumerable.Range(0, Connections).Select(_ => suite.ProcessorConnection()).ToArray();
        var sender = new Sender([.. connections.Select(connection => new ProcessorClient(connection))], cards);
        var measured = new List<Measured>();
        foreach (var (name, byNumber) in new[] { ("by card id", false), ("by number, expiry, CVV", true) })
        {
            var fastest = new Way(name, [.. Enumerable.Repeat(() => sender.Send(byNumber), callers)]);
            await fastest.Run(TimeSpan.FromSeconds(WarmUpSeconds), suite.ProcessorTimes);
            await Pgbench.Checkpoint(suite.SuperuserConnectionString);
            var most = await fastest.Run(TimeSpan.FromSeconds(seconds), suite.ProcessorTimes);
            Console.WriteLine(Line($"{name}: {most.PerSecond:F0} a second"));
            var half = await OpenLoop.Run(most.PerSecond / 2, TimeSpan.FromSeconds(seconds), () => sender.Send(byNumber), suite.ProcessorTimes);
            measured.Add(new Measured(name, most, half));
        }
        var faults = (await LedgerRows.Faults(ledger)).ToList();
        if (!await LedgerRows.HasJust(ledger, "sandbox", sender.Acknowledged()))
        {
            faults.Add("answers that are not in the ledger once");
        }
        var after = await pgbench.Run(seconds);
        Console.WriteLine(Line($"pgbench: {after:F0} a second"));

        Report(measured, before, after, callers, seconds, cards.Length);
        Console.WriteLine();
        Console.WriteLine(Line($"calls that failed: {sender.Failed}; the books: {(faults.Count == 0 ? "hold, every approval is in them once" : string.Join("; ", faults))}"));
        foreach (var connection in connections)
        {
            connection.Dispose();
        }
        return faults.Count == 0 && sender.Failed == 0 ? 0 : 1;
    }

    private static void Report(List<Measured> measured, double before, double after, int callers, int seconds, int cards)
    {
        var unit = (before + after) / 2;
        Console.WriteLine();
        Console.WriteLine(Line($"{Pgbench.Described}: {before:F0} a second before, {after:F0} after; x is their mean, {unit:F0}"));
        Console.WriteLine(Line($"{callers} callers on {Connections} connections, {cards} cards, {seconds} s each; {Environment.ProcessorCount} cores for the suite, PostgreSQL, RabbitMQ and the load"));
        Console.WriteLine($"{"",-28}{"per second",12}{"x pgbench",11}{"p50 ms",9}{"p99 ms",9}{"busy cores",12}");
        foreach (var one in measured)
        {
            Console.WriteLine(Line($"{one.Name,-28}{one.Most.PerSecond,12:F0}{one.Most.PerSecond / unit,11:F2}{one.Most.P50,9:F2}{one.Most.P99,9:F2}{one.Most.BusyCores,12:F2}"));
            Console.WriteLine(Line($"{"  at half that rate",-28}{one.Half.PerSecond,12:F0}{one.Half.PerSecond / unit,11:F2}{one.Half.P50,9:F2}{one.Half.P99,9:F2}{one.Half.BusyCores,12:F2}"));
        }
        Console.WriteLine();
        Console.WriteLine("processor ms for one authorisation");
        foreach (var one in measured)
        {
            var parts = one.Most.ProcessorMilliseconds.OrderByDescending(part => part.Value).Where(part => part.Value >= 0.005);
            Console.WriteLine(Line($"{one.Name,-28}") + string.Join(", ", parts.Select(part => Line($"{part.Key} {part.Value:F2}"))));
        }
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>So many users with a balance, money on it and a virtual card.</summary>
    private static async Task<IssuedCard[]> Issue(RunningSuite suite, int count)
    {
        using var connection = suite.PartnerConnection();
        var partner = new AntacaClient(connection);
        var cards = new IssuedCard[count];
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = RegisterAtOnce }, async (number, cancel) =>
        {
            var user = await partner.CreateUser(
                new NewUser
                {
                    ProgramId = _program,
                    Phone = string.Create(CultureInfo.InvariantCulture, $"+48500{number:000000}"),
                    Email = string.Create(CultureInfo.InvariantCulture, $"bench{number}@example.com"),
                    FirstName = "Ada",
                    LastName = "Lovelace",
                    BirthDate = new DateOnly(1980, 12, 10),
                    Nationality = "PL",
                    Address = new Address("Prosta 1", "Warszawa", "00-001", "PL"),
                },
                cancel: cancel);
            await partner.SetKyc(user.Id, KycOutcome.Accepted, "bench", cancel: cancel);
            var balance = await partner.OpenBalance(user.Id, cancel: cancel);
            await partner.Reload(user.Id, balance.Id, new Money(Reload, Currency), "bench", cancel: cancel);
            cards[number] = await partner.CreateVirtualCard(user.Id, balance.Id, cancel: cancel);
        });
        return cards;
    }

    private sealed record Measured(string Name, WayRound Most, WayRound Half);

    /// <summary>Sends authorisations of random cards, and keeps what was answered.</summary>
    private sealed class Sender(ProcessorClient[] processors, IssuedCard[] cards)
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<(string TransactionId, Guid Id)> _acknowledged = new();
        private int _sent;
        private int _failed;

        public int Failed => _failed;

        public Dictionary<string, Guid> Acknowledged() => _acknowledged.ToDictionary(one => one.TransactionId, one => one.Id);

        public async Task Send(bool byNumber)
        {
            var number = Interlocked.Increment(ref _sent);
            var card = cards[Random.Shared.Next(cards.Length)];
            var request = new AuthorisationRequest
            {
                TransactionId = string.Create(CultureInfo.InvariantCulture, $"bench-{number}"),
                Type = AuthorisationType.Purchase,
                CardId = byNumber ? null : card.Id,
                CardNo = byNumber ? card.CardNo : null,
                Exp = byNumber ? card.Exp : null,
                Cvv = byNumber ? card.Cvv : null,
                Amount = new Money(Random.Shared.Next(1, LargestAmount + 1), Currency),
                Merchant = _merchant,
                Channel = EntryChannel.Ecommerce,
                TransmittedAt = TimeProvider.System.GetUtcNow(),
            };
            try
            {
                var answer = await processors[number % processors.Length].Authorise(request);
                if (answer.Decision != Decision.Approved)
                {
                    throw new InvalidOperationException($"An authorisation was declined: {answer.ActionCode} {answer.Reason}");
                }
                _acknowledged.Enqueue((request.TransactionId, answer.AuthorizationId!.Value));
            }
            catch (AntacaException refused) when (Interlocked.Increment(ref _failed) == 1)
            {
                Console.WriteLine($"A call failed: {refused.Message}");
            }
            catch (AntacaException)
            {
                // Counted.
            }
        }
    }
}
