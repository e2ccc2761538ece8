using System.Diagnostics;

namespace Antaca.TestKit;

/// <summary>Waits for what happens by itself, such as an event's effect. The bound is generous: it only ends a failing test.</summary>
public static class Eventually
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(60);

    public static async Task<T> Get<T>(Func<Task<T?>> look, string what)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            if (await look() is { } found)
            {
                return found;
            }
            if (Stopwatch.GetElapsedTime(since) > _bound)
            {
                throw new TimeoutException($"Waited {_bound.TotalSeconds} s for {what}.");
            }
            await Task.Delay(25);
        }
    }

    public static Task Holds(Func<Task<bool>> look, string what) => Get(async () => await look() ? what : null, what);
}
