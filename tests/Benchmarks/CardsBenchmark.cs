using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Antaca.Client;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;

namespace Antaca.Benchmarks;

/// <summary>
/// Virtual cards a second, each answered when it is there: through the gateway, encrypted, from several clients of one partner;
/// and by CardService's own port, without gateway and JWE. Beside them how many card numbers DataCore finds a second. The ways
/// take turns, every figure is a median of the rounds, and the whole suite, PostgreSQL and the load share the machine's cores:
/// what a call costs in processor time, process by process, says what limits it.
/// </summary>
internal static class CardsBenchmark
{
    private const int Rounds = 5;
    private const int WarmUpRounds = 2;
    private const int RoundSeconds = 3;
    private const int DefaultClients = 8;
    private const int AtOnceOnEach = 2;
    private const int NumbersAtOnce = 8;

    private static readonly Guid _partner = new("0190a000-0000-7000-8000-000000000001");
    private static readonly Guid _program = new("0190a000-0000-7000-8000-000000000003");

    public static async Task<int> Run(string[] options)
    {
        var clients = options is ["--clients", var number] ? int.Parse(number, CultureInfo.InvariantCulture) : DefaultClients;
        Console.WriteLine("Starting the suite ...");
        await using var suite = await RunningSuite.Start();
        var connections = Enumerable.Range(0, clients).Select(_ => suite.PartnerConnection()).ToArray();
        var cardService = Enumerable.Range(0, clients).Select(_ => suite.Neighbour("gateway", "cardservice")).ToArray();
        using var edge = suite.Neighbour("gateway", "datacore");
        using var vault = suite.Neighbour("cardservice", "datacore");
        using var tokens = CallerTokens.FromFile(suite.Certificates.CallerPrivateKey, TimeProvider.System);

        var holders = new List<Holder>();
        for (var i = 0; i < clients; i++)
        {
            holders.Add(await Register(new AntacaClient(connections[i]), i));
        }
        var numbers = new List<string>();
        for (var i = 0; i < NumbersAtOnce; i++)
        {
            numbers.Add((await holders[0].Partner.CreateVirtualCard(holders[0].UserId, holders[0].BalanceId)).CardNo);
        }

        Way[] ways =
        [
            new("cards, gateway and JWE", [.. Workers(clients).Select(i => (Func<Task>)(() => holders[i].Partner.CreateVirtualCard(holders[i].UserId, holders[i].BalanceId)))]),
            new("cards, CardService alone", [.. Workers(clients).Select(i => (Func<Task>)(() => Issue(cardService[i], tokens, holders[i])))]),
            new("numbers found, DataCore", [.. Workers(clients).Select(_ => Finder(edge, vault, numbers))]),
        ];
        var rounds = ways.ToDictionary(way => way.Name, _ => new List<WayRound>());
        for (var round = -WarmUpRounds; round < Rounds; round++)
        {
            foreach (var way in ways)
            {
                var measured = await way.Run(TimeSpan.FromSeconds(RoundSeconds), suite.ProcessorTimes);
                if (round >= 0)
                {
                    rounds[way.Name].Add(measured);
                }
            }
        }
        Report(rounds, ways, clients);
        foreach (var owned in connections.Cast<IDisposable>().Concat(cardService))
        {
            owned.Dispose();
        }
        return 0;
    }

    private static IEnumerable<int> Workers(int clients) => Enumerable.Range(0, clients * AtOnceOnEach).Select(worker => worker % clients);

