using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Antaca.Gateway.Channels;
using Antaca.Gateway.Encryption;
using Antaca.Gateway.Routes;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Gateway.Documentation;

/// <summary>
/// One channel's OpenAPI document: the services' operations under their published paths, with what the gateway adds to each:
/// credentials, roles, encryption, and its own refusals.
/// </summary>
internal static partial class PublishedDocument
{
    private const string Json = "application/json";
    private const string ProblemJson = "application/problem+json";

    private static readonly ProblemHttpResult[] _byCertificate =
        [ChannelProblems.CertificateRequired(), ChannelProblems.CertificateInvalid(), ChannelProblems.CertificateUnknown(), ChannelProblems.WrongChannel()];

    private static readonly ProblemHttpResult[] _anywhere =
        [Problems.OfStatus(429), Problems.OfStatus(502), Problems.OfStatus(503), Problems.OfStatus(504), Problems.Refuse(500, "INTERNAL_ERROR", "Something broke on our side. The trace id finds it in the logs.")];

    /// <param name="told">By service: its own document.</param>
    public static JsonObject Of(Channel channel, IReadOnlyDictionary<string, JsonObject> told)
    {
        // A row that its service does not serve is left out; the test of the documents wants every one.
        var served = RouteTable.Routes.Where(route => route.Channel == channel)
            .Select(route => (Route: route, Operation: OperationOf(told[route.Service], route)!))
            .Where(row => row.Operation is not null)
            .ToArray();
        var schemas = new Schemas(told, served.Select(row => (row.Route.Service, row.Operation)));
        var paths = new JsonObject();
        var tags = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (route, operation) in served)
        {
            Add(paths, route.Path, route.Method, Publish(route, schemas.Take(route.Service, operation)));
        }
        schemas.Passes("Balance", "cards", "cardservice", "Card");
        Add(paths, Words.Prefix(channel) + "/public-key", "GET", GetPublicKey(channel));
        schemas.Add("Jwk", Words.Jwk());
        schemas.Add("PublicKey", Words.PublicKey());
        foreach (var (_, methods) in paths)
        {
            tags.UnionWith(methods!.AsObject().Select(operation => operation.Value!["tags"]![0]!.GetValue<string>()));
        }
        schemas.Add("Problem", Words.Problem());
        schemas.Add("EncryptedPayload", Words.EncryptedPayload());

