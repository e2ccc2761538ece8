using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Antaca.AppHost;
using Antaca.Client;
using Antaca.LocalHosting;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.Benchmarks;

/// <summary>The whole suite as the AppHost runs it, in a folder and on ports of its own: durable databases, one replica of each service.</summary>
internal sealed class RunningSuite : IAsyncDisposable
{
    private const int StartSeconds = 240;
    private const int PortsWide = 500;

    private static readonly string[] _services = ["datacore", "balanceservice", "cardservice", "kycservice", "notifications", "gateway"];

    private readonly string _folder = Directory.CreateTempSubdirectory("antaca-bench-").FullName;
    private readonly int _portBase = FreePortBase();
    private readonly Process _host;
    private readonly X509Certificate2 _internal;

    private RunningSuite()
    {
        Certificates = Certificates.Keep(_folder, _services, TimeProvider.System);
        _internal = X509CertificateLoader.LoadCertificateFromFile(Certificates.InternalAuthority);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "..", "..", "AppHost", "release", "Antaca.AppHost.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ANTACA_STATE"] = _folder,
                ["ANTACA_PORT_BASE"] = _portBase.ToString(CultureInfo.InvariantCulture),
                ["DOTNET_ENVIRONMENT"] = "Development",
                ["Logging__LogLevel__Default"] = "Error",
                // One partner and one processor send more than any may: the limit is counted, and not reached.
                ["Limits__PartnerPerSecond"] = "1000000",
                ["Limits__PartnerBurst"] = "1000000",
                ["Limits__ProcessorPerSecond"] = "1000000",
                ["Limits__ProcessorBurst"] = "1000000",
            },
        };
        _host = Process.Start(start)!;
        _host.OutputDataReceived += (_, _) => { };
        _host.ErrorDataReceived += (_, _) => { };
        _host.BeginOutputReadLine();
        _host.BeginErrorReadLine();
    }

    public Certificates Certificates { get; }

    public static async Task<RunningSuite> Start()
    {
        var suite = new RunningSuite();
        var since = Stopwatch.GetTimestamp();
        while (RunFile.Read(suite._folder) is not { State: RunState.Running })
        {
            if (suite._host.HasExited || Stopwatch.GetElapsedTime(since).TotalSeconds > StartSeconds)
            {
                await suite.DisposeAsync();
                throw new InvalidOperationException("The suite did not start: try ./antaca up.");
            }
            await Task.Delay(100);
        }
        return suite;
    }

    /// <summary>The suite's own cluster, for what no service may: pgbench beside it, and a look at every row.</summary>
    public string SuperuserConnectionString => ConnectionString("postgres");

    /// <summary>A database of the suite's, as the cluster's administrator.</summary>
    public string ConnectionString(string database)
    {
        var passwords = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(_folder, "postgres", "passwords.json")))!;
        var address = new Uri(Resource("postgres").Endpoints.Single().Url);
        return new NpgsqlConnectionStringBuilder
        {
            Host = address.Host,
            Port = address.Port,
            Username = "postgres",
            Password = passwords["postgres"],
            Database = database,
            Pooling = false,
        }.ConnectionString;
    }

    /// <summary>The sandbox partner, on a connection and with an answer key of its own. A call is sent once: what fails shows.</summary>
    public AntacaConnection PartnerConnection() => Connect("partner");

    /// <summary>The sandbox's processor, likewise.</summary>
    public AntacaConnection ProcessorConnection() => Connect("processor");

    /// <summary>A connection to a service's own port, as that neighbour.</summary>
    public HttpClient Neighbour(string neighbour, string service) =>
        Neighbours.Connect(Certificates, _internal, neighbour, new Uri(Resource(service).Endpoints.Single(endpoint => endpoint.Name == "https").Url));

    /// <summary>Milliseconds of processor time until now, by process; the load is this process.</summary>
    public IReadOnlyDictionary<string, double> ProcessorTimes()
    {
        var times = new[] { "gateway", "cardservice", "datacore", "balanceservice", "kycservice", "notifications", "postgres", "messaging" }
            .ToDictionary(name => name, name => ProcessorTime.OfFamily(Resource(name).Processes.First(process => process.Pid is not null).Pid!.Value));
        using var ours = Process.GetCurrentProcess();
        times["load"] = ours.TotalProcessorTime.TotalMilliseconds;
        return times;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_host.HasExited)
        {
            using var stop = Process.Start("kill", ["-TERM", _host.Id.ToString(CultureInfo.InvariantCulture)]);
            await stop.WaitForExitAsync();
            await _host.WaitForExitAsync();
        }
        _host.Dispose();
        RemoveCluster(_folder);
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>As root the cluster may be elsewhere, where the system user postgres can reach it.</summary>
    private static void RemoveCluster(string folder)
    {
        var elsewhere = Path.Combine(folder, "postgres", "cluster-is-in");
        if (File.Exists(elsewhere))
        {
            Directory.Delete(File.ReadAllText(elsewhere).Trim(), recursive: true);
        }
    }

    private AntacaConnection Connect(string who) => new(AntacaConnectionOptions.FromPem(
        new Uri($"https://localhost:{_portBase + 444}"),
        Path.Combine(Certificates.Sandbox, $"{who}.pem"),
        Path.Combine(Certificates.Sandbox, $"{who}.key"),
        Path.Combine(Certificates.Sandbox, "ca.pem")) with
    {
        MaxAttempts = 1,
    });

    private RunResource Resource(string name) => RunFile.Read(_folder)!.Resources.Single(resource => resource.Name == name);

    private static int FreePortBase()
    {
        for (var candidate = 21_000; candidate < 32_000; candidate += PortsWide)
        {
            if (Ports.IsFree(candidate + 443) && Ports.IsFree(candidate + 444) && Enumerable.Range(candidate + 10, 40).All(Ports.IsFree))
            {
                return candidate;
            }
        }
        throw new InvalidOperationException("No free ports.");
    }
}
