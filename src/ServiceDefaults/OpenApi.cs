using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Antaca.Contracts.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace Antaca.ServiceDefaults;

/// <summary>
/// What a service tells the gateway of its routes for callers: an OpenAPI document made of the routes' own metadata and of
/// the summaries of verbs and records. The gateway puts the documents of all services together and publishes them. What a
/// signature does not say, the route does, in a line or two:
/// <code>
/// cards.MapPost("/{cardId:guid}/lock", Handle)
///     .Example(new Request(Code: 3)).Produces&lt;CardView&gt;()
///     .Refuses(CardProblems.NotFound()).Refuses(409, "CARD_NOT_ACTIVE", "LOCK_IRREVERSIBLE");
/// </code>
/// What follows from a body, a parameter, a page or an <c>Idempotency-Key</c> is added by itself.
/// </summary>
public static class OpenApi
{
    /// <summary>Where a service serves its document, to the gateway alone.</summary>
    public const string Path = "/internal/documentation/openapi.json";

    /// <summary>The operation's refusals: a list of status, code and title.</summary>
    public const string Refusals = "x-refusals";

    /// <summary>The operation takes an <c>Idempotency-Key</c>: whether it must be sent.</summary>
    public const string KeyRequired = "x-idempotency-key-required";

    /// <summary>The operation answers operators with text where they ask for it.</summary>
    public const string Csv = "x-csv";

    /// <summary>Added to the status of an answer that operators get in place of the one of that status.</summary>
    public const int ToOperators = 700;

    private const string Name = "openapi";
    private const string JsonType = "application/json";

    /// <summary>States the refusals that the verb itself gives.</summary>
    public static TBuilder Refuses<TBuilder>(this TBuilder route, params ProblemHttpResult[] problems)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata([.. problems.Select(Refusal.Of)]);

    /// <summary>States refusals by code where their making needs what only a request has.</summary>
    public static TBuilder Refuses<TBuilder>(this TBuilder route, int status, params string[] codes)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata([.. codes.Select(code => new Refusal(status, code, null))]);

