using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;

namespace Antaca.LocalHosting.Tests;

/// <summary>tests/LocalHosting.Sample as an AppHost in a process of its own.</summary>
internal sealed class SampleHost : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly Place place;
    private readonly Child process;
    private readonly ConcurrentQueue<string> lines;

    private SampleHost(Place place, Child process, ConcurrentQueue<string> lines) => (this.place, this.process, this.lines) = (place, process, lines);

    public string StateFolder => place.At("state");

    public string Output => string.Join('\n', lines);

    public Task<int> Exit => process.Exit;

    public RunFile? RunFile => LocalHosting.RunFile.Read(StateFolder);

    public static int SomePortBase() => RandomNumberGenerator.GetInt32(200, 310) * 100;

    /// <summary>Starts it and does not wait.</summary>
    public static async Task<SampleHost> Start(Place place, string what, int portBase)
    {
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var assembly = Path.Combine(
            LocalHosting.StateFolder.RepositoryRoot(AppContext.BaseDirectory),
            "artifacts", "bin", "LocalHosting.Sample", configuration, "Antaca.LocalHosting.Sample.dll");
        var lines = new ConcurrentQueue<string>();
        var command = new ChildCommand("dotnet", assembly, "host", what)
        {
            WorkingDirectory = place.Folder,
            Environment = new Dictionary<string, string?>
            {
                ["ANTACA_STATE"] = place.At("state"),
                ["ANTACA_PORT_BASE"] = portBase.ToString(CultureInfo.InvariantCulture),
                ["SAMPLE_ORDER"] = place.At("order"),
                ["DOTNET_ENVIRONMENT"] = "Testing",
            },
        };
        return new SampleHost(place, await Child.Start(command, lines.Enqueue), lines);
    }

    public static async Task<SampleHost> StartHealthy(Place place, string what, int portBase)
    {
        var host = await Start(place, what, portBase);
        await Place.Until(() => host.Exit.IsCompleted || (host.RunFile is { State: RunState.Running } run && run.Pid == host.process.Id), Limit, $"healthy; it said: {host.Output}");
        Assert.False(host.Exit.IsCompleted, host.Output);
        return host;
    }

    public RunResource Resource(string name) => RunFile!.Resources.Single(resource => resource.Name == name);

    public IReadOnlyList<int> ProcessIds() => [.. RunFile!.Resources.SelectMany(resource => resource.Processes).Select(process => process.Pid!.Value)];

    public void Send(Signal signal) => process.Send(signal);

    public async Task<int> Stop()
    {
        Send(Signal.Terminate);
        return await Exit.WaitAsync(Limit);
    }

    public async ValueTask DisposeAsync()
    {
        await process.Stop(Signal.Terminate, Limit);
        process.Dispose();
    }
}
