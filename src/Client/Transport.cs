using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Antaca.Jose;

namespace Antaca.Client;

/// <summary>One call as it is to be made, however many attempts it takes.</summary>
/// <param name="Path">Ids only, never a secret: it is shown in exceptions and to observers.</param>
internal sealed record Call(HttpMethod Method, string Path)
{
    /// <summary>With its question mark. May name people, so it is shown nowhere.</summary>
    public string Query { get; init; } = "";

    public byte[]? Body { get; init; }

    /// <summary>Seal the body, ask for a sealed answer, accept no other.</summary>
    public bool Encrypted { get; init; }

    /// <summary>What the sealed answer is for; null for the connection's own key.</summary>
    public RsaPrivateKey? AnswerKey { get; init; }

    public string? IdempotencyKey { get; init; }

    public SessionToken? Session { get; init; }

    /// <summary>A step-up for this one call.</summary>
    public string? Approval { get; init; }

    /// <summary>Carries something that is used up by the first attempt: whoever made it decides whether to begin anew.</summary>
    public bool Once { get; init; }

    /// <summary>Sent twice it takes effect once.</summary>
    public bool Repeatable => !Once && (Method != HttpMethod.Post || IdempotencyKey is not null);

    /// <summary>Where the suite tells its key to the callers of this channel.</summary>
    public string PublicKeyPath => Path[..Path.IndexOf('/', StringComparison.Ordinal)] + "/public-key";

    public static Call Get(string path, string query = "") => new(HttpMethod.Get, path) { Query = query };

    public static Call Delete(string path) => new(HttpMethod.Delete, path);

    public static Call Put<TBody>(string path, TBody body, JsonTypeInfo<TBody> type) => Of(HttpMethod.Put, path, body, type);

    public static Call Patch<TBody>(string path, TBody body, JsonTypeInfo<TBody> type) => Of(HttpMethod.Patch, path, body, type);

    /// <summary>Under an idempotency key, so that it may be repeated.</summary>
    public static Call Post<TBody>(string path, TBody body, JsonTypeInfo<TBody> type, string? idempotencyKey = null) =>
        Of(HttpMethod.Post, path, body, type) with { IdempotencyKey = Transport.KeyOr(idempotencyKey) };

    public static Call Post(string path, string? idempotencyKey = null) => new(HttpMethod.Post, path) { IdempotencyKey = Transport.KeyOr(idempotencyKey) };

    /// <summary>Sent once, whatever comes of it.</summary>
    public static Call PostOnce<TBody>(string path, TBody body, JsonTypeInfo<TBody> type) => Of(HttpMethod.Post, path, body, type) with { Once = true };

    public override string ToString() => $"{Method} /{Path}";

    private static Call Of<TBody>(HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> type) =>
        new(method, path) { Body = JsonSerializer.SerializeToUtf8Bytes(body, type) };
}

/// <summary>The query of a list: what is null is not asked for.</summary>
internal static class Query
{
    public static string Of(params ReadOnlySpan<(string Name, object? Value)> parts)
    {
        var query = new StringBuilder();
        foreach (var (name, value) in parts)
        {
            var text = value switch
            {
                null => null,
                DateOnly day => day.ToString("O", CultureInfo.InvariantCulture),
                DateTimeOffset time => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
                _ => Convert.ToString(value, CultureInfo.InvariantCulture),
            };
            if (text is not null)
            {
                query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(text));
            }
        }
        return query.ToString();
    }
}

/// <summary>Sends calls: seals and opens, keeps the suite's key, repeats what is safe to repeat, turns refusals into exceptions.</summary>
internal sealed class Transport(HttpClient http, AntacaConnectionOptions options) : IDisposable
{
    private const int FirstPauseMilliseconds = 200;
    private const int LongestPauseMilliseconds = 5_000;
    private const int LongestRetryAfterSeconds = 30;
    private const int IdempotencyKeyBytes = 16;
    private const int MaxIdempotencyKeyCharacters = 255;
    private const int ShortestAskMilliseconds = 50;
    private const int LongestAskMilliseconds = 2_000;
    private const int WaitSeconds = 60;

    // RSA keys take their time to make, and many connections never need one.
    private readonly Lazy<RsaPrivateKey> _madeKey = new(() => RsaPrivateKey.Create());
    private readonly Lock _keyLock = new();
    private Task<RsaPublicKey>? _suiteKey;

    /// <summary>A key of the caller's, or a random one; the same for every attempt of the call.</summary>
    /// <exception cref="ArgumentException">The caller's key is not 1 to 255 printable ASCII characters.</exception>
    public static string KeyOr(string? idempotencyKey)
    {
        if (idempotencyKey is null)
        {
            return RandomNumberGenerator.GetHexString(IdempotencyKeyBytes * 2, lowercase: true);
        }
        return idempotencyKey.Length is >= 1 and <= MaxIdempotencyKeyCharacters && !idempotencyKey.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? idempotencyKey
            : throw new ArgumentException($"An Idempotency-Key has 1 to {MaxIdempotencyKeyCharacters} printable ASCII characters without spaces.", nameof(idempotencyKey));
    }

