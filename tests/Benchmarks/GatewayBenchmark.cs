using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Antaca.LocalHosting;
using Antaca.ServiceDefaults;

namespace Antaca.Benchmarks;

/// <summary>
/// The gateway on an authenticated route against a bare YARP proxy with the same TLS and against the backend called directly:
/// requests a second, latencies, and processor time for one request. The three take turns, and every figure is a median of
/// the rounds; on a shared machine only the ratios mean anything. All four processes and the load share the machine's cores.
/// </summary>
internal static class GatewayBenchmark
{
    private const int Rounds = 5;
    private const int RoundSeconds = 3;
    private const int WarmUpRounds = 4;
    private const int StartSeconds = 60;

    private static readonly Guid _customer = Guid.CreateVersion7();

    public static async Task<int> Run()
    {
        var folder = Directory.CreateTempSubdirectory("antaca-bench-").FullName;
        try
        {
            var place = new Place(folder, Ports.Free(Place.Ports).Min());
            var own = typeof(GatewayBenchmark).Assembly.Location;
            var gatewayProgram = Path.Combine(AppContext.BaseDirectory, "..", "..", "Gateway", "release", "Antaca.Gateway.dll");
            using var backend = await Start(own, ["backend", .. place.Arguments], place.BackendPort);
            using var bare = await Start(own, ["bare-proxy", .. place.Arguments], place.BareProxyPort);
            using var gateway = await Start(gatewayProgram, GatewayArguments(place), place.GatewayPublicPort);
            try
            {
                await Report("/secure, by client certificate", place, backend, bare, gateway, place.GatewayPartnersPort, $"/secure/customers/{_customer}/cards", bearer: null);
                await Report(
                    "/customers, by session token",
                    place,
                    backend,
                    bare,
                    gateway,
                    place.GatewayPublicPort,
                    "/customers/me/cards",
                    Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));
            }
            finally
            {
                gateway.Kill();
                bare.Kill();
                backend.Kill();
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    private static async Task Report(string title, Place place, Process backend, Process bare, Process gateway, int gatewayPort, string path, string? bearer)
    {
        var partner = Path.Combine(place.Certificates.Sandbox, "partner.pem");
        using var shown = bearer is null ? ServiceIdentity.ReadPair(partner, Path.ChangeExtension(partner, ".key")) : null;
        (string Name, Process Process, Load Load)[] ways =
        [
            ("direct", backend, new Load(place, $"https://localhost:{place.BackendPort}/cards", shown, bearer)),
            ("bare YARP", bare, new Load(place, $"https://localhost:{place.BareProxyPort}/cards", shown, bearer)),
            ("gateway", gateway, new Load(place, $"https://localhost:{gatewayPort}{path}", shown, bearer)),
        ];
        var rounds = ways.ToDictionary(way => way.Name, _ => new List<Round>());
        for (var round = -WarmUpRounds; round < Rounds; round++)
        {
            foreach (var way in ways)
            {
                var measured = await way.Load.Run(TimeSpan.FromSeconds(RoundSeconds), way.Process);
                if (round >= 0)
                {
                    rounds[way.Name].Add(measured);
                }
            }
        }

        Console.WriteLine();
        Console.WriteLine(title);
        Console.WriteLine($"{"",-12}{"requests/s",12}{"p50 ms",10}{"p99 ms",10}{"cpu ms/req",12}");
        foreach (var (name, _, load) in ways)
        {
            var of = rounds[name];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-12}{Median(of, round => round.PerSecond),12:F0}{Median(of, round => round.P50),10:F2}{Median(of, round => round.P99),10:F2}{Median(of, round => round.ProcessorMilliseconds),12:F3}"));
            load.Dispose();
        }
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"gateway / bare YARP: requests/s {Ratio("bare YARP"):F2} (pair by pair {string.Join(" ", Pairs().Select(pair => pair.ToString("F2", CultureInfo.InvariantCulture)))}); gateway / direct: {Ratio("direct"):F2}"));

        double Ratio(string other) => Median(rounds["gateway"], round => round.PerSecond) / Median(rounds[other], round => round.PerSecond);

        IEnumerable<double> Pairs() => rounds["gateway"].Zip(rounds["bare YARP"], (ours, bare) => ours.PerSecond / bare.PerSecond);
    }

    private static double Median(IEnumerable<Round> rounds, Func<Round, double> figure)
    {
        var sorted = rounds.Select(figure).Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    /// <summary>Starts a process and waits until it listens. Its log goes nowhere.</summary>
    private static async Task<Process> Start(string program, string[] arguments, int port)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var since = Stopwatch.GetTimestamp();
        while (Ports.IsFree(port))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(since).TotalSeconds > StartSeconds)
            {
                throw new InvalidOperationException($"{Path.GetFileName(program)} {arguments[0]} did not start.");
            }
            await Task.Delay(100);
        }
        return process;
    }

    private static string[] GatewayArguments(Place place) =>
    [
        "--environment=Development",
        $"--Identity:Certificate={place.Certificates.CertificateOf("gateway")}",
        $"--Identity:Key={place.Certificates.KeyOf("gateway")}",
        $"--Identity:Authority={place.Certificates.InternalAuthority}",
        $"--CallerTokens:PrivateKey={place.Certificates.CallerPrivateKey}",
        $"--Edge:Certificate={place.Certificates.EdgeCertificate}",
        $"--Edge:Key={place.Certificates.EdgeKey}",
        $"--Edge:PartnerAuthority={place.Certificates.PartnerAuthority}",
        $"--Encryption:KeyFolder={place.Certificates.EncryptionKeys}",
        $"--Ports:Public={place.GatewayPublicPort}",
        $"--Ports:Partners={place.GatewayPartnersPort}",
        $"--Ports:Health={place.GatewayHealthPort}",
        // Nothing of the measured calls goes there: the gateway serves without a broker.
        $"--ConnectionStrings:messaging=amqp://nobody:nothing@localhost:{place.AwayPort}",
        $"--services:{Place.Identifier}:https:0=https://localhost:{place.IdentifierPort}",
        $"--services:{Place.MeasuredService}:https:0=https://localhost:{place.BackendPort}",
        $"--services:balanceservice:https:0=https://localhost:{place.AwayPort}",
        $"--services:kycservice:https:0=https://localhost:{place.AwayPort}",
        $"--services:notifications:https:0=https://localhost:{place.AwayPort}",
        "--Logging:LogLevel:Default=Error",
        // One caller sends more than any may: the limit is counted, and not reached.
        "--Limits:PartnerPerSecond=1000000",
        "--Limits:PartnerBurst=1000000",
        "--Limits:UserPerSecond=1000000",
        "--Limits:UserBurst=1000000",
    ];
}
