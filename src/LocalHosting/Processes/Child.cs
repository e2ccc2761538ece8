using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Antaca.LocalHosting;

/// <param name="File">An absolute path, or a name found on PATH.</param>
internal sealed record ChildCommand(string File, params IReadOnlyList<string> Arguments)
{
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    public string WorkingDirectory { get; init; } = "/";

    /// <summary>What the kernel sends the child when we die: KILL, or INT where that means an orderly end.</summary>
    public string DeathSignal { get; init; } = "KILL";

    /// <summary>The system user to run as; only root may ask for another than its own.</summary>
    public string? User { get; init; }

    /// <summary>Text for the child's standard input.</summary>
    public string Input { get; init; } = "";
}

internal enum Signal
{
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
}

/// <summary>One process of ours. It has a session of its own (Ctrl-C reaches us alone) and never outlives us.</summary>
internal sealed class Child : IDisposable
{
    // The kernel sends the death signal when the *thread* that forked the child ends. So one thread, which lives as long
    // as the process, forks them all.
    private static readonly BlockingCollection<Action> Forks = StartForking();

    // Between fork and setpriv we may have died already, and then no signal comes: the child looks once at who its parent
    // is, after the signal is set.
    private const string UnlessOrphaned = """[ "$PPID" = "$1" ] || exit 75; shift; exec "$@" """;

    private static readonly TimeSpan LongestWaitForLastWords = TimeSpan.FromSeconds(2);

    private readonly Process process;
    private readonly TaskCompletionSource<int> exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task output = Task.CompletedTask;

    private Child(Process process)
    {
        this.process = process;
        Id = process.Id;
    }

    public int Id { get; }

    /// <summary>Ends with the exit code (128 and more: the signal that ended it).</summary>
    public Task<int> Exit => exit.Task;

    public static async Task<Child> Start(ChildCommand command, Action<string> line)
    {
        var started = new TaskCompletionSource<Child>(TaskCreationOptions.RunContinuationsAsynchronously);
        Forks.Add(() =>
        {
            try
            {
                started.SetResult(Fork(command));
            }
            catch (Exception fault) when (fault is System.ComponentModel.Win32Exception or IOException)
            {
                started.SetException(fault);
            }
        });
        var child = await started.Task;
        child.Attend(line);
        return child;
    }

    /// <summary>Runs a command to its end and returns its exit code.</summary>
    public static async Task<int> Run(ChildCommand command, Action<string> line)
    {
        using var child = await Start(command, line);
        var code = await child.Exit;
        await child.LastWords();
        return code;
    }

    /// <summary>
    /// After the end: until its last line was heard. Not for long, because a process that it left behind may hold the pipe.
    /// </summary>
    public Task LastWords() => Task.WhenAny(output, Task.Delay(LongestWaitForLastWords));

    /// <summary>A zombie, which only waits for its parent to look, counts as gone.</summary>
    public static bool IsAlive(int process)
    {
        try
        {
            // "pid (name) state ...": the name may hold anything, brackets too.
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Send(Signal signal)
    {
        if (!exit.Task.IsCompleted)
        {
            _ = Native.Kill(Id, (int)signal);
        }
    }

    /// <summary>Asks for an end, and kills the child with its whole group when it takes longer than the grace.</summary>
    public async Task Stop(Signal signal, TimeSpan grace)
    {
        Send(signal);
        try
        {
            await exit.Task.WaitAsync(grace);
        }
        catch (TimeoutException)
        {
            _ = Native.Kill(-Id, (int)Signal.Kill);
            await exit.Task;
        }
    }

    public void Dispose() => process.Dispose();

    private static BlockingCollection<Action> StartForking()
    {
        var forks = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var fork in forks.GetConsumingEnumerable())
            {
                fork();
            }
        })
        { IsBackground = true, Name = "children" }.Start();
        return forks;
    }

    private static Child Fork(ChildCommand command)
    {
        var start = new ProcessStartInfo("setsid")
        {
            WorkingDirectory = command.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("setpriv");
        if (command.User is not null)
        {
            start.ArgumentList.Add($"--reuid={command.User}");
            start.ArgumentList.Add($"--regid={command.User}");
            start.ArgumentList.Add("--init-groups");
        }
        start.ArgumentList.Add("--pdeathsig");
        start.ArgumentList.Add(command.DeathSignal);
        foreach (var argument in new[] { "--", "/bin/sh", "-c", UnlessOrphaned, "sh" })
        {
            start.ArgumentList.Add(argument);
        }
        start.ArgumentList.Add(Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        start.ArgumentList.Add(command.File);
        foreach (var argument in command.Arguments)
        {
            start.ArgumentList.Add(argument);
        }
        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }
        var process = Process.Start(start)!;
        var child = new Child(process);
        process.Exited += (_, _) => child.exit.TrySetResult(process.ExitCode);
        process.EnableRaisingEvents = true;
        if (command.Input.Length > 0)
        {
            process.StandardInput.Write(command.Input);
        }
        process.StandardInput.Close();
        return child;
    }

    private void Attend(Action<string> line)
    {
        output = Task.WhenAll(Read(process.StandardOutput), Read(process.StandardError));

        async Task Read(StreamReader output)
        {
            try
            {
                while (await output.ReadLineAsync() is { } text)
                {
                    line(text);
                }
            }
            catch (Exception fault) when (fault is IOException or ObjectDisposedException)
            {
                // The child is gone, and its pipe with it.
            }
        }
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Kill(int process, int signal);
    }
}