    public async Task<TAnswer> Send<TAnswer>(Call call, JsonTypeInfo<TAnswer> answer, CancellationToken cancel)
        where TAnswer : class
    {
        var bytes = await Send(call, cancel);
        try
        {
            return JsonSerializer.Deserialize(bytes, answer) ?? throw Unexpected(call, "The answer is null.");
        }
        catch (JsonException fault)
        {
            // The message of a JsonException may quote the answer, which may hold secrets: it goes no further.
            throw Unexpected(call, $"The answer is not the JSON that the contract promises (at {fault.Path}).");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>The answer's plaintext, which the caller clears.</summary>
    public Task<byte[]> Send(Call call, CancellationToken cancel) => call.Repeatable
        ? Repeat(number => SendOnce(call, number, cancel), cancel)
        : SendOnce(call, number: 1, cancel);

    /// <summary>Begins <paramref name="attempt"/> anew, within the bounds of the options, where it failed of something that may pass.</summary>
    public async Task<T> Repeat<T>(Func<int, Task<T>> attempt, CancellationToken cancel)
    {
        for (var number = 1; ; number++)
        {
            try
            {
                return await attempt(number);
            }
            catch (AntacaException refusal) when (number < options.MaxAttempts && PauseBefore(number + 1, refusal) is { } pause)
            {
                await Task.Delay(pause, options.Clock, cancel);
            }
        }
    }

    public async Task<SuitePublicKey> FetchPublicKey(string path, CancellationToken cancel) =>
        await Send(Call.Get(path), ClientJson.Default.SuitePublicKey, cancel);

    /// <summary>Asks until there is an answer other than Pending, or the time is over.</summary>
    public async Task<CardRequest> WaitForCard(Func<Task<CardRequest>> ask, TimeSpan? atMost, CancellationToken cancel)
    {
        var since = options.Clock.GetTimestamp();
        var longest = atMost ?? TimeSpan.FromSeconds(WaitSeconds);
        for (var milliseconds = ShortestAskMilliseconds; ; milliseconds = Math.Min(2 * milliseconds, LongestAskMilliseconds))
        {
            var request = await ask();
            var left = longest - options.Clock.GetElapsedTime(since);
            if (request.Status != CardRequestStatus.Pending || left <= TimeSpan.Zero)
            {
                return request;
            }
            var pause = TimeSpan.FromMilliseconds(milliseconds);
            await Task.Delay(pause < left ? pause : left, options.Clock, cancel);
        }
    }

    public void Dispose()
    {
        if (_suiteKey is { IsCompletedSuccessfully: true } known)
        {
            known.GetAwaiter().GetResult().Dispose();
        }
        if (_madeKey.IsValueCreated)
        {
            _madeKey.Value.Dispose();
        }
    }

    /// <summary>Null where repeating does not help, or is asked for too late to wait.</summary>
    private static TimeSpan? PauseBefore(int attempt, AntacaException refusal)
    {
        var transient = refusal.Transient || refusal.Code == "IDEMPOTENCY_IN_PROGRESS" || refusal.Status is 502 or 503 or 504
            || refusal is { Status: 429, Code: not "LINK_TRIES_EXCEEDED" };
        if (!transient || refusal.RetryAfter > TimeSpan.FromSeconds(LongestRetryAfterSeconds))
        {
            return null;
        }
        var longest = Math.Min(LongestPauseMilliseconds, FirstPauseMilliseconds << (attempt - 2));
        var jittered = TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(longest / 2, longest + 1));
        return refusal.RetryAfter is { } asked ? asked + jittered : jittered;
    }

    private async Task<byte[]> SendOnce(Call call, int number, CancellationToken cancel)
    {
        if (!call.Encrypted)
        {
            return await Attempt(call, suiteKey: null, number, cancel);
        }
        var suiteKey = await SuiteKey(call.PublicKeyPath, cancel);
        try
        {
            return await Attempt(call, suiteKey, number, cancel);
        }
        catch (AntacaException refusal) when (refusal.Code == "CANT_DECRYPT_PAYLOAD")
        {
            // The suite's key was rotated, and its overlap is over: one more try with the new one. Nothing was used up.
            Forget(suiteKey);
        }
        return await Attempt(call, await SuiteKey(call.PublicKeyPath, cancel), number + 1, cancel);
    }

    private async Task<byte[]> Attempt(Call call, RsaPublicKey? suiteKey, int attempt, CancellationToken cancel)
    {
        using var request = Request(call, suiteKey);
        using var late = new CancellationTokenSource(options.AttemptTimeout, options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        var started = Stopwatch.GetTimestamp();
        var status = 0;
        string? traceId = null;
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, either.Token);
            status = (int)response.StatusCode;
            traceId = response.Headers.TryGetValues("Trace-Id", out var values) ? values.FirstOrDefault() : null;
            var bytes = await response.Content.ReadAsByteArrayAsync(either.Token);
            if (!response.IsSuccessStatusCode)
            {
                throw Refusal(response, bytes, traceId);
            }
            return call.Encrypted && response.StatusCode != HttpStatusCode.NoContent ? Open(call, bytes) : bytes;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new AntacaException(0, AntacaException.NoAnswer, $"{call}: no answer within {options.AttemptTimeout.TotalSeconds} s.") { Transient = true };
        }
        catch (HttpRequestException fault)
        {
            throw new AntacaException(0, AntacaException.NoAnswer, $"{call}: {fault.Message}", fault) { Transient = Lost(fault) };
        }
        finally
        {
            options.Observe?.Invoke(new Exchange(call.Method, "/" + call.Path, call.Encrypted, status, traceId, Stopwatch.GetElapsedTime(started), attempt));
        }
    }

