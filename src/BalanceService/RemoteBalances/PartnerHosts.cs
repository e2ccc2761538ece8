using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Antaca.ServiceDefaults;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Antaca.BalanceService.RemoteBalances;

/// <summary>What a partner's host answered.</summary>
/// <param name="Status">0 where there is no usable answer.</param>
/// <param name="Sent">Whether the host may have heard the question.</param>
internal sealed record PartnerReply<T>(int Status, T? Value, bool Sent)
    where T : class
{
    public bool Answered => Status != 0;
}

/// <summary>
/// The hosts of partners that hold balances themselves, called with our certificate. A question has one second, in which what did
/// not arrive is tried once more; a host that keeps silent is left alone for a while. Since when a host is silent is remembered here, in each
/// replica for itself.
/// </summary>
internal sealed class PartnerHosts : IDisposable
{
    public const int DeadlineMilliseconds = 1_000;
    public const string KeyHeader = "X-Idempotency-Key";

    private const int AttemptMilliseconds = 950;
    private const int TellMilliseconds = 5_000;
    private const int Retries = 1;
    private const double FailureRatio = 0.5;
    private const int MinimumCalls = 4;
    private const int SamplingSeconds = 10;
    private const int BreakSeconds = 5;
    private const int MaxAnswerBytes = 64 * 1024;

    private readonly ConcurrentDictionary<string, Host> _hosts = new(StringComparer.Ordinal);
    private readonly HttpClient _http;
    private readonly TimeProvider _clock;

