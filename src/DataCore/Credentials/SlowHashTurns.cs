using System.Threading.RateLimiting;

namespace Antaca.DataCore.Credentials;

/// <summary>
/// Slow hashes take a processor for a tenth of a second each. So few run at once, and so many wait, before a connection or a
/// lock is taken: a flood of logins neither starves the rest of the service nor empties its pool.
/// </summary>
internal sealed class SlowHashTurns : IDisposable
{
    public const int AtOnce = 4;
    public const int Waiting = 400;

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions { PermitLimit = AtOnce, QueueLimit = Waiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    /// <summary>Waits for a turn; not acquired when too many wait already. Disposing the lease ends the turn.</summary>
    public ValueTask<RateLimitLease> Next(CancellationToken cancel) => _limiter.AcquireAsync(1, cancel);

    public void Dispose() => _limiter.Dispose();
}
