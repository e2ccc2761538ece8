using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Antaca.Gateway.Routes;
using Antaca.Gateway.Tests.Authorisation;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Microsoft.OpenApi;
using Xunit;

namespace Antaca.Gateway.Tests.Documentation;

/// <summary>The published OpenAPI documents: every route is in its own, with all that a caller must know.</summary>
public sealed partial class DocumentTests(SuiteWithEveryCaller suite) : IClassFixture<SuiteWithEveryCaller>
{
    private static readonly Dictionary<Channel, string> _names = new()
    {
        [Channel.Customers] = "customer",
        [Channel.Secure] = "secure",
        [Channel.Admin] = "admin",
        [Channel.Processor] = "processor",
    };

    /// <summary>Examples that are understood, and refused: nobody can prove or open the same again, and few have a card of the stock or a programme that prints.</summary>
    private static readonly Dictionary<string, string> _proofs = new()
    {
        ["POST /customers/devices"] = "ACTIVATION_FAILED",
        ["POST /customers/sessions"] = "LOGIN_FAILED",
        ["POST /customers/me/approvals"] = "WRONG_PIN",
        ["POST /admin/sessions"] = "LOGIN_FAILED",
        ["POST /admin/sessions/verify"] = "LOGIN_FAILED",
        ["POST /admin/password"] = "LINK_INVALID",
        ["POST /customers/me/cards/link"] = "CARD_NOT_FOUND",
        ["POST /secure/customers/{customerId}/cards/link"] = "CARD_NOT_FOUND",
        ["POST /admin/customers/{customerId}/cards/link"] = "CARD_NOT_FOUND",
        ["POST /customers/me/cards/{cardId}/pin"] = "CARD_HAS_NO_PIN",
        ["POST /secure/customers/{customerId}/cards/{cardId}/pin"] = "CARD_HAS_NO_PIN",
        ["POST /secure/partner-balances"] = "PARTNER_BALANCE_EXISTS",
        ["POST /admin/cards/{cardId}/print"] = "DIGITAL_FIRST_DISABLED",
        ["POST /processor/personalisations/{orderId}/fail"] = "ORDER_STATE",
    };

    /// <summary>What an app does with an approval of its user's alone.</summary>
    private static readonly string[] _approved = ["GET /customers/me/cards/{cardId}", "POST /customers/me/cards/{cardId}/cvv", "POST /customers/me/cards/{cardId}/pin"];