    public PartnerHosts(RemoteSettings settings, ServiceIdentity identity, TimeProvider clock)
    {
        _clock = clock;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            SslOptions = ShowingOurs(identity, settings.AuthorityFile is { } file ? X509CertificateLoader.LoadCertificateFromFile(file) : null),
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswerBytes };
    }

    /// <summary>Asks, within <see cref="DeadlineMilliseconds"/>.</summary>
    public Task<PartnerReply<T>> Get<T>(string remoteUrl, string path, JsonTypeInfo<T> type)
        where T : class => Ask(() => new HttpRequestMessage(HttpMethod.Get, Address(remoteUrl, path)), remoteUrl, type);

    /// <summary>Asks, within <see cref="DeadlineMilliseconds"/>. The host does nothing twice for the same key.</summary>
    public Task<PartnerReply<T>> Post<T>(string remoteUrl, string path, Guid key, byte[] body, JsonTypeInfo<T> type)
        where T : class => Ask(() => Posting(remoteUrl, path, key, body), remoteUrl, type);

    /// <summary>Tells once, with more patience; whether it is told again is the caller's to say.</summary>
    /// <returns>The status; or why there is none.</returns>
    public async Task<(int Status, string? Fault)> Tell(string remoteUrl, string path, Guid key, byte[] body, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromMilliseconds(TellMilliseconds));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            using var request = Posting(remoteUrl, path, key, body);
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!IsSilence(answer.StatusCode))
            {
                HostOf(remoteUrl).Answered();
            }
            return ((int)answer.StatusCode, answer.IsSuccessStatusCode ? null : $"it answered {(int)answer.StatusCode}");
        }
        catch (HttpRequestException away)
        {
            return (0, away.HttpRequestError.ToString());
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            return (0, $"it did not answer within {TellMilliseconds} ms");
        }
    }

    /// <summary>Since when the host has answered nothing; null where the last call was answered.</summary>
    public DateTimeOffset? SilentSince(string remoteUrl) => HostOf(remoteUrl).SilentSince;

    public void Dispose() => _http.Dispose();

    private async Task<PartnerReply<T>> Ask<T>(Func<HttpRequestMessage> request, string remoteUrl, JsonTypeInfo<T> type)
        where T : class
    {
        var host = HostOf(remoteUrl);
        var begun = _clock.GetUtcNow();
        var sent = false;
        try
        {
            using var answer = await host.Calls.ExecuteAsync(
                async inTime =>
                {
                    using var message = request();
                    sent = true;
                    return await _http.SendAsync(message, HttpCompletionOption.ResponseContentRead, inTime);
                },
                CancellationToken.None);
            if (!IsSilence(answer.StatusCode))
            {
                var value = answer.IsSuccessStatusCode ? JsonSerializer.Deserialize(await answer.Content.ReadAsByteArrayAsync(), type) : null;
                if (value is not null || !answer.IsSuccessStatusCode)
                {
                    host.Answered();
                    return new PartnerReply<T>((int)answer.StatusCode, value, sent);
                }
            }
        }
        catch (Exception away) when (away is HttpRequestException or TimeoutRejectedException or BrokenCircuitException or JsonException)
        {
            // No usable answer, whatever the reason: below.
        }
        host.Unanswered(begun);
        return new PartnerReply<T>(0, null, sent);
    }

    private static HttpRequestMessage Posting(string remoteUrl, string path, Guid key, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Address(remoteUrl, path))
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        request.Headers.Add(KeyHeader, key.ToString());
        return request;
    }

    private static Uri Address(string remoteUrl, string path) => new(remoteUrl.TrimEnd('/') + path);

    private static bool IsSilence(HttpStatusCode status) => (int)status >= 500 || status == HttpStatusCode.TooManyRequests;

    private Host HostOf(string remoteUrl) => _hosts.GetOrAdd(new Uri(remoteUrl).Authority, static (_, clock) => new Host(clock), _clock);

    /// <summary>The system's word for a host's certificate, or in Development an authority's of ours; its name must be the host's in either case.</summary>
    private static SslClientAuthenticationOptions ShowingOurs(ServiceIdentity identity, X509Certificate2? authority) => new()
    {
        ClientCertificates = [identity.Certificate],
        LocalCertificateSelectionCallback = (_, _, _, _, _) => identity.Certificate,
        RemoteCertificateValidationCallback = (_, shown, _, errors) =>
            errors == SslPolicyErrors.None
            || (errors == SslPolicyErrors.RemoteCertificateChainErrors && authority is not null && shown is X509Certificate2 certificate && ServiceIdentity.ChainsTo(certificate, authority)),
    };

    private sealed class Host
    {
        private long _silentSince;

        public Host(TimeProvider clock)
        {
            var unanswered = new PredicateBuilder<HttpResponseMessage>().Handle<HttpRequestException>().HandleResult(answer => IsSilence(answer.StatusCode));
            Calls = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = clock }
                .AddTimeout(TimeSpan.FromMilliseconds(DeadlineMilliseconds))
                .AddRetry(new RetryStrategyOptions<HttpResponseMessage> { ShouldHandle = unanswered, MaxRetryAttempts = Retries, Delay = TimeSpan.Zero })
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
                {
                    // Nobody but the deadline cancels a call.
                    ShouldHandle = new PredicateBuilder<HttpResponseMessage>()
                        .Handle<HttpRequestException>().Handle<TimeoutRejectedException>().Handle<OperationCanceledException>().HandleResult(answer => IsSilence(answer.StatusCode)),
                    FailureRatio = FailureRatio,
                    MinimumThroughput = MinimumCalls,
                    SamplingDuration = TimeSpan.FromSeconds(SamplingSeconds),
                    BreakDuration = TimeSpan.FromSeconds(BreakSeconds),
                })
                .AddTimeout(TimeSpan.FromMilliseconds(AttemptMilliseconds))
                .Build();
        }

        public ResiliencePipeline<HttpResponseMessage> Calls { get; }

        public DateTimeOffset? SilentSince => Interlocked.Read(ref _silentSince) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

        public void Answered() => Interlocked.Exchange(ref _silentSince, 0);

        public void Unanswered(DateTimeOffset begun) => Interlocked.CompareExchange(ref _silentSince, begun.UtcTicks, 0);
    }
}
