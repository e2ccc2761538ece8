using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Antaca.AppHost;
using Antaca.Contracts.Requests;
using Antaca.LocalHosting;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;

namespace Antaca.Benchmarks;

/// <summary>
/// A vault of many card numbers, re-encrypted under a new key by two replicas of DataCore while one of them issues and reveals
/// cards without a pause. The other one is killed twice on the way, as a machine would die, and started again. At the end every
/// number is opened and compared. Prints the progress, the rate, and what those who were served meanwhile felt of it.
/// </summary>
internal static class VaultBenchmark
{
    private const int DefaultRecords = 100_000;
    private const int QuietSeconds = 5;
    private const int StartSeconds = 60;
    private const int PollMilliseconds = 100;

    private static readonly Guid _partner = new("0190a000-0000-7000-8000-000000000001");
    private static readonly Guid _program = new("0190a000-0000-7000-8000-000000000003");

    public static async Task<int> Run(string[] options)
    {
        var count = options is ["--records", var number] ? int.Parse(number, CultureInfo.InvariantCulture) : DefaultRecords;
        var folder = Directory.CreateTempSubdirectory("antaca-bench-").FullName;
        try
        {
            await using var postgres = await PostgresServer.Start(Path.Combine(folder, "postgres"), new PostgresOptions { RemoveOnDispose = true });
            var database = await postgres.CreateDatabase("datacore");
            await using var rows = NpgsqlDataSource.Create(postgres.ConnectionString("datacore", "postgres"));
            var certificates = Certificates.Keep(folder, ["datacore", "balanceservice", "cardservice", "kycservice", "notifications", "gateway"], TimeProvider.System);
            await using var serving = await DataCore.Start(certificates, database);
            await using var dying = await DataCore.Start(certificates, database);

            using var records = await VaultRecords.Open(rows, certificates.MasterKey);
            var filling = Stopwatch.GetTimestamp();
            var cards = await records.Fill(_program, count);
            Console.WriteLine(Line($"{count} numbers filled in, in {Stopwatch.GetElapsedTime(filling).TotalSeconds:F1} s"));

            var felt = new Felt();
            using var stop = new CancellationTokenSource();
            Task[] served = [Issue(serving, felt, stop.Token), Reveal(serving, felt, cards, 0, stop.Token), Reveal(serving, felt, cards, cards.Length / 2, stop.Token)];
            await Task.Delay(TimeSpan.FromSeconds(QuietSeconds));
            felt.Report("before");
            var ended = await Rotate(serving, dying, certificates, count);
            felt.Report("during");
            await stop.CancelAsync();
            await Task.WhenAll(served);

            await records.LoadKeys();
            var right = await records.CountRight(ended.GetProperty("toVersion").GetInt32());
            Console.WriteLine(Line($"opened and compared: {right} of {count} right; calls that failed: {felt.Failed}"));
            Console.WriteLine(ended.GetProperty("keys").ToString());
            return right == count && felt.Failed == 0 && ended.GetProperty("state").GetString() == "Done" ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<JsonElement> Rotate(DataCore serving, DataCore dying, Certificates certificates, int count)
    {
        using var tokens = CallerTokens.FromFile(certificates.CallerPrivateKey, TimeProvider.System);
        using var edge = serving.Neighbour("gateway");
        await Call(HttpMethod.Post, HttpStatusCode.Accepted);
        var killsAt = new Queue<long>([count / 3, count * 2L / 3]);
        var printed = Stopwatch.GetTimestamp();
        while (true)
        {
            var status = await Call(HttpMethod.Get, HttpStatusCode.OK);
            var (done, ended) = (status.GetProperty("done").GetInt64(), status.GetProperty("finishedAt").ValueKind == JsonValueKind.String);
            if (ended || Stopwatch.GetElapsedTime(printed).TotalSeconds >= 1)
            {
                printed = Stopwatch.GetTimestamp();
                Console.WriteLine(Line($"{status.GetProperty("state").GetString()}: {done} of {status.GetProperty("total").GetInt64()}, {Rate(status):F0} a second"));
            }
            if (ended)
            {
                return status;
            }
            if (killsAt.TryPeek(out var at) && done >= at)
            {
                killsAt.Dequeue();
                Console.WriteLine(Line($"killing a replica at {done}"));
                await dying.KillAndRestart();
            }
            await Task.Delay(PollMilliseconds);
        }

        async Task<JsonElement> Call(HttpMethod method, HttpStatusCode expected)
        {
            using var request = new HttpRequestMessage(method, "/vault/rotation") { Version = HttpVersion.Version20 };
            var admin = new Caller { Channel = Channel.Admin, OperatorId = _partner, SessionId = _partner, Role = Role.Admin };
            request.Headers.TryAddWithoutValidation(CallerTokens.Header, tokens.Sign(admin, "datacore"));
            using var answer = await edge.SendAsync(request);
            return answer.StatusCode == expected
                ? await answer.Content.ReadFromJsonAsync<JsonElement>()
                : throw new InvalidOperationException($"The rotation answered {(int)answer.StatusCode}.");
        }
    }

    private static double Rate(JsonElement status) => status.GetProperty("perSecond") is { ValueKind: JsonValueKind.Number } rate ? rate.GetDouble() : 0;

    private static async Task Issue(DataCore at, Felt felt, CancellationToken stop)
    {
        using var cardService = at.Neighbour("cardservice");
        while (!stop.IsCancellationRequested)
        {
            await felt.Time("issue", () => cardService.PostAsJsonAsync(
                "/internal/vault/cards", new AllocatePan(Guid.CreateVersion7(), _partner, _program, new DateOnly(2029, 11, 30), "bench"), JsonSerializerOptions.Web, CancellationToken.None));
        }
    }

    private static async Task Reveal(DataCore at, Felt felt, Guid[] cards, int from, CancellationToken stop)
    {
        using var cardService = at.Neighbour("cardservice");
        for (var i = from; !stop.IsCancellationRequested; i++)
        {
            await felt.Time("reveal", () => cardService.PostAsJsonAsync(
                "/internal/vault/cards/reveal", new RevealCard(cards[i % cards.Length], _partner, "bench"), JsonSerializerOptions.Web, CancellationToken.None));
        }
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>What callers got, and how long they waited.</summary>
    private sealed class Felt
    {
        private readonly ConcurrentQueue<(string What, double Milliseconds)> _times = new();
        private int _failed;

        public int Failed => _failed;

        public async Task Time(string what, Func<Task<HttpResponseMessage>> call)
        {
            var sent = Stopwatch.GetTimestamp();
            using var answer = await call();
            _times.Enqueue((what, Stopwatch.GetElapsedTime(sent).TotalMilliseconds));
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                Interlocked.Increment(ref _failed);
            }
        }

        /// <summary>Of everything since the last report.</summary>
        public void Report(string when)
        {
            var times = new List<(string What, double Milliseconds)>();
            while (_times.TryDequeue(out var time))
            {
                times.Add(time);
            }
            foreach (var of in times.GroupBy(time => time.What).OrderBy(group => group.Key, StringComparer.Ordinal))
            {
                var sorted = of.Select(time => time.Milliseconds).Order().ToArray();
                Console.WriteLine(Line($"{when}: {sorted.Length} x {of.Key}, p50 {sorted[sorted.Length / 2]:F2} ms, p99 {sorted[(int)(sorted.Length * 0.99)]:F2} ms, longest {sorted[^1]:F1} ms"));
            }
        }
    }

    /// <summary>A replica of the service, as a process, without neighbours and broker: nothing that is measured needs them.</summary>
    private sealed class DataCore : IAsyncDisposable
    {
        private readonly Certificates _certificates;
        private readonly X509Certificate2 _internal;
        private readonly string[] _arguments;
        private readonly int _port;
        private Process _process = null!;

        private DataCore(Certificates certificates, string database)
        {
            _certificates = certificates;
            _internal = X509CertificateLoader.LoadCertificateFromFile(certificates.InternalAuthority);
            var ports = Ports.Free(3);
            _port = ports[0];
            var away = Text(ports[2]);
            _arguments =
            [
                "--environment=Development",
                $"--Identity:Certificate={certificates.CertificateOf("datacore")}",
                $"--Identity:Key={certificates.KeyOf("datacore")}",
                $"--Identity:Authority={certificates.InternalAuthority}",
                $"--CallerTokens:PublicKey={certificates.CallerPublicKey}",
                $"--Ports:Api={Text(ports[0])}",
                $"--Ports:Health={Text(ports[1])}",
                $"--ConnectionStrings:database={database}",
                $"--ConnectionStrings:messaging=amqp://nobody:nothing@localhost:{away}",
                .. new[] { "balanceservice", "cardservice", "notifications" }.Select(name => $"--services:{name}:https:0=https://localhost:{away}"),
                $"--Vault:MasterKeyFile={certificates.MasterKey}",
                $"--Certificates:Authority={certificates.PartnerAuthority}",
                $"--Certificates:AuthorityKey={certificates.PartnerAuthorityKey}",
                $"--Operators:PanelAddress=https://localhost:{away}",
                $"--Sandbox:Folder={certificates.Sandbox}",
                $"--Sandbox:PublicAddress=https://localhost:{away}",
                $"--Sandbox:PartnerAddress=https://localhost:{away}",
                "--Logging:LogLevel:Default=Error",
            ];
        }

        public static async Task<DataCore> Start(Certificates certificates, string database)
        {
            var replica = new DataCore(certificates, database);
            await replica.Begin();
            return replica;
        }

        public HttpClient Neighbour(string name) => Neighbours.Connect(_certificates, _internal, name, new Uri($"https://localhost:{Text(_port)}"));

        /// <summary>SIGKILL, at once; and a new process, which is not waited for.</summary>
        public async Task KillAndRestart()
        {
            await DisposeAsync();
            Launch();
        }

        public async ValueTask DisposeAsync()
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        private async Task Begin()
        {
            Launch();
            var since = Stopwatch.GetTimestamp();
            while (Ports.IsFree(_port))
            {
                if (_process.HasExited || Stopwatch.GetElapsedTime(since).TotalSeconds > StartSeconds)
                {
                    throw new InvalidOperationException("DataCore did not start.");
                }
                await Task.Delay(PollMilliseconds);
            }
        }

        private void Launch()
        {
            var program = Path.Combine(AppContext.BaseDirectory, "..", "..", "DataCore", "release", "Antaca.DataCore.dll");
            _process = Process.Start(new ProcessStartInfo("dotnet", [program, .. _arguments]) { RedirectStandardOutput = true })!;
            _process.OutputDataReceived += (_, _) => { };
            _process.BeginOutputReadLine();
        }

        private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
    }
}
