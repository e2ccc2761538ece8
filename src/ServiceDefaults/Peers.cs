using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Antaca.ServiceDefaults;

/// <summary>
/// A neighbour's API port, called over HTTP/2 with both certificates shown. Every call between services is idempotent by
/// nature, so a call that did not arrive is tried again within its deadline; a neighbour that keeps failing is left alone
/// for a while. Replicas take turns.
/// </summary>
public sealed class Peer : IDisposable
{
    public const int DeadlineSeconds = 5;

    private const int Retries = 4;
    private const int FirstRetryMilliseconds = 50;
    private const int AttemptSeconds = 2;
    private const int BreakSeconds = 1;

    private readonly HttpClient _http;
    private readonly string _name;
    private readonly Uri[] _replicas;
    private readonly JsonSerializerOptions _json;
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    private int _turn;

    public Peer(string name, Uri[] replicas, ServiceIdentity identity, JsonSerializerOptions json, TimeProvider clock)
    {
        _name = name;
        _replicas = replicas;
        _json = json;
        _http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = identity.ForCalling(name),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(1),
            AllowAutoRedirect = false,
            UseProxy = false,
        })
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var unanswered = new PredicateBuilder<HttpResponseMessage>()
            .Handle<HttpRequestException>()
            .Handle<TimeoutRejectedException>()
            .HandleResult(answer => answer.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout);
        _pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = clock }
            .AddTimeout(TimeSpan.FromSeconds(DeadlineSeconds))
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                ShouldHandle = unanswered,
                MaxRetryAttempts = Retries,
                Delay = TimeSpan.FromMilliseconds(FirstRetryMilliseconds),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                ShouldHandle = unanswered,
                FailureRatio = 0.8,
                MinimumThroughput = 20,
                SamplingDuration = TimeSpan.FromSeconds(5),
                BreakDuration = TimeSpan.FromSeconds(BreakSeconds),
            })
            .AddTimeout(TimeSpan.FromSeconds(AttemptSeconds))
            .Build();
    }

    /// <summary>Asks. 404 is an answer (<see cref="PeerAnswer{T}.Found"/> is false), and so is a refusal with a code.</summary>
    /// <exception cref="PeerUnreachableException">No usable answer within <see cref="DeadlineSeconds"/>.</exception>
    public Task<PeerAnswer<T>> Get<T>(string path, CancellationToken cancel)
        where T : class => Send<T>(() => new HttpRequestMessage(HttpMethod.Get, Next(path)), cancel);

    /// <summary>Tells. The path must be idempotent by nature: the call may arrive more than once.</summary>
    /// <exception cref="PeerUnreachableException">No usable answer within <see cref="DeadlineSeconds"/>.</exception>
    public Task<PeerAnswer<T>> Post<TRequest, T>(string path, TRequest body, CancellationToken cancel)
        where T : class
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, _json);
        return Send<T>(
            () => new HttpRequestMessage(HttpMethod.Post, Next(path))
            {
                Content = new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json") } },
            },
            cancel);
    }

    public void Dispose() => _http.Dispose();

    private async Task<PeerAnswer<T>> Send<T>(Func<HttpRequestMessage> request, CancellationToken cancel)
        where T : class
    {
        try
        {
            using var response = await _pipeline.ExecuteAsync(
                async token =>
                {
                    using var message = request();
                    message.Version = HttpVersion.Version20;
                    message.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
                    return await _http.SendAsync(message, HttpCompletionOption.ResponseContentRead, token);
                },
                cancel);
            if (response.IsSuccessStatusCode)
            {
                var value = response.StatusCode == HttpStatusCode.NoContent ? null : await response.Content.ReadFromJsonAsync<T>(_json, cancel);
                return new PeerAnswer<T>((int)response.StatusCode, value, null);
            }
            if ((int)response.StatusCode is >= 400 and < 500)
            {
                var problem = await response.Content.ReadFromJsonAsync<PeerProblem>(_json, cancel);
                return new PeerAnswer<T>((int)response.StatusCode, null, problem);
            }
            throw new PeerUnreachableException(_name, $"answered {(int)response.StatusCode}", null);
        }
        catch (Exception away) when (away is HttpRequestException or TimeoutRejectedException or BrokenCircuitException or JsonException)
        {
            throw new PeerUnreachableException(_name, away.GetType().Name, away);
        }
    }

    private Uri Next(string path) => new(_replicas[(uint)Interlocked.Increment(ref _turn) % (uint)_replicas.Length], path);
}

/// <summary>What a neighbour answered: a value, nothing there (404), or a refusal with its code.</summary>
public sealed record PeerAnswer<T>(int Status, T? Value, PeerProblem? Problem)
    where T : class
{
    public bool Found => Value is not null;

    public string? Code => Problem?.Code;

    /// <summary>The value, or null where the neighbour knows of none (404).</summary>
    /// <exception cref="InvalidOperationException">Any other refusal: one that the asker did not reckon with.</exception>
    public T? ValueOrNothing =>
        Value ?? (Status == 404 ? null : throw new InvalidOperationException($"A neighbour refused with {Status} {Code}."));

    /// <summary>The neighbour's refusal as our own.</summary>
    public ProblemHttpResult Refusal() => Problems.Refuse(Status, Problem?.Code ?? "REFUSED", Problem?.Title ?? "The request was refused.", Problem?.Detail);
}

/// <summary>The members of a neighbour's problem that we pass on.</summary>
[System.Text.Json.Serialization.JsonUnmappedMemberHandling(System.Text.Json.Serialization.JsonUnmappedMemberHandling.Skip)]
public sealed record PeerProblem
{
    public string? Code { get; init; }
    public string? Title { get; init; }
    public string? Detail { get; init; }
}

/// <summary>A neighbour gave no usable answer. The caller hears 503 and may repeat the request.</summary>
public sealed class PeerUnreachableException(string peer, string reason, Exception? inner) : Exception($"{peer} {reason}", inner)
{
    public string Peer { get; } = peer;
}

public static class Peers
{
    /// <summary>Registers a neighbour under its name: <c>[FromKeyedServices("datacore")] Peer dataCore</c>.</summary>
    public static void AddPeer(this WebApplicationBuilder builder, string name)
    {
        var replicas = Addresses(builder.Configuration, name);
        if (replicas.Length == 0)
        {
            builder.AddSettingsFault($"services:{name}:https:0: is required (the neighbour's https address)");
        }
        builder.Services.AddKeyedSingleton(name, (services, _) => new Peer(
            name,
            replicas,
            services.GetRequiredService<ServiceIdentity>(),
            services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions,
            services.GetRequiredService<TimeProvider>()));
    }

    /// <summary>The addresses of a service's replicas, as the AppHost gives them.</summary>
    public static Uri[] Addresses(IConfiguration configuration, string name) =>
        [.. configuration.GetSection($"services:{name}:https").GetChildren().Select(replica => new Uri(replica.Value!))];
}