    private static void Report(Dictionary<string, List<WayRound>> rounds, Way[] ways, int clients)
    {
        Console.WriteLine();
        Console.WriteLine(Line($"{clients} clients, {AtOnceOnEach} calls at once on each, {Environment.ProcessorCount} cores for everything; medians of {Rounds} rounds of {RoundSeconds} s"));
        Console.WriteLine($"{"",-28}{"per second",12}{"p50 ms",10}{"p99 ms",10}{"busy cores",12}");
        foreach (var way in ways)
        {
            var of = rounds[way.Name];
            Console.WriteLine(Line(
                $"{way.Name,-28}{Median(of, round => round.PerSecond),12:F0}{Median(of, round => round.P50),10:F2}{Median(of, round => round.P99),10:F2}{Median(of, round => round.BusyCores),12:F2}"));
        }
        Console.WriteLine();
        Console.WriteLine("processor ms for one call");
        foreach (var way in ways)
        {
            var of = rounds[way.Name];
            var parts = of[0].ProcessorMilliseconds.Keys
                .Select(name => (Name: name, Cost: Median(of, round => round.ProcessorMilliseconds[name])))
                .OrderByDescending(part => part.Cost)
                .Where(part => part.Cost >= 0.005);
            Console.WriteLine(Line($"{way.Name,-28}") + string.Join(", ", parts.Select(part => Line($"{part.Name} {part.Cost:F2}"))));
        }
        Console.WriteLine();
        Console.WriteLine(Line(
            $"gateway and JWE / CardService alone: {Of(ways[0]) / Of(ways[1]):F2} (pair by pair {string.Join(" ", rounds[ways[0].Name].Zip(rounds[ways[1].Name], (outside, inside) => Line($"{outside.PerSecond / inside.PerSecond:F2}")))}); numbers found / cards: {Of(ways[2]) / Of(ways[0]):F1}"));

        double Of(Way way) => Median(rounds[way.Name], round => round.PerSecond);
    }

    private static double Median(IEnumerable<WayRound> rounds, Func<WayRound, double> figure)
    {
        var sorted = rounds.Select(figure).Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A verified user with an open balance.</summary>
    private static async Task<Holder> Register(AntacaClient partner, int number)
    {
        var user = await partner.CreateUser(new NewUser
        {
            ProgramId = _program,
            Phone = string.Create(CultureInfo.InvariantCulture, $"+48500{number:000000}"),
            Email = string.Create(CultureInfo.InvariantCulture, $"bench{number}@example.com"),
            FirstName = "Ada",
            LastName = "Lovelace",
            BirthDate = new DateOnly(1980, 12, 10),
            Nationality = "PL",
            Address = new Address("Prosta 1", "Warszawa", "00-001", "PL"),
        });
        await partner.SetKyc(user.Id, KycOutcome.Accepted, "bench");
        return new Holder(partner, user.Id, (await partner.OpenBalance(user.Id)).Id);
    }

    /// <summary>The same request as the gateway would send on, with a key of its own and the caller's token.</summary>
    private static async Task Issue(HttpClient cardService, CallerTokens tokens, Holder holder)
    {
        var caller = new Caller { Channel = Channel.Secure, PartnerId = _partner, UserId = holder.UserId };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/cards/virtual")
        {
            Content = JsonContent.Create(new { balanceId = holder.BalanceId }),
            Version = HttpVersion.Version20,
        };
        request.Headers.TryAddWithoutValidation(CallerTokens.Header, tokens.Sign(caller, "cardservice"));
        request.Headers.TryAddWithoutValidation(Idempotency.Header, Guid.CreateVersion7().ToString());
        using var answer = await cardService.SendAsync(request);
        await Expect(answer, HttpStatusCode.Created);
    }

    /// <summary>A reference works once, so the edge makes some for every few calls: the time of that is in the rate, and in one of so many latencies.</summary>
    private static Func<Task> Finder(HttpClient edge, HttpClient vault, List<string> numbers)
    {
        var references = new Queue<VaultReference>();
        var secrets = numbers.Select(number => new SecretValue("cardNo", number)).ToList();
        return async () =>
        {
            if (references.Count == 0)
            {
                using var made = await edge.PostAsJsonAsync("/internal/vault/references", new CreateReferences("bench", secrets), JsonSerializerOptions.Web);
                await Expect(made, HttpStatusCode.OK);
                foreach (var reference in (await made.Content.ReadFromJsonAsync<CreatedReferences>(JsonSerializerOptions.Web))!.References)
                {
                    references.Enqueue(reference);
                }
            }
            using var found = await vault.PostAsJsonAsync("/internal/vault/identify", new IdentifyCard("bench", references.Dequeue(), null, null), JsonSerializerOptions.Web);
            await Expect(found, HttpStatusCode.OK);
        };
    }

    private static async Task Expect(HttpResponseMessage answer, HttpStatusCode status)
    {
        if (answer.StatusCode != status)
        {
            throw new InvalidOperationException($"{answer.RequestMessage!.RequestUri!.AbsolutePath} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }
    }

    private sealed record Holder(AntacaClient Partner, Guid UserId, Guid BalanceId);
}
