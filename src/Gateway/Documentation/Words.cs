using System.Text.Json.Nodes;
using Antaca.Gateway.Encryption;
using Antaca.ServiceDefaults;

namespace Antaca.Gateway.Documentation;

/// <summary>What the documents say besides what the code says by itself.</summary>
internal static class Words
{
    public const string ApprovalRequired = "APPROVAL_REQUIRED";
    public const string SomePayload = "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0.<key>.<nonce>.<ciphertext>.<tag>";

    public static string Prefix(Channel channel) => channel switch
    {
        Channel.Customers => "/customers",
        Channel.Secure => "/secure",
        Channel.Processor => "/processor",
        _ => "/admin",
    };

    public static string Title(Channel channel) => channel switch
    {
        Channel.Customers => "Antaca for apps",
        Channel.Secure => "Antaca for partners",
        Channel.Processor => "Antaca for processors",
        _ => "Antaca for operators",
    };

    public static string Introduction(Channel channel) =>
        $"""
        {Credential(channel)}

        **Requests** are JSON in UTF-8 (at most 1 MiB); unknown fields are refused. Ids are UUIDs, times ISO 8601 in UTC, money
        `{"{"}"amount": 12500, "currency": "PLN"{"}"}` in minor units. Lists run from the newest to the oldest: `limit` rows (1 to {PageRequest.MaxLimit}, otherwise
        {PageRequest.DefaultLimit}) `after` the cursor that the page before gave as `next`.

        **Refusals** are problem details (RFC 9457). Branch on `code`, which is stable; each operation names the codes it gives. An
        address that does not exist is 404 `NOT_FOUND`, a method it does not take 405 `METHOD_NOT_ALLOWED`. What belongs to somebody else
        does not exist for you. 502, 503 and 504 may be tried again as they are.

        **{Idempotency.Header}** (1 to {Idempotency.MaxKeyLength} characters of your choice) makes a POST safe to repeat: for {Idempotency.KeptHours} hours the same key with the same request
        gives the same answer, marked `{Idempotency.ReplayedHeader}: true`.

        **Encryption**: any operation may be called encrypted, and must be where it says so. Fetch our key from `{Prefix(channel)}/public-key`;
        send `{EncryptedCalls.Header}: true` and your own RSA key as `{EncryptedCalls.KeyHeader}`; the body is `{"{"}"payload": "<compact JWE>"{"}"}` with RSA-OAEP-256
        (or RSA-OAEP) and A256GCM. Success answers come back encrypted for your key in the same form; refusals are never encrypted.

        Examples are accepted as they stand once their ids are yours: `{ExampleIds.Program}` is the sandbox's programme, other ids that begin
        with `0190a000` stand for your own.
        """;

    public static string SchemeOf(Channel channel) => channel switch
    {
        Channel.Customers => "session",
        Channel.Admin => "operatorSession",
        _ => "certificate",
    };

