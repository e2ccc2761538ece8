using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Gateway.Channels;

/// <summary>How many requests one caller may send to one gateway. A burst is what may come at once after a pause.</summary>
internal sealed record LimitSettings
{
    [Range(1, 1_000_000)]
    public int UserPerSecond { get; init; } = 50;

    [Range(1, 1_000_000)]
    public int UserBurst { get; init; } = 100;

    [Range(1, 1_000_000)]
    public int OperatorPerSecond { get; init; } = 50;

    [Range(1, 1_000_000)]
    public int OperatorBurst { get; init; } = 200;

    [Range(1, 1_000_000)]
    public int PartnerPerSecond { get; init; } = 2_000;

    [Range(1, 1_000_000)]
    public int PartnerBurst { get; init; } = 4_000;

    [Range(1, 1_000_000)]
    public int ProcessorPerSecond { get; init; } = 4_000;

    [Range(1, 1_000_000)]
    public int ProcessorBurst { get; init; } = 8_000;

    /// <summary>Registration, pairing, login and keys, from one address.</summary>
    [Range(1, 1_000_000)]
    public int AnonymousPerSecond { get; init; } = 20;

    [Range(1, 1_000_000)]
    public int AnonymousBurst { get; init; } = 100;

    /// <summary>Credentials that are nobody's, from one address.</summary>
    [Range(1, 1_000_000)]
    public int GuessesPerSecond { get; init; } = 10;

    [Range(1, 1_000_000)]
    public int GuessesBurst { get; init; } = 100;
}

/// <summary>Token buckets by caller, and by address for whoever is not known. A refusal is 429 with <c>Retry-After</c>.</summary>
internal sealed class Limits(LimitSettings settings) : IDisposable
{
    private const int RefillsPerSecond = 10;

    private readonly PartitionedRateLimiter<Caller> _callers = ByCaller(settings);

    private readonly PartitionedRateLimiter<IPAddress> _anonymous = ByAddress(settings.AnonymousPerSecond, settings.AnonymousBurst);
    private readonly PartitionedRateLimiter<IPAddress> _guesses = ByAddress(settings.GuessesPerSecond, settings.GuessesBurst);

    /// <summary>Null, or the refusal of one request too many by a known caller.</summary>
    public ProblemHttpResult? Caller(HttpContext context, Caller caller) => Take(context, _callers, caller);

    /// <summary>The same for a call that shows nothing.</summary>
    public ProblemHttpResult? Anonymous(HttpContext context) => Take(context, _anonymous, AddressOf(context));

    /// <summary>Counts a credential that turned out to be nobody's.</summary>
    public ProblemHttpResult? Guess(HttpContext context) => Take(context, _guesses, AddressOf(context));

    /// <summary>Asked before a credential is looked up: an address that guesses too much is not answered by DataCore.</summary>
    public ProblemHttpResult? TooManyGuesses(HttpContext context) => Take(context, _guesses, AddressOf(context), permits: 0);

    public void Dispose()
    {
        _callers.Dispose();
        _anonymous.Dispose();
        _guesses.Dispose();
    }

    private static PartitionedRateLimiter<Caller> ByCaller(LimitSettings settings)
    {
        var user = Bucket<Actor>(settings.UserPerSecond, settings.UserBurst);
        var @operator = Bucket<Actor>(settings.OperatorPerSecond, settings.OperatorBurst);
        var partner = Bucket<Actor>(settings.PartnerPerSecond, settings.PartnerBurst);
        var processor = Bucket<Actor>(settings.ProcessorPerSecond, settings.ProcessorBurst);
        return PartitionedRateLimiter.Create<Caller, Actor>(caller => caller.Channel switch
        {
            Channel.Customers => RateLimitPartition.Get(new Actor(caller.Channel, caller.UserId, null), user),
            Channel.Admin => RateLimitPartition.Get(new Actor(caller.Channel, caller.OperatorId, null), @operator),
            Channel.Secure => RateLimitPartition.Get(new Actor(caller.Channel, caller.PartnerId, null), partner),
            _ => RateLimitPartition.Get(new Actor(caller.Channel, null, caller.Processor), processor),
        });
    }

    private static PartitionedRateLimiter<IPAddress> ByAddress(int perSecond, int burst)
    {
        var bucket = Bucket<IPAddress>(perSecond, burst);
        return PartitionedRateLimiter.Create<IPAddress, IPAddress>(address => RateLimitPartition.Get(address, bucket));
    }

    /// <summary>Made once for each kind of caller, not once for each request. The partitioned limiter refills its buckets itself.</summary>
    private static Func<TKey, RateLimiter> Bucket<TKey>(int perSecond, int burst)
    {
        var options = new TokenBucketRateLimiterOptions
        {
            AutoReplenishment = false,
            TokenLimit = Math.Max(burst, perSecond),
            TokensPerPeriod = Math.Max(1, perSecond / RefillsPerSecond),
            ReplenishmentPeriod = TimeSpan.FromSeconds(perSecond < RefillsPerSecond ? 1.0 / perSecond : 1.0 / RefillsPerSecond),
            QueueLimit = 0,
        };
        return _ => new TokenBucketRateLimiter(options);
    }

    private static ProblemHttpResult? Take<T>(HttpContext context, PartitionedRateLimiter<T> limiter, T who, int permits = 1)
    {
        using var lease = limiter.AttemptAcquire(who, permits);
        if (lease.IsAcquired)
        {
            return null;
        }
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var time) ? time : TimeSpan.FromSeconds(1);
        context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return Problems.OfStatus(StatusCodes.Status429TooManyRequests);
    }

    private static IPAddress AddressOf(HttpContext context) => context.Connection.RemoteIpAddress ?? IPAddress.None;

    /// <summary>Who has a bucket of his own: <see cref="ServiceDefaults.Caller.Actor"/>, without the text of it.</summary>
    private readonly record struct Actor(Channel Channel, Guid? Id, string? Processor);
}
