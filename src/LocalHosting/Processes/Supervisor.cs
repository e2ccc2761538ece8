using Aspire.Hosting;

namespace Antaca.LocalHosting;

public enum ProcessState
{
    Waiting,
    Starting,
    Healthy,
    Unhealthy,
    Restarting,
    Stopping,
    Stopped,
}

/// <summary>What it takes to keep one process running.</summary>
internal sealed record Supervised(string Name, Func<CancellationToken, Task<ChildCommand>> Command, Func<CancellationToken, Task<bool>> IsHealthy)
{
    public Signal StopSignal { get; init; } = Signal.Terminate;

    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Hears every line the process prints.</summary>
    public Action<string> Line { get; init; } = _ => { };

    /// <summary>Hears what the supervisor itself has to say: a crash, a restart.</summary>
    public Action<string> Say { get; init; } = _ => { };

    /// <summary>Called after every change of state.</summary>
    public Action Changed { get; init; } = () => { };
}

/// <summary>
/// Keeps one process running: starts it, watches its health, starts it again with back-off when it ends unasked. A process
/// that never becomes healthy is a failed start.
/// </summary>
internal sealed class Supervisor : IAsyncDisposable
{
    private const int AttemptsToStart = 3;
    private const int LinesToQuote = 12;
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan PollWhileStarting = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PollWhileHealthy = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestCheck = TimeSpan.FromSeconds(5);

    private readonly Supervised what;
    private readonly TimeProvider clock;
    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource healthy = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<string> lastLines = new();
    private readonly Task running;
    private Child? child;

    public Supervisor(Supervised what, TimeProvider clock)
    {
        this.what = what;
        this.clock = clock;
        // Nobody may be waiting any more when a start fails.
        _ = healthy.Task.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        running = Task.Run(Run);
    }

    public string Name => what.Name;

    public ProcessState State { get; private set; } = ProcessState.Waiting;

    public int? ProcessId { get; private set; }

    public int Restarts { get; private set; }

    /// <summary>Ends when the process is healthy for the first time, or faults when it cannot become so.</summary>
    public Task Healthy => healthy.Task;

    public async Task Stop()
    {
        await stopping.CancelAsync();
        await running;
    }

    /// <summary>Sends a signal to the process as it is now.</summary>
    public void Send(Signal signal) => child?.Send(signal);

    public async ValueTask DisposeAsync()
    {
        await Stop();
        stopping.Dispose();
    }

    private async Task Run()
    {
        var backoff = new Backoff();
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                Become(ProcessState.Starting);
                var (ending, healthyFor) = await RunOnce();
                stopping.Token.ThrowIfCancellationRequested();
                if (!healthy.Task.IsCompleted && attempt >= AttemptsToStart)
                {
                    throw new DistributedApplicationException($"{Name} {ending} {attempt} times before it was healthy.{Quote()}");
                }
                var wait = backoff.Next(healthyFor);
                what.Say($"{ending}; starts again in {wait.TotalSeconds:0.#} s");
                Restarts++;
                Become(ProcessState.Restarting);
                await Task.Delay(wait, clock, stopping.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            healthy.TrySetCanceled();
        }
        catch (DistributedApplicationException fault)
        {
            healthy.TrySetException(fault);
        }
        finally
        {
            Become(ProcessState.Stopped);
        }
    }

    /// <summary>From start to end of one process: how it ended, and how long it was healthy.</summary>
    private async Task<(string Ending, TimeSpan HealthyFor)> RunOnce()
    {
        try
        {
            var command = await what.Command(stopping.Token);
            using var started = await Child.Start(command, Hear);
            child = started;
            ProcessId = started.Id;
            what.Changed();
            var healthyFor = await Watch(started);
            await started.LastWords();
            return ($"ended unasked with exit code {await started.Exit}", healthyFor);
        }
        catch (Exception fault) when (healthy.Task.IsCompleted && fault is DistributedApplicationException or System.ComponentModel.Win32Exception)
        {
            return ($"cannot be started: {fault.Message}", TimeSpan.Zero);
        }
        finally
        {
            child = null;
            ProcessId = null;
        }
    }

    /// <summary>Until the process ends or is told to; returns how long it was healthy.</summary>
    private async Task<TimeSpan> Watch(Child started)
    {
        var startedAt = clock.GetTimestamp();
        long? healthyAt = null;
        var failures = 0;
        while (!started.Exit.IsCompleted)
        {
            if (stopping.IsCancellationRequested)
            {
                Become(ProcessState.Stopping);
                await started.Stop(what.StopSignal, what.StopGrace);
                break;
            }
            if (await Check())
            {
                failures = 0;
                healthyAt ??= clock.GetTimestamp();
                Become(ProcessState.Healthy);
                healthy.TrySetResult();
            }
            else if (healthyAt is not null && ++failures > 1)
            {
                Become(ProcessState.Unhealthy);
            }
            else if (!healthy.Task.IsCompleted && clock.GetElapsedTime(startedAt) > LongestStart)
            {
                await started.Stop(what.StopSignal, what.StopGrace);
                await started.LastWords();
                throw new DistributedApplicationException($"{Name} was not healthy within {LongestStart.TotalSeconds} s.{Quote()}");
            }
            await Pause(healthyAt is null ? PollWhileStarting : PollWhileHealthy);
        }
        return healthyAt is null ? TimeSpan.Zero : clock.GetElapsedTime(healthyAt.Value);

        async Task Pause(TimeSpan time)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
            await Task.WhenAny(started.Exit, Task.Delay(time, clock, enough.Token));
            await enough.CancelAsync();
        }
    }

    private async Task<bool> Check()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        limit.CancelAfter(LongestCheck);
        try
        {
            return await what.IsHealthy(limit.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void Become(ProcessState state)
    {
        if (State != state)
        {
            State = state;
            what.Changed();
        }
    }

    private void Hear(string line)
    {
        lock (lastLines)
        {
            lastLines.Enqueue(line);
            if (lastLines.Count > LinesToQuote)
            {
                lastLines.Dequeue();
            }
        }
        what.Line(line);
    }

    private string Quote()
    {
        lock (lastLines)
        {
            return lastLines.Count == 0 ? "" : $" Its last words:{string.Concat(lastLines.Select(line => $"{Environment.NewLine}  {line}"))}";
        }
    }
}
