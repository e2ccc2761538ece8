using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Antaca.Gateway.Routes;
using Antaca.Gateway.Vault;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Gateway.Encryption;

/// <summary>
/// The edge of the clear text: opens an encrypted request and swaps its secrets for references before it goes on; resolves
/// the references of an answer and seals it. Errors are never encrypted, 204 has nothing to encrypt.
/// </summary>
internal sealed class EncryptedCalls(EncryptionKeys ourKeys, CallerKeys callerKeys, SecretSwap swap)
{
    public const string Header = "Encrypted-Request";
    public const string KeyHeader = "Public-Key";

    private static readonly JsonDocumentOptions _strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    public Task Handle(HttpContext context, RequestDelegate next)
    {
        if (Forwarding.RouteOf(context) is not { } route)
        {
            return next(context);
        }
        var encrypted = bool.TryParse(context.Request.Headers[Header], out var asked) && asked;
        if (!encrypted && route.Encryption != Routes.Encryption.Offered)
        {
            return Problems.Write(context, EncryptionProblems.Required());
        }
        if (context.Request.ContentType is not null && !context.Request.HasJsonContentType())
        {
            return Problems.Write(context, Problems.OfStatus(StatusCodes.Status415UnsupportedMediaType));
        }
        return encrypted || route.Secrets.HasFlag(Secrets.Inbound) ? Handle(context, route, encrypted, next) : next(context);
    }

    private async Task Handle(HttpContext context, PublishedRoute route, bool encrypted, RequestDelegate next)
    {
        RsaPublicKey? callerKey = null;
        if (encrypted && !callerKeys.TryGet(context.Request.Headers[KeyHeader], out callerKey))
        {
            await Problems.Write(context, EncryptionProblems.InvalidPublicKey());
            return;
        }
        if (callerKey is not null && RefusalOf(callerKey, route, context) is { } wrongKey)
        {
            await Problems.Write(context, wrongKey);
            return;
        }
        if (await TakeRequest(context, route, encrypted) is { } refusal)
        {
            await Problems.Write(context, refusal);
            return;
        }
        if (callerKey is null)
        {
            await next(context);
            return;
        }
        await SealAnswer(context, route, callerKey, next);
    }

    /// <summary>Not null where the caller has registered another key, or none where one must be.</summary>
    private static ProblemHttpResult? RefusalOf(RsaPublicKey shown, PublishedRoute route, HttpContext context)
    {
        var registered = context.Features.Get<RegisteredKey>()?.KeyId;
        return registered is null
            ? route.Encryption == Routes.Encryption.RequiredForRegisteredKey ? EncryptionProblems.KeyNotRegistered() : null
            : registered == shown.Kid ? null : EncryptionProblems.AnotherKeyRegistered();
    }

    /// <summary>Puts the clear text, its secrets swapped, in place of the body. Not null: the refusal.</summary>
    private async Task<ProblemHttpResult?> TakeRequest(HttpContext context, PublishedRoute route, bool encrypted)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != true)
        {
            return null;
        }
        var wire = await ReadBody(context);
        if (wire.Length == 0)
        {
            return null;
        }
        if (!context.Request.HasJsonContentType())
        {
            return Problems.OfStatus(StatusCodes.Status415UnsupportedMediaType);
        }

        var clear = wire;
        if (encrypted)
        {
            if (!TryReadPayload(wire, out var payload))
            {
                return EncryptionProblems.InvalidPayload("The body is not an object with the one member payload.");
            }
            switch (ourKeys.Open(payload))
            {
                case JweResult.Malformed malformed:
                    return EncryptionProblems.InvalidPayload(malformed.Why);
                case JweResult.Opened opened:
                    clear = opened.Plaintext;
                    break;
                default:
                    return EncryptionProblems.CannotDecrypt(route.Channel);
            }
        }

        try
        {
            if (!TryReadObject(clear, out var body))
            {
                return encrypted
                    ? EncryptionProblems.InvalidPayload("The plaintext is not a JSON object.")
                    : Problems.Refuse(400, "MALFORMED_JSON", "The body is not a well-formed JSON object.");
            }
            using (body)
            {
                var forwarded = clear.ToArray();
                if (route.Secrets.HasFlag(Secrets.Inbound))
                {
                    var (swapped, refusal) = await swap.ForReferences(body.RootElement, context.Features.GetRequiredFeature<Caller>(), context.RequestAborted);
                    if (refusal is not null)
                    {
                        return refusal;
                    }
                    forwarded = swapped!;
                }
                context.Request.Body = new MemoryStream(forwarded, writable: false);
                context.Request.ContentLength = forwarded.Length;
                context.Request.ContentType = "application/json";
                context.Request.Headers.Remove("Transfer-Encoding");
                return null;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clear);
        }
    }

    private async Task SealAnswer(HttpContext context, PublishedRoute route, RsaPublicKey callerKey, RequestDelegate next)
    {
        var wire = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        using var held = new MemoryStream();
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(held, wire));
        try
        {
            await next(context);
        }
        finally
        {
            context.Features.Set(wire);
        }

        var answer = held.ToArray();
        try
        {
            var sealing = context.Response.StatusCode is >= 200 and < 300 && answer.Length > 0;
            if (!sealing)
            {
                // An error, or nothing: as it is.
                await Write(context, answer, context.Response.ContentType);
                return;
            }
            if (route.Secrets.HasFlag(Secrets.Outbound))
            {
                var clear = await swap.ForSecrets(answer, context.Features.GetRequiredFeature<Caller>(), context.RequestAborted);
                CryptographicOperations.ZeroMemory(answer);
                answer = clear;
            }
            var payload = Jwe.Seal(answer, callerKey);
            await Write(context, Encoding.UTF8.GetBytes($$"""{"payload":"{{payload}}"}"""), "application/json");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(answer);
        }
    }

    private static async Task Write(HttpContext context, byte[] body, string? contentType)
    {
        if (body.Length == 0)
        {
            return;
        }
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static async Task<byte[]> ReadBody(HttpContext context)
    {
        // Kestrel stops at the body limit with 413.
        using var body = new MemoryStream(capacity: (int)Math.Min(context.Request.ContentLength ?? 4096, Defaults.MaxBodyBytes));
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }

    private static bool TryReadPayload(byte[] body, [NotNullWhen(true)] out string? payload)
    {
        payload = null;
        if (!TryReadObject(body, out var envelope))
        {
            return false;
        }
        using (envelope)
        {
            var members = envelope.RootElement.EnumerateObject();
            payload = members.MoveNext() && members.Current.NameEquals("payload"u8) && members.Current.Value.ValueKind == JsonValueKind.String
                ? members.Current.Value.GetString()
                : null;
            return payload is not null && !members.MoveNext();
        }
    }

    private static bool TryReadObject(byte[] text, [NotNullWhen(true)] out JsonDocument? document)
    {
        document = null;
        try
        {
            var read = JsonDocument.Parse(text, _strict);
            if (read.RootElement.ValueKind != JsonValueKind.Object)
            {
                read.Dispose();
                return false;
            }
            document = read;
            return true;
        }
        // A lone surrogate in a name is an InvalidOperationException.
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