    public static TheoryData<Channel> Channels => [.. _names.Keys];

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task A_document_has_every_route_of_its_channel_and_no_other(Channel channel)
    {
        var document = await Read(channel);

        var promised = AuthorisationTable.Promises.Where(promise => promise.Path.StartsWith(Prefix(channel), StringComparison.Ordinal)).Select(promise => $"{promise.Method} {promise.Path}");
        Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        Assert.Equal(promised.Order(StringComparer.Ordinal), Operations(document).Select(operation => operation.Id).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task An_operation_says_who_may_call_it_what_it_answers_and_how_it_refuses(Channel channel)
    {
        var document = await Read(channel);
        var operations = Operations(document).ToArray();
        var lacking = new List<string>();
        foreach (var (id, operation) in operations)
        {
            var promise = AuthorisationTable.Promises.Single(promise => $"{promise.Method} {promise.Path}" == id);
            var open = operation.GetProperty("security").GetArrayLength() == 0;
            var responses = operation.GetProperty("responses").EnumerateObject().Select(response => response.Name).ToArray();
            Lacks(open == (promise.For == For.Anybody), $"security {operation.GetProperty("security")}");
            var body = promise.Method is "POST" or "PUT" or "PATCH" && operation.TryGetProperty("requestBody", out var request) && request.TryGetProperty("required", out var required) && required.GetBoolean();
            Lacks(!body || ExampleOf(operation) is not null, "an example");
            Lacks(responses.Any(status => status[0] == '2') || promise.Path == "/admin/cards/{cardId}", "a success");
            Lacks(responses.Contains("429") && responses.Contains("503"), "429 and 503");
            Lacks(open || responses.Contains("401"), "401");
            Lacks(operation.TryGetProperty("summary", out var summary) && summary.GetString()!.Length > 10, "a summary");
            Lacks(promise.Method is not "POST" and not "PUT" and not "PATCH" || !operation.TryGetProperty("requestBody", out _) || responses.Contains("422"), "422");

            void Lacks(bool holds, string what)
            {
                if (!holds)
                {
                    lacking.Add($"{id}: {what}");
                }
            }
        }
        Assert.True(lacking.Count == 0, string.Join("\n", lacking));
        var ids = operations.Select(operation => operation.Operation.GetProperty("operationId").GetString()).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task A_document_is_OpenApi_as_its_own_reader_reads_it(Channel channel)
    {
        var bytes = (await suite.Public.Get(PathOf(channel))).Must(200).Bytes;
        var dump = Environment.GetEnvironmentVariable("DUMP");
        if (dump is not null)
        {
            await File.WriteAllBytesAsync($"{dump}/doc-{_names[channel]}.json", bytes);
        }

        var read = OpenApiDocument.Parse(Encoding.UTF8.GetString(bytes), "json");

        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic!.SpecificationVersion);
        Assert.Equal([], read.Diagnostic.Errors.Concat(read.Diagnostic.Warnings).Select(fault => fault.ToString()));
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task An_operation_says_what_the_gateway_asks_of_it(Channel channel)
    {
        var document = await Read(channel);
        var wrong = new List<string>();
        foreach (var (id, operation) in Operations(document).Where(operation => !operation.Id.EndsWith("/public-key", StringComparison.Ordinal)))
        {
            var route = RouteTable.Routes.Single(route => Unconstrained().Replace(route.Id, "}") == id);
            var headers = operation.GetProperty("parameters").EnumerateArray().Select(parameter => Resolve(document, parameter))
                .Where(parameter => parameter.GetProperty("in").GetString() == "header")
                .ToDictionary(parameter => parameter.GetProperty("name").GetString()!, parameter => parameter.TryGetProperty("required", out var required) && required.GetBoolean());
            var codes = operation.GetProperty("responses").EnumerateObject().Where(response => response.Name[0] is '4' or '5')
                .SelectMany(response => CodesOf(document, response)).ToArray();
            var encrypted = route.Encryption != Gateway.Routes.Encryption.Offered;

            Is(headers["Public-Key"] == encrypted && headers["Encrypted-Request"] == encrypted, "the headers of encryption");
            Is(codes.Contains("ENCRYPTION_REQUIRED") == encrypted && (operation.GetProperty("x-antaca-encryption").GetString() != "offered") == encrypted, "whether encryption is required");
            Is(route.Method is "POST" || !headers.ContainsKey("Idempotency-Key"), "no key where nothing is posted");
            Is(headers.GetValueOrDefault("Idempotency-Key") == (route.Method == "POST" && (route.Path.EndsWith("/reload", StringComparison.Ordinal) || route.Path.EndsWith("}/adjustments", StringComparison.Ordinal))), "whether a key is required");
            Is(headers.ContainsKey("Approval") == _approved.Contains(id) && headers.ContainsKey("Approval") == codes.Contains("APPROVAL_REQUIRED"), "the approval");
            Is(codes.Contains("CLIENT_CERTIFICATE_REQUIRED") == channel is Channel.Secure or Channel.Processor, "certificates");
            Is(channel != Channel.Admin || operation.GetProperty("x-antaca-roles").EnumerateArray().Select(role => role.GetString()).SequenceEqual(route.Roles.Select(role => role.ToString())), "the roles");
            Is(codes.Contains("ROLE_NOT_ALLOWED") == (channel == Channel.Admin && !route.Anonymous), "roles refused");
            Is(new[] { "RATE_LIMITED", "INTERNAL_ERROR", "SERVICE_UNREACHABLE", "SERVICE_UNAVAILABLE", "SERVICE_TIMEOUT" }.All(codes.Contains), "what any call may hear");

            void Is(bool holds, string what)
            {
                if (!holds)
                {
                    wrong.Add($"{id}: {what}");
                }
            }
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task Every_reference_of_a_document_leads_somewhere(Channel channel)
    {
        var document = await Read(channel);

        foreach (Match reference in Reference().Matches(document.GetRawText()))
        {
            var found = document;
            foreach (var part in reference.Groups[1].Value.Split('/'))
            {
                Assert.True(found.TryGetProperty(part, out found), reference.Value);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task Examples_are_accepted_by_the_running_suite(Channel channel)
    {
        var refused = new List<string>();
        var sent = 0;
        foreach (var (id, operation) in Operations(await Read(channel)))
        {
            if (ExampleOf(operation) is not { } example)
            {
                continue;
            }
            sent++;
            var answer = await suite.Try(id, example);
            if (answer.Status >= 300 && answer.Code != _proofs.GetValueOrDefault(id))
            {
                refused.Add($"{id} {example}: {answer.Text}");
            }
        }
        Assert.True(refused.Count == 0, string.Join("\n", refused));
        Assert.True(sent > 0);
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task What_an_operation_refuses_with_it_has_said(Channel channel)
    {
        var document = await Read(channel);
        var unsaid = new List<string>();
        var nothing = new World(new TestUser(Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()), Guid.CreateVersion7(), Guid.CreateVersion7());
        foreach (var (id, operation) in Operations(document))
        {
            var promise = AuthorisationTable.Promises.Single(promise => $"{promise.Method} {promise.Path}" == id);
            var said = operation.GetProperty("responses").EnumerateObject().SelectMany(response => response.Name[0] is '4' or '5'
                ? CodesOf(document, response).Select(code => $"{response.Name} {code}")
                : [response.Name]).ToArray();
            var example = ExampleOf(operation)?.GetRawText();
            // A call may end the session it is made with.
            foreach (var (body, what) in new[] { (example, "things that are not there"), ("{}", "an empty request"), ("{", "what is no JSON"), ("""{"nonsense":1}""", "an unknown field") })
            {
                var (api, credential) = await suite.Whoever(promise, suite.Ours.User);
                Hear(await suite.Send(api, promise, nothing, credential, body: body), what);
            }
            var (again, shown) = await suite.Whoever(promise, suite.Ours.User);
            Hear(await suite.Send(again, promise with { Path = promise.Path + "?limit=0&after=x&from=x" }, nothing, shown, body: example), "a wrong page");
            Hear(await suite.Send(promise.Path.StartsWith(Prefix(Channel.Secure), StringComparison.Ordinal) || promise.For == For.Processor ? suite.Anybody : suite.Public, promise, nothing, body: example), "nothing shown");

            void Hear(Answer answer, string what)
            {
                var refusal = answer.Code is { } code ? $"{answer.Status} {code}" : $"{answer.Status}";
                if (!said.Contains(refusal))
                {
                    unsaid.Add($"{id} to {what}: {refusal}");
                }
            }
        }
        Assert.True(unsaid.Count == 0, string.Join("\n", unsaid));
    }

    [Fact]
    public async Task Every_refusal_that_a_caller_can_hear_is_in_some_document_and_none_that_nobody_says()
    {
        var documents = await Task.WhenAll(_names.Keys.Select(Read));
        var documented = documents
            .SelectMany(document => Operations(document).SelectMany(operation => operation.Operation.GetProperty("responses").EnumerateObject()
                .Where(response => response.Name[0] is '4' or '5').SelectMany(response => CodesOf(document, response))))
            .ToHashSet();
        Dictionary<string, string> elsewhere = new()
        {
            ["METHOD_NOT_ALLOWED"] = "of addresses, not of operations: in the introduction",
            ["FORBIDDEN"] = "a service's own word for what the gateway refuses first",
            ["NEIGHBOUR_NOT_ALLOWED"] = "between services",
            ["REFERENCE_INVALID"] = "between services: the vault's",
            ["CARD_NUMBER_UNKNOWN"] = "between services: the vault's; the processor hears a decline",
            ["CERTIFICATE_UNKNOWN"] = "between services; outside it is CLIENT_CERTIFICATE_UNKNOWN",
            ["SHARE_REFUSED"] = "between the service and its own command",
            ["CARRIER_AWAY"] = "between services: no carrier took the message",
            ["MESSAGE_REFUSED"] = "between services: the carrier refused it for good",
            ["HTTP_"] = "a status that nobody has named",
        };

        var said = Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/src/Client/", StringComparison.Ordinal))
            .SelectMany(file => Code().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value))
            .Append("VALIDATION_FAILED")
            .ToHashSet();

        Assert.Equal([], elsewhere.Keys.Except(said));
        Assert.Equal([], said.Except(elsewhere.Keys).Except(documented).Order());
        Assert.Equal([], documented.Except(said).Order());
        Assert.Equal([], documented.Intersect(elsewhere.Keys).Order());
    }

    private async Task<JsonElement> Read(Channel channel) => (await suite.Public.Get(PathOf(channel))).Must(200).Json;

    private static string PathOf(Channel channel) => $"/api/documentation/{_names[channel]}/api-docs-{_names[channel]}.json";

    private static IEnumerable<(string Id, JsonElement Operation)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject()
        from method in path.Value.EnumerateObject()
        where method.Name is "get" or "post" or "put" or "patch" or "delete"
        select ($"{method.Name.ToUpperInvariant()} {path.Name}", method.Value);

    private static JsonElement? ExampleOf(JsonElement operation) =>
        operation.TryGetProperty("requestBody", out var body) && body.GetProperty("content").TryGetProperty("application/json", out var json)
            && json.TryGetProperty("examples", out var examples) && examples.TryGetProperty("plaintext", out var example) ? example.GetProperty("value") : null;

    /// <summary>The codes of a refusal. There is none without: a caller branches on them.</summary>
    private static string[] CodesOf(JsonElement document, JsonProperty response)
    {
        var schema = Resolve(document, response.Value).GetProperty("content").GetProperty("application/problem+json").GetProperty("schema").GetProperty("allOf")[1].GetProperty("properties");
        Assert.Equal(response.Name, schema.GetProperty("status").GetProperty("const").GetRawText());
        var codes = schema.GetProperty("code").GetProperty("enum").EnumerateArray().Select(code => code.GetString()!).ToArray();
        Assert.NotEmpty(codes);
        return codes;
    }

    private static JsonElement Resolve(JsonElement document, JsonElement element) =>
        element.TryGetProperty("$ref", out var reference) ? reference.GetString()![2..].Split('/').Aggregate(document, (at, name) => at.GetProperty(name)) : element;

    private static string Prefix(Channel channel) => "/" + channel.ToString().ToLowerInvariant();

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Antaca.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside a checkout.");
    }

    [GeneratedRegex(@":\w+\}")]
    private static partial Regex Unconstrained();

    [GeneratedRegex("\"#/([^\"]+)\"")]
    private static partial Regex Reference();

    [GeneratedRegex(@"(?:(?:Refuse|Details)\(\s*[\w.]+,|NotFound\(|string \w+Code =)\s*""([A-Z][A-Z0-9_]+)""")]
    private static partial Regex Code();
}