    /// <summary>
    /// Shows a request that is accepted as it stands once its ids are the reader's own: those of <see cref="ExampleIds"/>
    /// stand for them. A field that is swapped at the edge is given as its text, in an anonymous object.
    /// </summary>
    public static TBuilder Example<TBuilder>(this TBuilder route, object request)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new RequestExample(request));

    /// <summary>States the success that operators hear in place of what the others do, who see more.</summary>
    public static RouteHandlerBuilder AnswersOperators<T>(this RouteHandlerBuilder route, int status) =>
        route.WithMetadata(new ProducesResponseTypeMetadata(status + ToOperators, typeof(T), [JsonType]));

    /// <summary>States that operators may have the list as text (<see cref="ServiceDefaults.Csv"/>).</summary>
    public static TBuilder OffersCsv<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new InCsv());

    internal static void AddDocumentation(this WebApplicationBuilder builder) => builder.Services.AddOpenApi(Name, options =>
    {
        var names = new SchemaNames();
        options.ShouldInclude = route => route.ActionDescriptor.EndpointMetadata.OfType<Access.Area>().LastOrDefault()?.Name == Access.Callers;
        options.CreateSchemaReferenceId = names.Of;
        options.AddSchemaTransformer((schema, context, _) =>
        {
            Describe(schema, context.JsonTypeInfo.Type, context.JsonPropertyInfo);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            Describe(operation, context);
            return Task.CompletedTask;
        });
    });

    internal static void MapDocumentation(this WebApplication app) => app.MapForServices(Access.Documentation, "").MapOpenApi(Path.Replace(Name, "{documentName}", StringComparison.Ordinal));

    private static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var handler = metadata.OfType<MethodInfo>().First();
        var verb = handler.DeclaringType!;
        var said = Summaries.Of(verb);
        operation.OperationId = verb.Name;
        operation.Summary ??= said is null ? null : Summaries.FirstSentence(said);
        operation.Description ??= said;
        operation.Tags = null;

        var refusals = metadata.OfType<Refusal>().ToList();
        if (operation.RequestBody is OpenApiRequestBody body)
        {
            refusals.AddRange(new[] { Problems.Refuse(400, "MALFORMED_JSON", "The body is not well-formed JSON."), Problems.OfStatus(413), Problems.OfStatus(415), Problems.Invalid("", "") }.Select(Refusal.Of));
            if (metadata.OfType<RequestExample>().LastOrDefault() is { } example && body.Content?.TryGetValue(JsonType, out var content) == true && content is OpenApiMediaType)
            {
                var json = context.ApplicationServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
                ((OpenApiMediaType)content).Example = JsonSerializer.SerializeToNode(example.Request, example.Request.GetType(), json);
            }
        }
        if (operation.Parameters?.Any(parameter => parameter.In == ParameterLocation.Query) == true)
        {
            refusals.Add(Refusal.Of(Problems.Invalid("", "")));
        }
        if (handler.GetParameters().Any(parameter => parameter.ParameterType == typeof(Idempotency)))
        {
            operation.AddExtension(KeyRequired, new JsonNodeExtension(JsonValue.Create(refusals.Any(refusal => refusal.Code == "IDEMPOTENCY_KEY_REQUIRED"))));
            refusals.AddRange(new[] { Idempotency.InProgress(), Idempotency.Reused(), Problems.Refuse(400, "BAD_REQUEST", "The request could not be read.") }.Select(Refusal.Of));
        }
        if (metadata.OfType<InCsv>().Any())
        {
            operation.AddExtension(Csv, new JsonNodeExtension(JsonValue.Create(true)));
        }
        refusals.Add(Refusal.Of(Problems.OfStatus(503)));
        operation.AddExtension(Refusals, new JsonNodeExtension(new JsonArray([.. refusals.DistinctBy(refusal => (refusal.Status, refusal.Code)).Select(refusal => refusal.Json())])));
        foreach (var status in operation.Responses?.Keys.Where(status => status[0] is '4' or '5').ToArray() ?? [])
        {
            operation.Responses!.Remove(status);
        }
    }

    private static void Describe(OpenApiSchema schema, Type type, JsonPropertyInfo? property)
    {
        var value = Nullable.GetUnderlyingType(type) ?? type;
        var nullable = value != type ? JsonSchemaType.Null : 0;
        if (value == typeof(Money))
        {
            schema.Type = JsonSchemaType.Object | nullable;
            schema.Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["amount"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Description = "Minor units: 12500 PLN is 125.00 złoty." },
                ["currency"] = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^[A-Z]{3}$", Description = "ISO 4217." },
            };
            schema.Required = new HashSet<string> { "amount", "currency" };
            schema.AdditionalPropertiesAllowed = false;
            schema.Description = "An amount in minor units of an ISO 4217 currency.";
        }
        else if (value == typeof(VaultReference))
        {
            // A reference never leaves the gateway: outside there is the secret's text.
            schema.Type = JsonSchemaType.String | (schema.Type & JsonSchemaType.Null);
            schema.Properties = null;
            schema.Required = null;
            schema.AdditionalPropertiesAllowed = true;
            schema.Metadata?.Remove("x-schema-id");
            schema.Description = "A card secret.";
        }
        else if (value == typeof(DateTimeOffset))
        {
            (schema.Type, schema.Format) = (JsonSchemaType.String | nullable, "date-time");
        }
        else if (value.IsEnum)
        {
            schema.Type = JsonSchemaType.String | nullable;
        }
        schema.Description ??= schema.Type?.HasFlag(JsonSchemaType.Object) == true || value.IsEnum || property is null
            ? Summaries.Of(value)
            : Summaries.Of(property);
    }

    /// <summary>What a route or an operation may answer instead of success.</summary>
    internal sealed record Refusal(int Status, string Code, string? Title)
    {
        public static Refusal Of(ProblemHttpResult problem) =>
            new(problem.StatusCode, (string)problem.ProblemDetails.Extensions["code"]!, problem.ProblemDetails.Title);

        public JsonObject Json() => new() { ["status"] = Status, ["code"] = Code, ["title"] = Title };
    }

    private sealed record RequestExample(object Request);

    private sealed record InCsv;

    /// <summary>Names of schemas: the record's own, with the verb's before it where every verb has one of that name.</summary>
    private sealed class SchemaNames
    {
        private readonly ConcurrentDictionary<string, Type> _taken = new(StringComparer.Ordinal);

        public string? Of(JsonTypeInfo info)
        {
            var type = Nullable.GetUnderlyingType(info.Type) ?? info.Type;
            if (type == typeof(VaultReference) || (OpenApiOptions.CreateDefaultSchemaReferenceId(info) is null && info.Kind != JsonTypeInfoKind.None) || IsPlain(type))
            {
                return null;
            }
            var name = NameOf(type);
            return _taken.GetOrAdd(name, type) == type ? name : type.DeclaringType?.Name + name;
        }

        private static bool IsPlain(Type type) => !type.IsEnum && (type.IsPrimitive || type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true);

        private static string NameOf(Type type)
        {
            if (type.IsGenericType)
            {
                // Page<CardView> is a CardPage.
                return string.Concat(type.GetGenericArguments().Select(NameOf)) + type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)];
            }
            if (type.DeclaringType is { } verb && (type.Name.EndsWith("Request", StringComparison.Ordinal) || type.Name == "Answer"))
            {
                return verb.Name + type.Name;
            }
            return type.Name.Length > 4 && type.Name.EndsWith("View", StringComparison.Ordinal) ? type.Name[..^4] : type.Name;
        }
    }
}

