using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;

namespace Antaca.LocalHosting;

public enum RunState
{
    Starting,
    Running,
    Stopping,
}

/// <summary>What runs now, as the AppHost keeps it in run.json of the state folder while it runs.</summary>
public sealed record RunFile
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>The AppHost's own process.</summary>
    public required int Pid { get; init; }

    public required RunState State { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required string Environment { get; init; }

    public required IReadOnlyList<RunResource> Resources { get; init; }

    public static string PathIn(string stateFolder) => Path.Combine(stateFolder, "run.json");

    /// <summary>Null when nothing runs (or when the last run was killed before it wrote).</summary>
    public static RunFile? Read(string stateFolder)
    {
        try
        {
            return JsonSerializer.Deserialize<RunFile>(File.ReadAllText(PathIn(stateFolder)), Format);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    internal void Write(string stateFolder) =>
        Files.WriteWhole(PathIn(stateFolder), JsonSerializer.Serialize(this, Format) + "\n", Files.OwnerOnly);
}

/// <param name="Kind">postgres, database, rabbitmq or project.</param>
public sealed record RunResource(
    string Name,
    string Kind,
    ProcessState State,
    double? SecondsToHealthy,
    IReadOnlyList<RunEndpoint> Endpoints,
    IReadOnlyList<RunProcess> Processes);

/// <param name="Replica">Counted from 0.</param>
public sealed record RunEndpoint(string Name, string Url, int Replica, bool External);

public sealed record RunProcess(string Name, int? Pid, ProcessState State, int Restarts);

/// <summary>Writes run.json after changes: one writer, the newest state, at most twenty times a second.</summary>
internal sealed class RunFileWriter : IAsyncDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly string stateFolder;
    private readonly Task writing;

    public RunFileWriter(string stateFolder, Func<RunFile> now)
    {
        this.stateFolder = stateFolder;
        writing = Task.Run(async () =>
        {
            await foreach (var _ in changes.Reader.ReadAllAsync())
            {
                now().Write(stateFolder);
                await Task.Delay(Between);
            }
        });
    }

    public void Changed() => changes.Writer.TryWrite(true);

    /// <summary>The run is over: the file goes.</summary>
    public async ValueTask DisposeAsync()
    {
        changes.Writer.Complete();
        await writing;
        File.Delete(RunFile.PathIn(stateFolder));
    }
}
