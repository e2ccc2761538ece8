using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Antaca.Client;
using Npgsql;

namespace Antaca.Benchmarks;

/// <summary>
/// Authorisations a second through the whole suite, as a processor sends them with the SDK over the gateway's mTLS port: by card
/// id, and by card number with expiry and CVV; and both again over full tables. First as fast as a number of callers gets its
/// answers, then at half that rate, whatever comes back, for the latencies. All cards are one partner's, whose own account every
/// authorisation touches. PostgreSQL's own benchmark on the suite's cluster, before and after, is the unit.
/// </summary>
internal static class AuthorisationsBenchmark
{
    private const int DefaultCallers = 64;
    private const int DefaultSeconds = 20;
    private const int DefaultNumbers = 500;
    private const int Users = 50_000;
    private const int FullRows = 20_000_000;
    private const int FullBalances = 1_000_000;
    private const int RowsOfBalance = 10;
    private const int WarmUpSeconds = 5;
    private const int Connections = 4;
    private const int RegisterAtOnce = 4;
    private const int LargestAmount = 100;
    private const long Reload = 100_000_00;

    private static readonly Guid _partner = new("0190a000-0000-7000-8000-000000000001");
    private static readonly Guid _program = new("0190a000-0000-7000-8000-000000000003");
    private static readonly Merchant _merchant = new("500123", "Corner shop", "5411", "PL");

    public static async Task<int> Run(string[] typed)
    {
        var options = new Options(typed, "--callers", "--seconds", "--numbers", "--rows", "--full");
        var callers = options.Number("--callers", DefaultCallers);
        var seconds = options.Number("--seconds", DefaultSeconds);
        var rowsThen = options.Has("--full") ? FullRows : options.Number("--rows", 0);
        var balancesThen = options.Has("--full") ? FullBalances : Math.Max(Users, rowsThen / RowsOfBalance);

        Console.WriteLine("Starting the suite ...");
        await using var suite = await RunningSuite.Start();
        await using var ledger = NpgsqlDataSource.Create(suite.ConnectionString("balances"));
        await using var cards = NpgsqlDataSource.Create(suite.ConnectionString("cards"));
        var pgbench = await Pgbench.Prepare(suite.SuperuserConnectionString);
        var rows = new LedgerRows(ledger, _partner, _program);
        var numbers = await Issue(suite, options.Number("--numbers", DefaultNumbers));
        await Fill(rows, ledger, cards, Users, 0);

        var before = await pgbench.Run(seconds);
        Console.WriteLine(Line($"pgbench: {before:F0} a second"));
        var connections = Enumerable.Range(0, Connections).Select(_ => suite.ProcessorConnection()).ToArray();
        var sender = new Sender([.. connections.Select(connection => new ProcessorClient(connection))], rows.Spenders, numbers);
        var measured = new List<Measured>();
        await Measure("by card id", sender.SendId);
        await Measure("by number, expiry, CVV", sender.SendNumber);
        var after = await pgbench.Run(seconds);
        Console.WriteLine(Line($"pgbench: {after:F0} a second"));
        if (rowsThen > 0)
        {
            await Fill(rows, ledger, cards, balancesThen, rowsThen);
            await Measure("by card id, full tables", sender.SendId);
            await Measure("by number, full tables", sender.SendNumber);
        }

        var faults = (await LedgerRows.Faults(ledger)).ToList();
        if (!await LedgerRows.HasJust(ledger, "sandbox", sender.Acknowledged()))
        {
            faults.Add("answers that are not in the ledger once");
        }
        Report(measured, before, after);
        Console.WriteLine();
        Console.WriteLine(Line($"{callers} callers on {Connections} connections, {seconds} s each; {Users} cards, then {rows.Spenders.Count}, and {numbers.Length} with numbers; {rows.Entries} entries at the end; {Environment.ProcessorCount} cores for everything"));
        Console.WriteLine(Line($"calls that failed: {sender.Failed}; the books: {(faults.Count == 0 ? "hold, every approval is in them once" : string.Join("; ", faults))}"));
        foreach (var connection in connections)
        {
            connection.Dispose();
        }
        return faults.Count == 0 && sender.Failed == 0 ? 0 : 1;

        async Task Measure(string name, Func<Task> send)
        {
            var fastest = new Way(name, [.. Enumerable.Repeat(send, callers)]);
            await fastest.Run(TimeSpan.FromSeconds(WarmUpSeconds), suite.ProcessorTimes);
            await Pgbench.Checkpoint(suite.SuperuserConnectionString);
            var most = await fastest.Run(TimeSpan.FromSeconds(seconds), suite.ProcessorTimes);
            var half = await OpenLoop.Run(most.PerSecond / 2, TimeSpan.FromSeconds(seconds), send, suite.ProcessorTimes);
            measured.Add(new Measured(name, most, half));
            Console.WriteLine(Line($"{name}: {most.PerSecond:F0} a second; p99 {half.P99:F1} ms at half that rate"));
        }
    }

