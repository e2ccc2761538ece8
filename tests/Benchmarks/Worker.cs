using System.Diagnostics;
using System.Globalization;

namespace Antaca.Benchmarks;

/// <summary>What a way of calling costs: a round of so many workers, each of which sends its next call when the last has been answered.</summary>
/// <param name="Calls">One for each worker: makes one call, and throws for any answer but success.</param>
internal sealed record Way(string Name, IReadOnlyList<Func<Task>> Calls)
{
    /// <summary>Runs one round; <paramref name="processor"/> is read before and after it.</summary>
    public async Task<WayRound> Run(TimeSpan time, Func<IReadOnlyDictionary<string, double>> processor)
    {
        var before = processor();
        var started = Stopwatch.GetTimestamp();
        var latencies = await Task.WhenAll(Calls.Select(call => Task.Run(() => Repeat(call, started, time))));
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var after = processor();
        return WayRound.Of([.. latencies.SelectMany(some => some).Order()], elapsed, before, after);
    }

    private static async Task<List<double>> Repeat(Func<Task> call, long started, TimeSpan time)
    {
        var latencies = new List<double>(10_000);
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            var sent = Stopwatch.GetTimestamp();
            await call();
            latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }
        return latencies;
    }
}

/// <param name="ProcessorMilliseconds">For one call, by process.</param>
/// <param name="BusyCores">Of all these processes together.</param>
internal sealed record WayRound(double PerSecond, double P50, double P99, IReadOnlyDictionary<string, double> ProcessorMilliseconds, double BusyCores)
{
    /// <param name="sorted">Latencies in milliseconds.</param>
    public static WayRound Of(double[] sorted, double elapsedSeconds, IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after) => new(
        sorted.Length / elapsedSeconds,
        sorted[sorted.Length / 2],
        sorted[(int)(sorted.Length * 0.99)],
        after.ToDictionary(now => now.Key, now => (now.Value - before[now.Key]) / sorted.Length),
        after.Sum(now => now.Value - before[now.Key]) / 1_000 / elapsedSeconds);
}

internal static class ProcessorTime
{
    private const int TicksPerSecond = 100; // USER_HZ, on every Linux that .NET runs on.
    private const int ParentField = 1;
    private const int FirstTimeField = 11;

    /// <summary>Milliseconds that a process and its children, also those that are gone, have used.</summary>
    public static double OfFamily(int pid) => Directory.EnumerateDirectories("/proc")
        .Select(Path.GetFileName)
        .Where(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        .Select(name => Stat(name!))
        .Where(stat => stat.Pid == pid || stat.Parent == pid)
        .Sum(stat => stat.Ticks) * 1_000.0 / TicksPerSecond;

    private static (int Pid, int Parent, long Ticks) Stat(string pid)
    {
        try
        {
            // pid (name) state parent ... utime stime cutime cstime; a name may hold spaces.
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (
                int.Parse(pid, CultureInfo.InvariantCulture),
                int.Parse(fields[ParentField], CultureInfo.InvariantCulture),
                fields.Skip(FirstTimeField).Take(4).Sum(field => long.Parse(field, CultureInfo.InvariantCulture)));
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return default;
        }
    }
}