    public static JsonObject SecuritySchemes(Channel channel) => new()
    {
        [SchemeOf(channel)] = channel is Channel.Customers or Channel.Admin
            ? new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = channel == Channel.Admin ? "The token of POST /admin/sessions/verify." : "The token of POST /customers/devices or POST /customers/sessions." }
            : new JsonObject { ["type"] = "mutualTLS", ["description"] = "A client certificate of the partner CA." },
    };

    public static JsonObject Headers()
    {
        var key = Header(EncryptedCalls.KeyHeader, "Your RSA public key of 2048 to 4096 bits: base64 of its PEM or of its DER SubjectPublicKeyInfo.", new() { ["type"] = "string" });
        var asked = Header(EncryptedCalls.Header, "Whether the call is encrypted.", new() { ["type"] = "string", ["enum"] = new JsonArray("true", "false") });
        var once = Header(
            Idempotency.Header, "Makes the request safe to repeat.", new() { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = Idempotency.MaxKeyLength });
        return new JsonObject
        {
            ["PublicKey"] = key,
            ["PublicKeyRequired"] = Required(key),
            ["EncryptedRequest"] = asked,
            ["EncryptedRequestRequired"] = Required(Header(EncryptedCalls.Header, "This operation is called encrypted only.", new() { ["type"] = "string", ["enum"] = new JsonArray("true") })),
            ["IdempotencyKey"] = once,
            ["IdempotencyKeyRequired"] = Required(once),
            ["Approval"] = Required(Header("Approval", "The approval of this action on this card, from POST /customers/me/approvals: for 60 seconds, once.", new() { ["type"] = "string" })),
        };
    }

    public static JsonObject AnswerHeaders() => new()
    {
        ["TraceId"] = new JsonObject { ["description"] = "Finds the call in our logs and traces.", ["schema"] = new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9a-f]{32}$" } },
        ["IdempotentReplayed"] = new JsonObject { ["description"] = "Present when this is the answer to the first request with the key.", ["schema"] = new JsonObject { ["type"] = "string", ["enum"] = new JsonArray("true") } },
        ["RetryAfter"] = new JsonObject { ["description"] = "Seconds to wait.", ["schema"] = new JsonObject { ["type"] = "integer" } },
    };

    public static JsonObject Problem() => Record(
        "RFC 9457 problem details. Some refusals have further members.",
        ("type", new() { ["type"] = "string", ["format"] = "uri" }),
        ("title", new() { ["type"] = "string" }),
        ("status", new() { ["type"] = "integer" }),
        ("code", new() { ["type"] = "string", ["description"] = "Stable; upper snake case." }),
        ("traceId", new() { ["type"] = new JsonArray("string", "null") }))
        .With("detail", new() { ["type"] = "string", ["description"] = "What is particular to this occurrence." })
        .With("errors", new()
        {
            ["type"] = "object",
            ["description"] = "With VALIDATION_FAILED: the faults by field.",
            ["additionalProperties"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" } },
        });

    public static JsonObject EncryptedPayload() => Closed(Record(
        "The envelope of an encrypted call.",
        ("payload", new() { ["type"] = "string", ["description"] = "Compact JWE: RSA-OAEP-256 (requests also RSA-OAEP) with A256GCM.", ["contentMediaType"] = "application/jose" })));

    public static JsonObject PublicKey() => Record(
        "The key to encrypt for.",
        ("kid", new() { ["type"] = "string", ["description"] = "RFC 7638 thumbprint." }),
        ("alg", new() { ["type"] = "string", ["const"] = "RSA-OAEP-256" }),
        ("enc", new() { ["type"] = "string", ["const"] = "A256GCM" }),
        ("publicKey", new() { ["type"] = "string", ["description"] = "Base64 of the PEM." }),
        ("jwk", PublishedDocument.Reference("schemas", "Jwk")));

    /// <summary>As src/Jose reads and writes it.</summary>
    public static JsonObject Jwk() => Record("A public JSON Web Key (RFC 7517): RSA, or EC on P-256.", ("kty", new() { ["type"] = "string", ["enum"] = new JsonArray("RSA", "EC") }))
        .With("kid", new() { ["type"] = "string" })
        .With("n", new() { ["type"] = "string", ["description"] = "RSA: the modulus, base64url." })
        .With("e", new() { ["type"] = "string", ["description"] = "RSA: the exponent, base64url." })
        .With("crv", new() { ["type"] = "string", ["const"] = "P-256", ["description"] = "EC." })
        .With("x", new() { ["type"] = "string", ["description"] = "EC: base64url." })
        .With("y", new() { ["type"] = "string", ["description"] = "EC: base64url." });

    public static string? Parameter(string name) => name switch
    {
        "customerId" => "The user.",
        "balanceId" => "The balance.",
        "cardId" => "The card.",
        "installationId" => "The paired app.",
        "operatorId" => "The operator.",
        "partnerId" => "The partner.",
        "programId" => "The programme.",
        "serial" => "The certificate's serial number.",
        "limit" => "The most rows to answer.",
        "after" => "Where the page before ended: its next.",
        "from" => "Not before this time.",
        "to" => "Before this time.",
        _ => null,
    };

    /// <summary>What a signature does not tell of a query parameter: the bounds of <c>limit</c>, and that absent is not null.</summary>
    public static void Bound(JsonObject parameter)
    {
        var schema = parameter["schema"]!;
        if (parameter["name"]!.GetValue<string>() == "limit")
        {
            parameter["schema"] = new JsonObject { ["type"] = "integer", ["minimum"] = 1, ["maximum"] = PageRequest.MaxLimit, ["default"] = PageRequest.DefaultLimit };
        }
        else if (schema["type"] is JsonArray types)
        {
            schema["type"] = types.First(type => type!.GetValue<string>() != "null")!.DeepClone();
        }
        else if (schema["oneOf"] is JsonArray either)
        {
            parameter["schema"] = either.First(one => one!["$ref"] is not null)!.DeepClone();
        }
    }

    private static string Credential(Channel channel) => channel switch
    {
        Channel.Customers =>
            "What a user's app calls. Pair the app with an activation code (`POST /customers/devices`), then log in by a signed challenge (`POST /customers/sessions`), and send the token " +
            "as `Authorization: Bearer`.",
        Channel.Admin => "What operators call. Log in with password and one-time code (`POST /admin/sessions`, `POST /admin/sessions/verify`), and send the token as `Authorization: Bearer`.",
        Channel.Secure => "What a partner's servers call, with the client certificate that the partner was given.",
        _ => "What a processor's servers call, with the client certificate that the processor was given.",
    };

    private static JsonObject Header(string name, string description, JsonObject schema) => new() { ["name"] = name, ["in"] = "header", ["description"] = description, ["schema"] = schema };

    private static JsonObject Required(JsonObject header)
    {
        var required = header.DeepClone().AsObject();
        required["required"] = true;
        return required;
    }

    private static JsonObject Record(string description, params (string Name, JsonObject Schema)[] members) => new()
    {
        ["type"] = "object",
        ["description"] = description,
        ["required"] = new JsonArray([.. members.Select(member => JsonValue.Create(member.Name))]),
        ["properties"] = new JsonObject(members.Select(member => KeyValuePair.Create<string, JsonNode?>(member.Name, member.Schema))),
    };

    private static JsonObject With(this JsonObject record, string name, JsonObject schema)
    {
        record["properties"]![name] = schema;
        return record;
    }

    private static JsonObject Closed(JsonObject record)
    {
        record["additionalProperties"] = false;
        return record;
    }
}