        return new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = Words.Title(channel),
                ["version"] = typeof(PublishedDocument).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
                ["description"] = Words.Introduction(channel),
                ["license"] = new JsonObject { ["name"] = "Apache-2.0", ["identifier"] = "Apache-2.0" },
            },
            ["servers"] = new JsonArray(),
            ["tags"] = new JsonArray([.. tags.Select(tag => new JsonObject { ["name"] = tag })]),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = Words.SecuritySchemes(channel),
                ["parameters"] = Words.Headers(),
                ["headers"] = Words.AnswerHeaders(),
                ["responses"] = new JsonObject(_anywhere.Select(problem => KeyValuePair.Create<string, JsonNode?>(CodeOf(problem), Refused(problem.StatusCode, [(problem.StatusCode, CodeOf(problem), problem.ProblemDetails.Title)])))),
                ["schemas"] = schemas.Taken(Schemas.References(paths), RequestSchemasOf(paths)),
            },
        };
    }

    private static JsonObject? OperationOf(JsonObject document, PublishedRoute route)
    {
        var wanted = Unnamed(route.ServicePath);
        return document["paths"]!.AsObject().FirstOrDefault(path => Unnamed(path.Key) == wanted).Value?[route.Method.ToLowerInvariant()] as JsonObject;
    }

    private static JsonObject Publish(PublishedRoute route, JsonObject operation)
    {
        var refusals = new Refusals();
        var hasBody = operation["requestBody"] is not null;
        var refused = route is { Channel: Channel.Admin, Anonymous: false, Roles: [] };
        AddOwnRefusals(refusals, route, hasBody);
        if (!refused)
        {
            foreach (var stated in operation[OpenApi.Refusals]?.AsArray() ?? [])
            {
                var code = stated!["code"]!.GetValue<string>();
                if (code != Words.ApprovalRequired || route.Channel == Channel.Customers)
                {
                    refusals.Add(stated["status"]!.GetValue<int>(), code, stated["title"]?.GetValue<string>());
                }
            }
        }

        var published = new JsonObject
        {
            ["operationId"] = operation["operationId"]!.DeepClone(),
            ["tags"] = new JsonArray(TagOf(route)),
            ["summary"] = operation["summary"]?.DeepClone(),
            ["description"] = DescriptionOf(route, operation, refused),
            ["security"] = SecurityOf(route),
            ["parameters"] = ParametersOf(route, operation, refusals),
        };
        if (route.Channel == Channel.Admin)
        {
            published["x-antaca-roles"] = new JsonArray([.. route.Roles.Select(role => JsonValue.Create(role.ToString()))]);
        }
        published["x-antaca-encryption"] = route.Encryption switch
        {
            Routes.Encryption.Offered => "offered",
            Routes.Encryption.Required => "required",
            _ => "required-for-registered-key",
        };
        if (hasBody)
        {
            published["requestBody"] = BodyOf(route, operation["requestBody"]!.AsObject());
        }
        published["responses"] = AnswersOf(route, refused ? [] : SuccessesOf(route, operation), refusals, operation[OpenApi.KeyRequired] is not null);
        foreach (var absent in published.Where(member => member.Value is null or JsonArray { Count: 0 } && member.Key == "parameters").Select(member => member.Key).ToArray())
        {
            published.Remove(absent);
        }
        return published;
    }

    private static void AddOwnRefusals(Refusals refusals, PublishedRoute route, bool hasBody)
    {
        refusals.Add(_anywhere);
        switch (route.Channel)
        {
            case Channel.Secure:
                refusals.Add([.. _byCertificate, ChannelProblems.AddressNotAllowed()]);
                break;
            case Channel.Processor:
                refusals.Add(_byCertificate);
                break;
            case var _ when !route.Anonymous:
                refusals.Add(ChannelProblems.TokenRequired(), ChannelProblems.SessionEnded());
                break;
        }
        if (route is { Channel: Channel.Admin, Anonymous: false })
        {
            refusals.Add(ChannelProblems.RoleNotAllowed());
        }
        if (route.Path.Contains('{', StringComparison.Ordinal))
        {
            refusals.Add(Problems.OfStatus(404));
        }
        if (route.Encryption != Routes.Encryption.Offered)
        {
            refusals.Add(EncryptionProblems.Required());
        }
        refusals.Add(EncryptionProblems.InvalidPublicKey());
        // A body that is not asked for is opened all the same.
        if (hasBody || route is { Method: "POST", Encryption: not Routes.Encryption.Offered })
        {
            refusals.Add(EncryptionProblems.InvalidPayload(""), EncryptionProblems.CannotDecrypt(route.Channel), Problems.OfStatus(413), Problems.OfStatus(415));
        }
    }

    private static string DescriptionOf(PublishedRoute route, JsonObject operation, bool refused)
    {
        var said = new List<string>();
        // One sentence is said once, as the summary.
        if (operation["description"]?.GetValue<string>() is { Length: > 0 } description && description.TrimEnd('.') != operation["summary"]?.GetValue<string>())
        {
            said.Add(description);
        }
        if (refused)
        {
            said.Add("Refused to every role: no operator sees this.");
        }
        else if (route is { Channel: Channel.Admin, Anonymous: false })
        {
            said.Add($"Roles: {string.Join(", ", route.Roles)}.");
        }
        if (route.Encryption != Routes.Encryption.Offered)
        {
            said.Add(route.Encryption == Routes.Encryption.Required
                ? "Encryption is required."
                : "Encryption is required, with the key that was registered for the installation.");
        }
        return string.Join("\n\n", said);
    }

    private static JsonArray SecurityOf(PublishedRoute route) =>
        route.Anonymous ? [] : [new JsonObject { [Words.SchemeOf(route.Channel)] = new JsonArray() }];

    private static JsonArray ParametersOf(PublishedRoute route, JsonObject operation, Refusals refusals)
    {
        var theirs = (operation["parameters"]?.AsArray() ?? []).Select(parameter => parameter!.AsObject()).ToArray();
        var parameters = new JsonArray();
        foreach (Match name in PathParameter().Matches(route.Path))
        {
            parameters.Add(new JsonObject
            {
                ["name"] = name.Groups[1].Value,
                ["in"] = "path",
                ["required"] = true,
                ["description"] = Words.Parameter(name.Groups[1].Value),
                ["schema"] = name.Groups[2].Value == "guid" ? new JsonObject { ["type"] = "string", ["format"] = "uuid" } : new JsonObject { ["type"] = "string" },
            });
        }
        foreach (var query in theirs.Where(parameter => parameter["in"]!.GetValue<string>() == "query"))
        {
            var copy = query.DeepClone().AsObject();
            copy["description"] ??= Words.Parameter(query["name"]!.GetValue<string>());
            Words.Bound(copy);
            parameters.Add(copy);
        }
        if (operation[OpenApi.KeyRequired] is { } keyRequired)
        {
            parameters.Add(Reference("parameters", keyRequired.GetValue<bool>() ? "IdempotencyKeyRequired" : "IdempotencyKey"));
        }
        if (refusals.Has(Words.ApprovalRequired))
        {
            parameters.Add(Reference("parameters", "Approval"));
        }
        var required = route.Encryption == Routes.Encryption.Offered ? "" : "Required";
        parameters.Add(Reference("parameters", "PublicKey" + required));
        parameters.Add(Reference("parameters", "EncryptedRequest" + required));
        return parameters;
    }

    private static JsonObject BodyOf(PublishedRoute route, JsonObject body)
    {
        if (body["content"]?[Json] is not JsonObject content)
        {
            return body.DeepClone().AsObject();
        }
        var plain = NotNull(content["schema"]!);
        var published = new JsonObject { ["schema"] = Enveloped(route, plain) };
        var examples = new JsonObject();
        if (content["example"] is { } example)
        {
            examples["plaintext"] = new JsonObject
            {
                ["summary"] = route.Encryption == Routes.Encryption.Offered ? "As it is" : "Before it is encrypted",
                ["value"] = example.DeepClone(),
            };
        }
        examples["encrypted"] = new JsonObject { ["summary"] = "Encrypted", ["value"] = new JsonObject { ["payload"] = Words.SomePayload } };
        published["examples"] = examples;
        return new JsonObject { ["required"] = body["required"]?.GetValue<bool>() ?? false, ["content"] = new JsonObject { [Json] = published } };
    }

    /// <summary>What the operation answers on this channel.</summary>
    private static JsonObject SuccessesOf(PublishedRoute route, JsonObject operation)
    {
        var all = operation["responses"]!.AsObject().ToDictionary(answer => int.Parse(answer.Key, CultureInfo.InvariantCulture), answer => answer.Value!);
        var toOperators = route.Channel == Channel.Admin;
        var successes = new JsonObject();
        foreach (var (status, answer) in all.Where(answer => answer.Key < OpenApi.ToOperators))
        {
            var own = (toOperators ? all.GetValueOrDefault(status + OpenApi.ToOperators) ?? answer : answer).DeepClone().AsObject();
            own["description"] = answer["description"]!.DeepClone();
            if (toOperators && operation[OpenApi.Csv] is not null && own["content"] is JsonObject content)
            {
                content[Csv.MediaType] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string", ["description"] = "The same list as text (RFC 4180), for `Accept: text/csv`. The header Next-Cursor has the cursor of the next page." } };
            }
            successes[status.ToString(CultureInfo.InvariantCulture)] = own;
        }
        return successes;
    }

    private static JsonObject AnswersOf(PublishedRoute route, JsonObject successes, Refusals refusals, bool idempotent)
    {
        var answers = new JsonObject();
        foreach (var (status, success) in successes)
        {
            var headers = new JsonObject { ["Trace-Id"] = Reference("headers", "TraceId") };
            if (idempotent)
            {
                headers["Idempotent-Replayed"] = Reference("headers", "IdempotentReplayed");
            }
            var answer = new JsonObject { ["description"] = success!["description"]!.DeepClone(), ["headers"] = headers };
            if (success["content"] is JsonObject contents)
            {
                answer["content"] = new JsonObject(contents.Select(content => KeyValuePair.Create<string, JsonNode?>(
                    content.Key,
                    content is { Key: Json, Value: { } json } ? new JsonObject { ["schema"] = Enveloped(route, json["schema"]!.DeepClone()) } : content.Value!.DeepClone())));
            }
            answers[status] = answer;
        }
        foreach (var refusal in refusals.ByStatus())
        {
            answers[refusal.Key.ToString(CultureInfo.InvariantCulture)] = refusal.Skip(1).Any() || !_anywhere.Any(problem => CodeOf(problem) == refusal.First().Code)
                ? Refused(refusal.Key, [.. refusal])
                : Reference("responses", refusal.First().Code);
        }
        return answers;
    }

    private static JsonObject Refused(int status, (int Status, string Code, string? Title)[] refusals)
    {
        var headers = new JsonObject { ["Trace-Id"] = Reference("headers", "TraceId") };
        if (status == StatusCodes.Status429TooManyRequests)
        {
            headers["Retry-After"] = Reference("headers", "RetryAfter");
        }
        return new JsonObject
        {
            ["description"] = string.Join("\n", refusals.Select(refusal => refusal.Title is null ? $"- `{refusal.Code}`" : $"- `{refusal.Code}`: {refusal.Title}")),
            ["headers"] = headers,
            ["content"] = new JsonObject
            {
                [ProblemJson] = new JsonObject
                {
                    ["schema"] = new JsonObject
                    {
                        ["allOf"] = new JsonArray(
                            Reference("schemas", "Problem"),
                            new JsonObject
                            {
                                ["properties"] = new JsonObject
                                {
                                    ["status"] = new JsonObject { ["const"] = status },
                                    ["code"] = new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. refusals.Select(refusal => JsonValue.Create(refusal.Code))]) },
                                },
                            }),
                    },
                },
            },
        };
    }

    private static JsonObject GetPublicKey(Channel channel)
    {
        var refusals = new Refusals();
        var withCertificate = channel is Channel.Secure or Channel.Processor;
        refusals.Add(withCertificate ? [.. _byCertificate, .. _anywhere] : _anywhere);
        if (channel == Channel.Secure)
        {
            refusals.Add(ChannelProblems.AddressNotAllowed());
        }
        var route = new PublishedRoute(channel, "GET", "", "", "") { Anonymous = !withCertificate };
        return new JsonObject
        {
            ["operationId"] = nameof(GetPublicKey),
            ["tags"] = new JsonArray("Encryption"),
            ["summary"] = "Tells the key to encrypt for",
            ["description"] = "After a rotation the former key opens payloads for 24 hours more.",
            ["security"] = SecurityOf(route),
            ["responses"] = AnswersOf(
                route,
                new JsonObject { ["200"] = new JsonObject { ["description"] = "OK", ["content"] = new JsonObject { [Json] = new JsonObject { ["schema"] = Reference("schemas", "PublicKey") } } } },
                refusals,
                idempotent: false),
        };
    }

    /// <summary>The plain body or its envelope; where encryption is required, the envelope alone, of which the plain body is the plaintext.</summary>
    private static JsonNode Enveloped(PublishedRoute route, JsonNode plain) => route switch
    {
        { Service: "" } => plain,
        { Encryption: Routes.Encryption.Offered } => new JsonObject { ["anyOf"] = new JsonArray(plain, Reference("schemas", "EncryptedPayload")) },
        _ => new JsonObject
        {
            ["type"] = "object",
            ["required"] = new JsonArray("payload"),
            ["additionalProperties"] = false,
            ["properties"] = new JsonObject
            {
                ["payload"] = new JsonObject
                {
                    ["type"] = "string",
                    ["description"] = "Compact JWE of the plaintext that contentSchema describes.",
                    ["contentMediaType"] = "application/jose",
                    ["contentSchema"] = plain,
                },
            },
        },
    };

    /// <summary>A body that may be left out is not thereby null.</summary>
    private static JsonNode NotNull(JsonNode schema) =>
        (schema["oneOf"] is JsonArray { Count: 2 } either && either.FirstOrDefault(one => one!["$ref"] is not null) is { } reference ? reference : schema).DeepClone();

    private static IEnumerable<string> RequestSchemasOf(JsonObject paths) => paths
        .SelectMany(path => path.Value!.AsObject())
        .SelectMany(operation => Schemas.References(operation.Value!["requestBody"]));

    private static void Add(JsonObject paths, string path, string method, JsonObject operation)
    {
        var published = PathParameter().Replace(path, "{$1}");
        (paths[published] ??= new JsonObject())[method.ToLowerInvariant()] = operation;
    }

    /// <summary>The collection of the service's own path: operations on the same things stand together.</summary>
    private static string TagOf(PublishedRoute route)
    {
        var collection = route.ServicePath.Split('/')[1].Replace('-', ' ');
        return collection == "users" ? "Customers" : char.ToUpperInvariant(collection[0]) + collection[1..];
    }

    private static string Unnamed(string path) => PathParameter().Replace(path.TrimEnd('/'), "{}");

    private static string CodeOf(ProblemHttpResult problem) => (string)problem.ProblemDetails.Extensions["code"]!;

    internal static JsonObject Reference(string kind, string name) => new() { ["$ref"] = $"#/components/{kind}/{name}" };

    [GeneratedRegex(@"\{(\w+)(?::(\w+))?\}")]
    private static partial Regex PathParameter();

    /// <summary>The refusals of one operation, each code once at its status.</summary>
    private sealed class Refusals
    {
        private readonly List<(int Status, string Code, string? Title)> _all = [];

        public void Add(params ProblemHttpResult[] problems)
        {
            foreach (var problem in problems)
            {
                Add(problem.StatusCode, CodeOf(problem), problem.ProblemDetails.Title);
            }
        }

        public void Add(int status, string code, string? title)
        {
            if (!_all.Exists(known => known.Status == status && known.Code == code))
            {
                _all.Add((status, code, title));
            }
        }

        public bool Has(string code) => _all.Exists(known => known.Code == code);

        public IEnumerable<IGrouping<int, (int Status, string Code, string? Title)>> ByStatus() => _all.GroupBy(refusal => refusal.Status).OrderBy(group => group.Key);
    }
}
