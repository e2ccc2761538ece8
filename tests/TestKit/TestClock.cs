using Antaca.ServiceDefaults;

namespace Antaca.TestKit;

/// <summary>Real time plus what the test adds. Timers run in real time, so background work goes on.</summary>
public sealed class TestClock : TimeProvider
{
    private long _addedTicks;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _addedTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => Clock.InMicroseconds(base.GetUtcNow().AddTicks(Interlocked.Read(ref _addedTicks)));
}