/// <summary>The ids of documented examples. The programme is the sandbox's own; the others stand for the reader's.</summary>
public static class ExampleIds
{
    public static readonly Guid Program = new("0190a000-0000-7000-8000-000000000003");
    public static readonly Guid Partner = new("0190a000-0000-7000-8000-000000000001");
    public static readonly Guid Customer = new("0190a000-0000-7000-8000-0000000000c0");
    public static readonly Guid Balance = new("0190a000-0000-7000-8000-0000000000ba");
    public static readonly Guid Card = new("0190a000-0000-7000-8000-0000000000ca");
    public static readonly Guid Authorization = new("0190a000-0000-7000-8000-0000000000a7");
    public static readonly Guid Installation = new("0190a000-0000-7000-8000-0000000000de");
}

/// <summary>Public keys for documented examples. Nobody has the other halves.</summary>
public static class ExampleKeys
{
    /// <summary>EC P-256, as a JWK.</summary>
    public static readonly object Device = new { kty = "EC", crv = "P-256", x = "xteHwOS3pYuXnqioJZ8ilwHrDdsRDIw8u_4p7AC7b_8", y = "AaZpFJz1l0ctx_utpCDIVxlgI0iIZR7krhwJOW-Sk7w" };

    /// <summary>RSA of 2048 bits, as a JWK.</summary>
    public static readonly object Encryption = new
    {
        kty = "RSA",
        n = "n9gYwXwVhzHdY7S_8infjJzKKw5H0UU9QuRmJu9u6xf29muVSOpzgDiadB5b6k-sljFCjg-QcB0gBjS6066XHFIg3D6nrSfuqJ-8Rx6nbAwv5dT-ECjHRX3bhYwMBHIyS-3xK_ma3SQDaSg9CH-MneQqddWDMLb0Kk9MENtF4sL8WKIilQmC_hpo8L6zGtqHvF4xBMhM-VcI0DKpLimLm5fBm2yXhHdAS_cFL_b5RlY5YIAdfoVhwZDwZCmVyRwrOQJduosVPvlchcw1M4vp2vKe1CfYCvUDegKTA1_naRgOL66Ih28M1EEjTmC0-ci9W-WGFeJCtHPcP7PwkRt5Lw",
        e = "AQAB",
    };
}
