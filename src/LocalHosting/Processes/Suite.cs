using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Antaca.LocalHosting;

/// <summary>
/// Runs what AppHost.cs describes: each part once its dependencies are healthy, independent ones at the same time; on a
/// signal everything stops again, dependants first. One run a state folder.
/// </summary>
internal sealed class Suite : IAsyncDisposable
{
    private static readonly TimeSpan LongestWaitForKilledRun = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SameSignal = TimeSpan.FromSeconds(2);

    private readonly RunContext run;
    private readonly List<Part> parts = [];
    private readonly DateTimeOffset startedAt = TimeProvider.System.GetUtcNow();
    private readonly long startedTimestamp = TimeProvider.System.GetTimestamp();
    private readonly RunFileWriter runFile;
    private readonly Dictionary<IResource, Task> starts = [];
    private RunState state = RunState.Starting;

    private Suite(Description description, string stateFolder)
    {
        runFile = new RunFileWriter(stateFolder, Snapshot);
        run = new RunContext(description, stateFolder, new Screen(Names(description)), runFile.Changed);
        var ports = Ports.FromEnvironment();
        foreach (var resource in description.Resources)
        {
            Part part = resource switch
            {
                PostgresServerResource server => new PostgresPart(run, server, ports),
                PostgresDatabaseResource database => new DatabasePart(run, database),
                RabbitMQServerResource broker => new RabbitMqPart(run, broker, ports),
                ProjectResource project => new ProjectPart(run, project, ports),
                _ => throw new DistributedApplicationException($"LocalHosting cannot run {resource.Name} ({resource.GetType().Name})."),
            };
            parts.Add(part);
            run.Parts.Add(resource, part);
        }
    }

