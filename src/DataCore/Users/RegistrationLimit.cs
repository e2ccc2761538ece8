using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Primitives;

namespace Antaca.DataCore.Users;

/// <summary>
/// How often registration may be asked for one phone, known or not: the same for both, so that nobody learns which it is.
/// Counted by each replica in a fixed number of places, so that no flood of numbers fills the memory. How many codes a user
/// really gets is counted in the database.
/// </summary>
internal sealed class RegistrationLimit : IDisposable
{
    public const int TriesAnHour = 10;

    private const int Places = 65_536;

    private readonly PartitionedRateLimiter<string> _byPhone = PartitionedRateLimiter.Create<string, int>(phone =>
        RateLimitPartition.GetFixedWindowLimiter(
            phone.GetHashCode(StringComparison.Ordinal) & (Places - 1),
            _ => new FixedWindowRateLimiterOptions { PermitLimit = TriesAnHour, Window = TimeSpan.FromHours(1) }));

    /// <param name="retryAfter">For the header: seconds, when it is not permitted.</param>
    public bool Permits(string phone, out StringValues retryAfter)
    {
        using var lease = _byPhone.AttemptAcquire(phone);
        retryAfter = lease.TryGetMetadata(MetadataName.RetryAfter, out var wait)
            ? Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture)
            : StringValues.Empty;
        return lease.IsAcquired;
    }

    public void Dispose() => _byPhone.Dispose();
}