    /// <summary>Not a certificate or a limit, which will be the same the next time.</summary>
    private static bool Lost(HttpRequestException fault) => fault.HttpRequestError switch
    {
        HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.ResponseEnded
            or HttpRequestError.HttpProtocolError or HttpRequestError.Unknown => true,
        // A handshake that broke off, not one that was judged.
        HttpRequestError.SecureConnectionError => fault.InnerException is not AuthenticationException,
        _ => false,
    };

    private HttpRequestMessage Request(Call call, RsaPublicKey? suiteKey)
    {
        var request = new HttpRequestMessage(call.Method, call.Path + call.Query) { Version = http.DefaultRequestVersion, VersionPolicy = http.DefaultVersionPolicy };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (call.IdempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", call.IdempotencyKey);
        }
        if (call.Session is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", call.Session.Reveal());
        }
        if (call.Approval is not null)
        {
            request.Headers.Add("Approval", call.Approval);
        }

        var body = call.Body;
        if (suiteKey is not null)
        {
            request.Headers.Add("Public-Key", AnswerKey(call).PublicKey.ToHeader());
            request.Headers.Add("Encrypted-Request", "true");
            body = body is null
                ? null
                : JsonSerializer.SerializeToUtf8Bytes(new SealedBody(Jwe.Seal(body, suiteKey)), ClientJson.Default.SealedBody);
        }
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }
        return request;
    }

    private RsaPrivateKey AnswerKey(Call call) => call.AnswerKey ?? options.AnswerKey ?? _madeKey.Value;

    private byte[] Open(Call call, byte[] bytes)
    {
        SealedBody? body;
        try
        {
            body = JsonSerializer.Deserialize(bytes, ClientJson.Default.SealedBody);
        }
        catch (JsonException)
        {
            throw Unexpected(call, "The answer to an encrypted call is not encrypted.");
        }
        return Jwe.Open(body?.Payload, AnswerKey(call)) is JweResult.Opened opened
            ? opened.Plaintext
            : throw Unexpected(call, "The encrypted answer does not open with our key.");
    }

    private static AntacaException Refusal(HttpResponseMessage response, byte[] bytes, string? traceId)
    {
        Problem? problem = null;
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            try
            {
                problem = JsonSerializer.Deserialize(bytes, ClientJson.Default.Problem);
            }
            catch (JsonException)
            {
                // Something between us and the suite made it up: the status has to do.
            }
        }
        var status = (int)response.StatusCode;
        return new AntacaException(status, problem?.Code ?? $"HTTP_{status}", problem?.Detail ?? problem?.Title ?? $"The call was answered with status {status}.")
        {
            TraceId = problem?.TraceId ?? traceId,
            Errors = problem?.Errors ?? new Dictionary<string, string[]>(),
            RetryAfter = RetryAfter(response.Headers.RetryAfter),
            TriesLeft = problem?.TriesLeft,
        };

        TimeSpan? RetryAfter(RetryConditionHeaderValue? header) =>
            header?.Delta ?? (header?.Date is { } date && response.Headers.Date is { } sent && date > sent ? date - sent : null);
    }

    public static AntacaException Unexpected(Call call, string detail) => new(0, AntacaException.UnexpectedAnswer, $"{call}: {detail}");

    private async Task<RsaPublicKey> SuiteKey(string path, CancellationToken cancel)
    {
        Task<RsaPublicKey> known;
        lock (_keyLock)
        {
            if (_suiteKey is null or { IsFaulted: true } or { IsCanceled: true })
            {
                _suiteKey = Fetch();
            }
            known = _suiteKey;
        }
        return await known.WaitAsync(cancel);

        // Shared by all who wait for it, so it ends by its own time-outs and not with the first caller.
        async Task<RsaPublicKey> Fetch() => (await FetchPublicKey(path, CancellationToken.None)).ToKey();
    }

    private void Forget(RsaPublicKey former)
    {
        lock (_keyLock)
        {
            if (_suiteKey is { IsCompletedSuccessfully: true } known && ReferenceEquals(known.GetAwaiter().GetResult(), former))
            {
                _suiteKey = null;
            }
        }
    }
}
