using System.Threading.RateLimiting;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Credentials;

/// <summary>
/// Slow hashes take a processor for a tenth of a second each. So few run at once, and so many wait, before a connection or a
/// lock is taken: a flood of logins neither starves the rest of the service nor empties its pool. Who has waited long hears
/// 429, before the gateway gives the answer up, and has been judged in nothing.
/// </summary>
/// <param name="waiting">How many may wait for a turn.</param>
internal sealed class SlowHashTurns(int waiting) : IDisposable
{
    public const int AtOnce = 4;
    public const int MaxWaitSeconds = 5;

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions { PermitLimit = AtOnce, QueueLimit = waiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    /// <summary>Waits for a turn; null when too many wait already, or it takes too long. Disposing the lease ends the turn.</summary>
    public async Task<RateLimitLease?> Next(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(MaxWaitSeconds));
        try
        {
            var lease = await _limiter.AcquireAsync(1, patience.Token);
            if (lease.IsAcquired)
            {
                return lease;
            }
            lease.Dispose();
            return null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>429 with <c>Retry-After</c>, for whoever got no turn.</summary>
    public static ProblemHttpResult Busy(HttpResponse response)
    {
        response.Headers.RetryAfter = "1";
        return Problems.OfStatus(StatusCodes.Status429TooManyRequests);
    }

    public void Dispose() => _limiter.Dispose();
}
