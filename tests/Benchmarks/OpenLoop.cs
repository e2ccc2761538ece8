using System.Diagnostics;

namespace Antaca.Benchmarks;

/// <summary>
/// Calls that come at a rate, whether or not those before them have been answered, at moments drawn at random as those of many
/// independent callers are (Poisson). A call's latency counts from the moment at which it was due, so that a slow answer, or a
/// late sender, hides nothing.
/// </summary>
internal static class OpenLoop
{
    private const int Seed = 5;
    private const int MaxUnanswered = 20_000;

    /// <param name="call">Makes one call, and throws for any answer but success.</param>
    public static async Task<WayRound> Run(double perSecond, TimeSpan time, Func<Task> call, Func<IReadOnlyDictionary<string, double>> processor)
    {
        var moments = new Random(Seed);
        var calls = new List<Task<double>>((int)(perSecond * time.TotalSeconds * 1.1));
        var before = processor();
        var started = Stopwatch.GetTimestamp();
        for (var due = Next(0); due < time.TotalSeconds; due = Next(due))
        {
            while (Stopwatch.GetElapsedTime(started).TotalSeconds < due)
            {
                await Task.Delay(1);
            }
            if (calls.Count > MaxUnanswered && !calls[^MaxUnanswered].IsCompleted)
            {
                throw new InvalidOperationException("The calls come faster than they are answered.");
            }
            var at = due;
            calls.Add(Task.Run(async () =>
            {
                await call();
                return (Stopwatch.GetElapsedTime(started).TotalSeconds - at) * 1_000;
            }));
        }
        var all = await Task.WhenAll(calls);
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var after = processor();
        Array.Sort(all);
        return WayRound.Of(all, elapsed, before, after);

        double Next(double last) => last - (Math.Log(1 - moments.NextDouble()) / perSecond);
    }
}