    public static async Task Run(Description description, CancellationToken cancel)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new DistributedApplicationException("LocalHosting runs on Linux; elsewhere build with -p:Aspire=true and use Aspire.");
        }
        var stateFolder = StateFolder.Find(AppContext.BaseDirectory);
        if (!Directory.Exists(stateFolder))
        {
            // Others may pass through (PostgreSQL's system user must), not look around.
            Files.MakeFolder(stateFolder, Files.ThroughFolder);
        }
        using var held = Hold(stateFolder);
        if (held is null)
        {
            Console.WriteLine($"Antaca is already running{(RunFile.Read(stateFolder) is { } other ? $" (process {other.Pid})" : "")}. Stop it with: ./antaca down");
            return;
        }
        Files.MakeFolder(Path.Combine(stateFolder, "logs"), Files.OwnersFolder);
        await AwaitKilledRun(stateFolder);

        long? stoppingSince = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Obey);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Obey);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Obey);
        await using var suite = new Suite(description, stateFolder);
        await suite.StartAndStop(stop.Token);

        // The first signal stops in order. One that comes later is impatience and not held back: it ends us, and the kernel
        // ends our children. (At once, it is the same signal sent to the process and to its group.)
        void Obey(PosixSignalContext signal)
        {
            stoppingSince ??= TimeProvider.System.GetTimestamp();
            signal.Cancel = TimeProvider.System.GetElapsedTime(stoppingSince.Value) < SameSignal;
            stop.Cancel();
        }
    }

    public ValueTask DisposeAsync() => runFile.DisposeAsync();

    private static IEnumerable<string> Names(Description description) =>
        description.Resources.SelectMany(resource => resource is ProjectResource { Replicas: > 1 } project
            ? Enumerable.Range(0, project.Replicas).Select(replica => $"{project.Name}-{replica}").Prepend(project.Name)
            : [resource.Name]);

    /// <summary>Null when another process holds the folder. The kernel lets go of it when we end, however we end.</summary>
    private static FileStream? Hold(string stateFolder)
    {
        try
        {
            return new FileStream(Path.Combine(stateFolder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>After a kill -9 the old run's processes may still be going down.</summary>
    private static async Task AwaitKilledRun(string stateFolder)
    {
        if (RunFile.Read(stateFolder) is not { } killed)
        {
            return;
        }
        var waiting = TimeProvider.System.GetTimestamp();
        foreach (var process in killed.Resources.SelectMany(resource => resource.Processes))
        {
            while (process.Pid is { } id && Child.IsAlive(id) && TimeProvider.System.GetElapsedTime(waiting) < LongestWaitForKilledRun)
            {
                await Task.Delay(100);
            }
        }
        File.Delete(RunFile.PathIn(stateFolder));
    }

    private async Task StartAndStop(CancellationToken stop)
    {
        RefuseCycles();
        RefuseTakenPorts();
        runFile.Changed();
        try
        {
            await Start(stop);
            Report();
            state = RunState.Running;
            runFile.Changed();
            await Task.Delay(Timeout.Infinite, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            run.Screen.Say("Stopping...");
        }
        finally
        {
            state = RunState.Stopping;
            runFile.Changed();
            await Stop();
        }
        run.Screen.Say("Stopped.");
    }

    private async Task Start(CancellationToken stop)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(stop);
        foreach (var part in parts)
        {
            _ = StartOf(part.Resource);
        }
        await foreach (var start in Task.WhenEach(starts.Values))
        {
            if (!start.IsCompletedSuccessfully)
            {
                await failed.CancelAsync();
                await start;
            }
        }

        Task StartOf(IResource resource) =>
            starts.TryGetValue(resource, out var started) ? started : starts[resource] = StartAfter(run.Parts[resource], [.. run.Parts[resource].Dependencies.Select(StartOf)]);

        async Task StartAfter(Part part, Task[] dependencies)
        {
            await Task.WhenAll(dependencies);
            failed.Token.ThrowIfCancellationRequested();
            var begun = TimeProvider.System.GetTimestamp();
            await part.Start(failed.Token);
            part.SecondsToHealthy = Math.Round(TimeProvider.System.GetElapsedTime(begun).TotalSeconds, 2);
            run.Screen.Line(part.Name, string.Create(CultureInfo.InvariantCulture, $"healthy after {part.SecondsToHealthy:0.0} s"));
            runFile.Changed();
        }
    }

    private async Task Stop()
    {
        // A start that was given up may be about to have a process to stop.
        await Task.WhenAll(starts.Values).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        var stops = new Dictionary<IResource, Task>();
        await Task.WhenAll(parts.Select(StopOf));

        Task StopOf(Part part) => stops.TryGetValue(part.Resource, out var stopped)
            ? stopped
            : stops[part.Resource] = StopAfter(part, [.. parts.Where(other => other.Dependencies.Contains(part.Resource)).Select(StopOf)]);

        static async Task StopAfter(Part part, Task[] dependants)
        {
            await Task.WhenAll(dependants);
            await part.DisposeAsync();
        }
    }

    private void RefuseCycles()
    {
        var settled = new HashSet<IResource>();
        var path = new List<IResource>();
        foreach (var part in parts)
        {
            Visit(part.Resource);
        }

        void Visit(IResource resource)
        {
            if (path.Contains(resource))
            {
                throw new DistributedApplicationException(
                    $"These wait for each other: {string.Join(" -> ", path.SkipWhile(other => other != resource).Append(resource).Select(other => other.Name))}.");
            }
            if (!settled.Add(resource))
            {
                return;
            }
            path.Add(resource);
            foreach (var dependency in run.Parts[resource].Dependencies)
            {
                Visit(dependency);
            }
            path.RemoveAt(path.Count - 1);
        }
    }

    private void RefuseTakenPorts()
    {
        foreach (var part in parts)
        {
            foreach (var (port, what) in part.Ports)
            {
                if (!Ports.IsFree(port))
                {
                    throw new DistributedApplicationException(
                        $"Port {port} ({part.Name}, {what}) is taken by another program: stop it, or move all of Antaca's ports with ANTACA_PORT_BASE (for example 20000).");
                }
            }
        }
    }

    private void Report()
    {
        run.Screen.Table(parts.Select(part => part.Snapshot()));
        var seconds = TimeProvider.System.GetElapsedTime(startedTimestamp).TotalSeconds;
        run.Screen.Say(string.Create(CultureInfo.InvariantCulture, $"All healthy after {seconds:0.0} s. Everything is kept in {run.StateFolder} (logs in logs/). Ctrl-C stops it."));
    }

    private RunFile Snapshot() => new()
    {
        Pid = Environment.ProcessId,
        State = state,
        StartedAt = startedAt,
        Environment = run.Description.EnvironmentName,
        Resources = [.. parts.Select(part => part.Snapshot())],
    };
}