    private static async Task Fill(LedgerRows rows, NpgsqlDataSource ledger, NpgsqlDataSource cards, int balances, long entries)
    {
        var filling = Stopwatch.GetTimestamp();
        var from = rows.Spenders.Count;
        await rows.Fill(balances, entries);
        await rows.FillCards(cards, from);
        await LedgerRows.WaitUntilSealed(ledger);
        Console.WriteLine(Line($"{rows.Spenders.Count} cards and balances and {rows.Entries} entries are there, filled in, analysed and sealed in {Stopwatch.GetElapsedTime(filling).TotalSeconds:F0} s"));
    }

    private static void Report(List<Measured> measured, double before, double after)
    {
        var unit = (before + after) / 2;
        Console.WriteLine();
        Console.WriteLine(Line($"{Pgbench.Described}: {before:F0} a second before, {after:F0} after; x is their mean, {unit:F0}"));
        Console.WriteLine($"{"",-28}{"per second",12}{"x pgbench",11}{"x empty",9}{"p50 ms",9}{"p99 ms",9}{"busy cores",12}");
        for (var place = 0; place < measured.Count; place++)
        {
            var (name, most, half) = measured[place];
            // The ways come in the same order again when the tables are full.
            var ofEmpty = place < 2 ? "" : Line($"{most.PerSecond / measured[place - 2].Most.PerSecond:F2}");
            Console.WriteLine(Line($"{name,-28}{most.PerSecond,12:F0}{most.PerSecond / unit,11:F2}{ofEmpty,9}{most.P50,9:F2}{most.P99,9:F2}{most.BusyCores,12:F2}"));
            Console.WriteLine(Line($"{"  at half that rate",-28}{half.PerSecond,12:F0}{half.PerSecond / unit,11:F2}{"",9}{half.P50,9:F2}{half.P99,9:F2}{half.BusyCores,12:F2}"));
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
            await partner.Reload(user.Id, balance.Id, new Money(Reload, LedgerRows.Currency), "bench", cancel: cancel);
            cards[number] = await partner.CreateVirtualCard(user.Id, balance.Id, cancel: cancel);
        });
        return cards;
    }

    private sealed record Measured(string Name, WayRound Most, WayRound Half);

    /// <summary>Sends authorisations of cards drawn at random, and keeps what was answered.</summary>
    private sealed class Sender(ProcessorClient[] processors, IReadOnlyList<Spender> spenders, IssuedCard[] numbers)
    {
        private readonly ConcurrentQueue<(string TransactionId, Guid Id)> _acknowledged = new();
        private int _sent;
        private int _failed;

        public int Failed => _failed;

        public Dictionary<string, Guid> Acknowledged() => _acknowledged.ToDictionary(one => one.TransactionId, one => one.Id);

        public Task SendId() => Send(Request() with { CardId = spenders[Random.Shared.Next(spenders.Count)].CardId });

        public Task SendNumber()
        {
            var card = numbers[Random.Shared.Next(numbers.Length)];
            return Send(Request() with { CardNo = card.CardNo, Exp = card.Exp, Cvv = card.Cvv });
        }

        private AuthorisationRequest Request() => new()
        {
            TransactionId = string.Create(CultureInfo.InvariantCulture, $"bench-{Interlocked.Increment(ref _sent)}"),
            Type = AuthorisationType.Purchase,
            Amount = new Money(Random.Shared.Next(1, LargestAmount + 1), LedgerRows.Currency),
            Merchant = _merchant,
            Channel = EntryChannel.Ecommerce,
            TransmittedAt = TimeProvider.System.GetUtcNow(),
        };

        private async Task Send(AuthorisationRequest request)
        {
            try
            {
                var answer = await processors[Random.Shared.Next(processors.Length)].Authorise(request);
                if (answer.Decision != Decision.Approved)
                {
                    throw new InvalidOperationException($"An authorisation was declined: {answer.ActionCode} {answer.Reason}");
                }
                _acknowledged.Enqueue((request.TransactionId, answer.AuthorizationId!.Value));
            }
            catch (AntacaException refused)
            {
                if (Interlocked.Increment(ref _failed) == 1)
                {
                    Console.WriteLine($"A call failed: {refused.Message}");
                }
            }
        }
    }
}
