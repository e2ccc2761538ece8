using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Antaca.AppHost;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Rates;
using Antaca.Contracts.Requests;
using Antaca.LocalHosting;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Antaca.Benchmarks;

/// <summary>
/// Authorisations that hold money a second, as multiples of the TPC-B transactions a second that pgbench reaches on the same durable
/// cluster in the same run: the hold engine in this process, BalanceService over its own port, and the engine again over full
/// tables. All users are one partner's, whose own account every hold touches. After each run the books are summed up, and every
/// answer that was given is looked for.
/// </summary>
internal static class LedgerBenchmark
{
    private const int Users = 50_000;
    private const int ManyCallers = 256;
    private const int FewCallers = 16;
    private const int HttpCallers = 64;
    private const int HttpConnections = 4;
    private const int DefaultSeconds = 20;
    private const int WarmUpSeconds = 3;
    private const int DefaultRows = 2_000_000;
    private const int FullRows = 20_000_000;
    private const int DefaultRowsOfBalance = 10;
    private const int FullBalances = 1_000_000;
    private const int LargestAmount = 100;

    private static readonly MerchantFacts _merchant = new("500123", "Corner shop", "5411", "PL");

    public static async Task<int> Run(string[] typed)
    {
        var options = new Options(typed, "--seconds", "--rows", "--full");
        var seconds = options.Number("--seconds", DefaultSeconds);
        var rowsThen = options.Has("--full") ? FullRows : options.Number("--rows", DefaultRows);
        var balancesThen = options.Has("--full") ? FullBalances : Math.Max(Users, rowsThen / DefaultRowsOfBalance);

        var folder = Directory.CreateTempSubdirectory("antaca-bench-").FullName;
        try
        {
            await using var postgres = await PostgresServer.Start(Path.Combine(folder, "postgres"), new PostgresOptions { Durable = true, RemoveOnDispose = true });
            var database = await postgres.CreateDatabase("balances");
            var pgbench = await Pgbench.Prepare(postgres.SuperuserConnectionString);
            await using var owner = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { CommandTimeout = 0, IncludeErrorDetail = true });
            await using var engine = await Engine.Start(database);
            var rows = new LedgerRows(owner, Guid.CreateVersion7(), Guid.CreateVersion7());
            var bench = new Bench(owner, postgres.SuperuserConnectionString, await Pgbench.PostmasterOf(postgres.SuperuserConnectionString), rows, seconds);

            await Fill(rows, Users, 0);
            var before = await pgbench.Run(seconds);
            Say($"pgbench: {before:F0} a second");
            await bench.Measure("hold engine", "engine-many", ManyCallers, engine.Decide, "engine and load", null);
            await bench.Measure("hold engine", "engine-few", FewCallers, engine.Decide, "engine and load", null);
            await MeasureOverHttps(bench, folder, database);
            var after = await pgbench.Run(seconds);
            Say($"pgbench: {after:F0} a second");
            if (rowsThen > 0)
            {
                await Fill(rows, balancesThen, rowsThen);
                await bench.Measure("hold engine, full tables", "full-many", ManyCallers, engine.Decide, "engine and load", null);
                await bench.Measure("hold engine, full tables", "full-few", FewCallers, engine.Decide, "engine and load", null);
            }
            Report(bench.Measured, before, after, rows, seconds);
            return bench.Measured.All(measured => measured.Faults.Count == 0) ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureOverHttps(Bench bench, string folder, string database)
    {
        var certificates = Certificates.Keep(folder, ["datacore", "balanceservice", "cardservice", "kycservice", "notifications", "gateway"], TimeProvider.System);
        await using var service = await BalanceServiceProcess.Start(certificates, database);
        var connections = Enumerable.Range(0, HttpConnections).Select(_ => service.Connect("cardservice")).ToArray();
        await bench.Measure("BalanceService over HTTPS", "https", HttpCallers, Ask, "load", service.ProcessId);
        foreach (var connection in connections)
        {
            connection.Dispose();
        }

        async Task<Guid> Ask(int caller, DecideAuthorisation asked)
        {
            using var answer = await connections[caller % HttpConnections].PostAsJsonAsync("/internal/authorisations", asked, JsonSerializerOptions.Web);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                throw new InvalidOperationException($"An authorisation was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            }
            var decided = (await answer.Content.ReadFromJsonAsync<AuthorisationDecided>(JsonSerializerOptions.Web))!;
            return decided.Approved ? decided.AuthorizationId : throw new InvalidOperationException($"An authorisation was declined: {decided.Reason}");
        }
    }

    private static async Task Fill(LedgerRows rows, int balances, long entries)
    {
        var filling = Stopwatch.GetTimestamp();
        await rows.Fill(balances, entries);
        Say($"{rows.Spenders.Count} balances and {rows.Entries} entries are there, filled in and analysed in {Stopwatch.GetElapsedTime(filling).TotalSeconds:F0} s");
    }

    private static void Report(List<Measured> all, double before, double after, LedgerRows rows, int seconds)
    {
        var unit = (before + after) / 2;
        Console.WriteLine();
        Say($"{Pgbench.Described}: {before:F0} a second before, {after:F0} after; x is their mean, {unit:F0}");
        Say($"{Users} users of one partner, then {rows.Spenders.Count} with {rows.Entries} entries; {seconds} s each after {WarmUpSeconds} s of warming up; {Environment.ProcessorCount} cores for everything");
        Console.WriteLine($"{"",-28}{"callers",9}{"per second",12}{"x pgbench",11}{"x empty",9}{"p50 ms",9}{"p99 ms",9}{"busy cores",12}  books");
        foreach (var one in all)
        {
            var empty = all.Find(other => other != one && other.Name == "hold engine" && other.Callers == one.Callers && one.Name != other.Name);
            var ofEmpty = one.Name.StartsWith("hold engine,", StringComparison.Ordinal) && empty is not null ? Text($"{one.Round.PerSecond / empty.Round.PerSecond:F2}") : "";
            Say($"{one.Name,-28}{one.Callers,9}{one.Round.PerSecond,12:F0}{one.Round.PerSecond / unit,11:F2}{ofEmpty,9}{one.Round.P50,9:F2}{one.Round.P99,9:F2}{one.Round.BusyCores,12:F2}  {(one.Faults.Count == 0 ? "hold" : string.Join("; ", one.Faults))}");
        }
        Console.WriteLine();
        Console.WriteLine("processor ms for one hold");
        foreach (var one in all)
        {
            var parts = one.Round.ProcessorMilliseconds.OrderByDescending(part => part.Value).Select(part => Text($"{part.Key} {part.Value:F3}"));
            Say($"{one.Name,-28}{one.Callers,9}  {string.Join(", ", parts)}");
        }
        Console.WriteLine();
        Console.WriteLine("No broker listens: the outbox keeps the events, which are written all the same and not sent.");
    }

    private static void Say(FormattableString text) => Console.WriteLine(Text(text));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <param name="Faults">What of the books did not hold after it.</param>
    private sealed record Measured(string Name, int Callers, WayRound Round, IReadOnlyList<string> Faults);

    /// <summary>What all measurements have in common.</summary>
    private sealed class Bench(NpgsqlDataSource owner, string superuser, int postmaster, LedgerRows rows, int seconds)
    {
        public List<Measured> Measured { get; } = [];

        /// <param name="processor">Names this run's authorisations in the ledger.</param>
        /// <param name="decide">By which caller, and what: the id of the approval.</param>
        /// <param name="ours">What this process is, besides the load.</param>
        /// <param name="service">Another process that takes part.</param>
        public async Task Measure(string name, string processor, int callers, Func<int, DecideAuthorisation, Task<Guid>> decide, string ours, int? service)
        {
            var acknowledged = Enumerable.Range(0, callers).Select(_ => new List<(string TransactionId, Guid Id)>()).ToArray();
            var way = new Way(name, [.. Enumerable.Range(0, callers).Select(Caller)]);
            await Pgbench.Checkpoint(superuser);
            await way.Run(TimeSpan.FromSeconds(WarmUpSeconds), ProcessorTimes);
            var round = await way.Run(TimeSpan.FromSeconds(seconds), ProcessorTimes);

            var faults = (await LedgerRows.Faults(owner)).ToList();
            if (!await LedgerRows.HasJust(owner, processor, acknowledged.SelectMany(of => of).ToDictionary(one => one.TransactionId, one => one.Id)))
            {
                faults.Add("answers that are not in the ledger once");
            }
            Measured.Add(new Measured(name, callers, round, faults));
            Say($"{name}, {callers} callers: {round.PerSecond:F0} a second, p99 {round.P99:F2} ms");

            Func<Task> Caller(int caller) => async () =>
            {
                var spender = rows.Spenders[Random.Shared.Next(rows.Spenders.Count)];
                var transactionId = Text($"{caller}-{acknowledged[caller].Count}");
                var asked = new DecideAuthorisation(
                    processor, transactionId, "Purchase", rows.PartnerId, spender.UserId, spender.BalanceId, spender.CardId,
                    Random.Shared.Next(1, LargestAmount + 1), LedgerRows.Currency, _merchant, "Pos", TimeProvider.System.GetUtcNow(), Decline: null);
                acknowledged[caller].Add((transactionId, await decide(caller, asked)));
            };

            IReadOnlyDictionary<string, double> ProcessorTimes()
            {
                using var us = Process.GetCurrentProcess();
                var times = new Dictionary<string, double> { [ours] = us.TotalProcessorTime.TotalMilliseconds, ["postgres"] = ProcessorTime.OfFamily(postmaster) };
                if (service is { } pid)
                {
                    times["balanceservice"] = ProcessorTime.OfFamily(pid);
                }
                return times;
            }
        }
    }

    /// <summary>The hold engine in this process, on the pool, with the migrations and under the rights that the service gives it.</summary>
    private sealed class Engine : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly HoldEngine _engine;

        private Engine(WebApplication app)
        {
            _app = app;
            _engine = app.Services.GetRequiredService<HoldEngine>();
        }

        public static async Task<Engine> Start(string database)
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:database", database)]);
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            builder.Services.AddRoutingCore();
            builder.Services.AddLogging();
            builder.Services.AddSingleton<TimeProvider>(new Clock());
            builder.AddDatabase("balances_requests", typeof(HoldEngine).Assembly);
            builder.Services.AddSingleton<ExchangeRates>();
            builder.Services.AddSingleton<HoldEngine>();
            builder.Services.AddHostedService(services => services.GetRequiredService<HoldEngine>());
            var app = builder.Build();
            await app.StartAsync();
            return new Engine(app);
        }

        public async Task<Guid> Decide(int caller, DecideAuthorisation asked)
        {
            var decided = await _engine.Decide(asked);
            return decided.Answer is { Approved: true } answer
                ? answer.Id
                : throw new InvalidOperationException($"An authorisation ended as {decided.Kind}: {decided.Answer?.Reason}");
        }

        public async ValueTask DisposeAsync()
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }
}
