namespace Antaca.LocalHosting;

/// <summary>How long a crashed process waits: half a second, doubled each time up to ten, afresh after a healthy minute.</summary>
internal sealed class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HealthyAgain = TimeSpan.FromMinutes(1);

    private TimeSpan next = First;

    public TimeSpan Next(TimeSpan healthyFor)
    {
        if (healthyFor >= HealthyAgain)
        {
            next = First;
        }
        var wait = next;
        next = next * 2 > Longest ? Longest : next * 2;
        return wait;
    }
}
