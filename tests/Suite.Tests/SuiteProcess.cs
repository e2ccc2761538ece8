using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Antaca.Client;
using Antaca.LocalHosting;
using Antaca.TestKit;

namespace Antaca.Suite.Tests;

/// <summary>The whole suite as its users run it: the AppHost's process and what it starts, in a folder and on ports of its own.</summary>
public sealed class SuiteProcess : IAsyncDisposable
{
    private static readonly TimeSpan _startBound = TimeSpan.FromSeconds(240);

    /// <summary>Runs the AppHost until it ends, or until our end of the pipe closes, however this process ends.</summary>
    private const string EndWithTheTest =
        """
        dotnet "$1" & host=$!
        { while read -r _; do :; done; kill -TERM $host; } <&0 >/dev/null 2>&1 & watch=$!
        wait $host; kill $watch
        """;

    private readonly int _portBase = FreePortBase();
    private Process? _host;

    public SuiteProcess()
    {
        Folder = Directory.CreateTempSubdirectory("antaca-suite-").FullName;
    }

    public string Folder { get; }

    /// <summary>Set before <see cref="Start"/>: where traces and metrics go.</summary>
    public Uri? Collector { get; set; }

    public Uri PartnerAddress => new($"https://localhost:{_portBase + 444}");

    public Uri PublicAddress => new($"https://localhost:{_portBase + 443}");

    public RunFile Run => RunFile.Read(Folder) ?? throw new InvalidOperationException("Nothing runs.");

    /// <summary>Starts the AppHost and returns when all is healthy.</summary>
    public async Task Start()
    {
        var configuration = AppContext.BaseDirectory.Contains("debug", StringComparison.OrdinalIgnoreCase) ? "debug" : "release";
        var host = Path.Combine(Root(), "artifacts", "bin", "AppHost", configuration, "Antaca.AppHost.dll");
        var start = new ProcessStartInfo("bash", ["-c", EndWithTheTest, "bash", host])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ANTACA_STATE"] = Folder, ["ANTACA_PORT_BASE"] = $"{_portBase}", ["DOTNET_ENVIRONMENT"] = "Development" },
        };
        if (Collector is not null)
        {
            start.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = Collector.ToString();
        }
        _host = Process.Start(start)!;
        _host.OutputDataReceived += (_, line) => Said(line.Data);
        _host.ErrorDataReceived += (_, line) => Said(line.Data);
        _host.BeginOutputReadLine();
        _host.BeginErrorReadLine();

        var since = Stopwatch.GetTimestamp();
        while (RunFile.Read(Folder) is not { State: RunState.Running } run || !Alive(run.Pid))
        {
            if (_host.HasExited || Stopwatch.GetElapsedTime(since) > _startBound)
            {
                throw new InvalidOperationException("The suite did not start:\n" + Console());
            }
            await Task.Delay(100);
        }
    }

    /// <summary>What the AppHost printed.</summary>
    public string Console() => File.Exists(ConsoleFile) ? File.ReadAllText(ConsoleFile) : "";

    /// <summary>Sends SIGTERM and waits for the end.</summary>
    public Task Stop() => End("TERM");

    public Task KillHost() => End("KILL");

    /// <summary>The pids of everything that runs for this suite: whatever names its folder or was recorded by it.</summary>
    public IReadOnlyList<int> Pids() => [.. Run.Resources.SelectMany(resource => resource.Processes).Select(process => process.Pid).OfType<int>()];

    public int PidOf(string resource) => FindPidOf(resource) ?? throw new InvalidOperationException($"{resource} does not run.");

    /// <summary>Null between two processes of a resource that is started again.</summary>
    public int? FindPidOf(string resource) => Run.Resources.Single(found => found.Name == resource).Processes.FirstOrDefault(process => process.Pid is not null)?.Pid;

    public static void Signal(string signal, int pid)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{pid}"]);
        kill.WaitForExit();
    }

    /// <summary>A zombie, which only waits for its parent to look, is gone.</summary>
    public static bool Alive(int pid)
    {
        try
        {
            return !File.ReadLines($"/proc/{pid}/status").Any(line => line.StartsWith("State:\tZ", StringComparison.Ordinal));
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return false;
        }
    }

    public AntacaConnection PartnerConnection(Action<Exchange>? observe = null, int attempts = 4) => Connect("partner", observe, attempts);

    /// <summary>For apps and operators.</summary>
    public AntacaConnection PublicConnection() => new(AntacaConnectionOptions.WithoutCertificate(PublicAddress, Path.Combine(Folder, "sandbox", "ca.pem")));

    public AntacaConnection ProcessorConnection(Action<Exchange>? observe = null, int attempts = 4) => Connect("processor", observe, attempts);

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await Stop();
        }
        // As root the cluster may be elsewhere, where the system user postgres can reach it.
        var elsewhere = Path.Combine(Folder, "postgres", "cluster-is-in");
        if (File.Exists(elsewhere))
        {
            Directory.Delete(File.ReadAllText(elsewhere).Trim(), recursive: true);
        }
        Directory.Delete(Folder, recursive: true);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Antaca.sln")))
        {
            folder = folder.Parent;
        }
        return folder.FullName;
    }

    private static int FreePortBase()
    {
        for (var candidate = 21_000 + (500 * Random.Shared.Next(10)); candidate < 32_000; candidate += 500)
        {
            if (IsFree(candidate + 443) && IsFree(candidate + 444) && Enumerable.Range(candidate + 10, 40).All(IsFree))
            {
                return candidate;
            }
        }
        throw new InvalidOperationException("No free ports.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string ConsoleFile => Path.Combine(Folder, "console.log");

    private async Task End(string signal)
    {
        Signal(signal, Run.Pid);
        await _host!.WaitForExitAsync();
        _host.Dispose();
        _host = null;
    }

    private void Said(string? line)
    {
        if (line is not null)
        {
            lock (this)
            {
                File.AppendAllText(ConsoleFile, line + "\n");
            }
        }
    }

    private AntacaConnection Connect(string who, Action<Exchange>? observe, int attempts)
    {
        var sandbox = Path.Combine(Folder, "sandbox");
        return new AntacaConnection(AntacaConnectionOptions.FromPem(
            PartnerAddress, Path.Combine(sandbox, who + ".pem"), Path.Combine(sandbox, who + ".key"), Path.Combine(sandbox, "ca.pem")) with
        {
            Observe = observe,
            MaxAttempts = attempts,
        });
    }
}
