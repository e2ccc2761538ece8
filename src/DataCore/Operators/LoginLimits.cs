using System.Threading.RateLimiting;
using Antaca.DataCore.Credentials;

namespace Antaca.DataCore.Operators;

/// <summary>
/// Keeps logins from taking the service: so many tries a minute for an e-mail address, whether or not somebody has it, and
/// turns of their own to hash, which no flood of app logins can take from an operator. Tries are counted in a fixed number of
/// places, so that no flood of addresses fills the memory. Each replica counts for itself: the count of wrong tries in the database
/// is the one that no number of replicas changes.
/// </summary>
internal sealed class LoginLimits : IDisposable
{
    public const int TriesAMinute = 10;
    public const int HashesWaiting = 60;

    private const int Places = 65_536;

    private readonly PartitionedRateLimiter<(string Verb, string Email)> _tries = PartitionedRateLimiter.Create<(string Verb, string Email), int>(
        tried => RateLimitPartition.GetFixedWindowLimiter(
            tried.GetHashCode() & (Places - 1),
            _ => new FixedWindowRateLimiterOptions { PermitLimit = TriesAMinute, Window = TimeSpan.FromMinutes(1) }));

    public SlowHashTurns Turns { get; } = new(HashesWaiting);

    /// <summary>One try more. The verbs count apart, so that asking for resets stops no login.</summary>
    public RateLimitLease Try(string verb, string email) => _tries.AttemptAcquire((verb, email));

    public void Dispose()
    {
        _tries.Dispose();
        Turns.Dispose();
    }
}
