using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Antaca.ServiceDefaults;

/// <summary>
/// The <c>Idempotency-Key</c> of a POST, bound from the request. The answer is stored in the transaction of the write it
/// answers, so the write and its replay can never disagree. Refusals are not stored: a refused request may be sent again.
/// <code>
/// if (await work.Replay(once, request) is { } earlier) { return earlier; }
/// ...
/// return await work.Answer(once, StatusCodes.Status201Created, view);
/// </code>
/// </summary>
public sealed class Idempotency
{
    public const string Header = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotent-Replayed";
    public const int MaxKeyLength = 255;

    /// <summary>How long an answer is kept. The contract promises 24 hours at least.</summary>
    public const int KeptHours = 48;

    private Idempotency(string owner, string? key, string target, JsonSerializerOptions json, TimeProvider clock)
    {
        Owner = owner;
        Key = key;
        Target = target;
        Json = json;
        Clock = clock;
    }

    /// <summary>Whose key it is: keys of different callers never meet.</summary>
    public string Owner { get; }

    /// <summary>Null when the caller sent none.</summary>
    public string? Key { get; }

    internal string Target { get; }

    internal JsonSerializerOptions Json { get; }

    internal TimeProvider Clock { get; }

    internal byte[]? Fingerprint { get; set; }

    public static async ValueTask<Idempotency?> BindAsync(HttpContext context)
    {
        var caller = await Caller.BindAsync(context);
        var key = context.Request.Headers[Header];
        if (key.Count > 1 || key is [{ Length: 0 or > MaxKeyLength }])
        {
            throw new BadHttpRequestException($"{Header} must be given once, with 1 to {MaxKeyLength} characters.");
        }
        return new Idempotency(
            caller!.Actor,
            key.Count == 0 ? null : key.ToString(),
            // A partner's path names the user no longer when it arrives here: the same key for another user is another request.
            $"{context.Request.Method} {context.Request.Path} {caller.UserId}",
            context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions,
            context.RequestServices.GetRequiredService<TimeProvider>());
    }

    /// <summary>What the request asks for, hashed: the same key with another fingerprint is refused.</summary>
    public byte[] FingerprintOf<TRequest>(TRequest request) =>
        SHA256.HashData([.. Encoding.UTF8.GetBytes(Target + "\n"), .. JsonSerializer.SerializeToUtf8Bytes(request, Json)]);

    /// <summary>What the request is called where another service does the write: the same for the same key, new without one.</summary>
    public Guid RequestId() => Key is null ? Guid.CreateVersion7() : new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"{Owner}\n{Key}\n{Target}")).AsSpan(0, 16));

    /// <summary>409 <c>IDEMPOTENCY_IN_PROGRESS</c> while the first request with the key is being served.</summary>
    public static ProblemHttpResult InProgress() =>
        Problems.Refuse(409, "IDEMPOTENCY_IN_PROGRESS", "A request with this Idempotency-Key is being served. Ask again shortly.");

    /// <summary>422 <c>IDEMPOTENCY_KEY_REUSED</c> for another request under the same key.</summary>
    public static ProblemHttpResult Reused() => Problems.Refuse(422, "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used for another request.");

    /// <summary>400 <c>IDEMPOTENCY_KEY_REQUIRED</c> where a write adds money and the caller sent no key.</summary>
    public static ProblemHttpResult Required() =>
        Problems.Refuse(400, "IDEMPOTENCY_KEY_REQUIRED", $"This request needs an {Header}, so that it can be repeated safely.");
}

public static class IdempotentWork
{
    /// <summary>
    /// Takes the key for this transaction. Null: go on. Otherwise the answer to give: the stored one, or a refusal
    /// (409 <c>IDEMPOTENCY_IN_PROGRESS</c> while the first is being served, 422 <c>IDEMPOTENCY_KEY_REUSED</c> for another request).
    /// </summary>
    public static async Task<IResult?> Replay<TRequest>(this Work work, Idempotency once, TRequest request)
    {
        if (once.Key is null)
        {
            return null;
        }
        once.Fingerprint = once.FingerprintOf(request);
        var mine = await work.One<bool>("select pg_try_advisory_xact_lock(hashtextextended(@lockName, 0))", new { lockName = once.Owner + "\n" + once.Key });
        if (!mine)
        {
            return Idempotency.InProgress();
        }
        var stored = await work.One<StoredAnswer>(
            "select fingerprint, status, location, body from idempotency_keys where owner = @Owner and key = @Key",
            new { once.Owner, once.Key });
        if (stored is null)
        {
            return null;
        }
        return CryptographicOperations.FixedTimeEquals(stored.Fingerprint, once.Fingerprint)
            ? new KeptAnswer(stored.Status, stored.Location, stored.Body, Replayed: true)
            : Idempotency.Reused();
    }

    /// <summary>Stores the answer under the key, commits, and gives the answer.</summary>
    public static async Task<IResult> Answer<T>(this Work work, Idempotency once, int status, T body, string? location = null)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, once.Json);
        if (once.Key is not null)
        {
            await work.Change(
                """
                insert into idempotency_keys (owner, key, fingerprint, status, location, body, created_at)
                values (@Owner, @Key, @fingerprint, @status, @location, @bytes, @now)
                """,
                new { once.Owner, once.Key, fingerprint = once.Fingerprint, status = (short)status, location, bytes, now = once.Clock.GetUtcNow() });
        }
        await work.Commit();
        return new KeptAnswer(status, location, bytes, Replayed: false);
    }

    private sealed record StoredAnswer
    {
        public required byte[] Fingerprint { get; init; }
        public required short Status { get; init; }
        public string? Location { get; init; }
        public required byte[] Body { get; init; }
    }

    private sealed class KeptAnswer(int status, string? location, byte[] body, bool Replayed) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.StatusCode = status;
            response.ContentType = "application/json";
            response.ContentLength = body.Length;
            if (location is not null)
            {
                response.Headers.Location = location;
            }
            if (Replayed)
            {
                response.Headers[Idempotency.ReplayedHeader] = "true";
            }
            await response.Body.WriteAsync(body, httpContext.RequestAborted);
        }
    }
}
