using System.Reflection;
using System.Text.RegularExpressions;
using Antaca.Gateway.Routes;

namespace Antaca.Client.Tests;

/// <summary>
/// The SDK and the gateway's table of routes: every method of every client is called with something, and the server says where
/// that went. A route that no method reaches must be named here with its reason, and so must a method that reaches no route.
/// </summary>
public sealed partial class RouteTests : IAsyncLifetime, IDisposable
{
    private const string Password = "a long and rare password";

    private static readonly Dictionary<string, string> _withoutMethod = new()
    {
        ["GET /admin/cards/{cardId:guid}"] = "refuses every operator",
    };

    private static readonly string[] _keyFetches = ["AntacaClient.GetPublicKey", "MobileClient.GetPublicKey", "ProcessorClient.GetPublicKey"];

    /// <summary>One of each that methods ask for and nothing can make up.</summary>
    private static readonly object[] _samples =
    [
        Wire.CardId,
        CancellationToken.None,
        3,
        3L,
        new DateOnly(2029, 11, 30),
        new Money(100, "PLN"),
        Wire.Address,
        Wire.NewUser,
        new UserChange(),
        Wire.NewPhysicalCard,
        Wire.Authorisation,
        new ClearingRequest { TransactionId = "c-1", CardId = Wire.CardId, Amount = new Money(100, "PLN"), Merchant = new Merchant("M-1", "Shop", "5411", "PL") },
        new NewOutsideLock { CardId = Wire.CardId, Code = LockCode.Lost, Source = OutsideSource.Visa },
        new Registration
        {
            ProgramId = Wire.CardId,
            Phone = "+48600100200",
            Email = "a@example.com",
            FirstName = "Anna",
            LastName = "Nowak",
            BirthDate = new DateOnly(1990, 5, 17),
            Nationality = "PL",
            Address = Wire.Address,
            DeliverBy = CodeDelivery.Email,
        },
        new Pairing { Phone = "+48600100200", ActivationCode = AppSide.Code, DeviceId = "d-1", DeviceName = "Phone", Pin = AppSide.Pin },
        new ProfileChange(),
        new NewPartner("Bank"),
        new PartnerChange(),
        Keys.First.PublicKey.Jwk,
        new NewCertificate("CSR", CertificateKind.Partner),
        new NewCardProgram { PartnerId = Wire.UserId, Name = "Debit", BinRange = "510510:000000000-999999999", Currency = "PLN", Processor = "proc" },
        new CardProgramChange(),
        new SpendControls(),
        new NewPartnerBalance(PartnerBalanceKind.Partner, "PLN"),
        new PartnerBalanceChange(),
        new NewExchangeRate("EUR", "PLN", 4.25m, "NBP"),
        (Func<CancellationToken, ValueTask<string>>)(_ => ValueTask.FromResult("246802")),
    ];

    private readonly AppSide _suite = new();
    private readonly InMemoryKeyStore _keys = new();
    private SuiteServer _server = null!;

    public async Task InitializeAsync()
    {
        var token = new string('E', 43);
        _server = await SuiteServer.Start();
        _server.Answer = (seen, number) => seen.Path switch
        {
            "/admin/sessions" => new Say(200, $$"""{"challenge":"{{new string('A', 43)}}","expiresAt":"2026-03-01T12:05:00Z"}"""),
            "/admin/sessions/verify" => new Say(201, $$"""{"token":"{{token}}","expiresAt":"2026-03-01T12:15:00Z","operator":{{Wire.Operator}}}"""),
            _ when seen.Path.StartsWith("/customers", StringComparison.Ordinal) => _suite.Answer(seen, number),
            _ => new Say(404),
        };
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _keys.Dispose();

    [Fact]
    public async Task Every_published_route_has_a_method_and_every_method_a_route()
    {
        using var certified = _server.Connect();
        using var open = _server.ConnectPublicly();
        var wrong = new List<string>();
        var reached = new HashSet<string>();
        foreach (var method in Methods())
        {
            var client = await ClientOf(method.DeclaringType!);
            var before = _server.Calls.Count;
            await Call(method, client);
            var routes = _server.Calls.Skip(before).Select(call => (call, Route: RouteOf(call))).ToArray();
            reached.UnionWith(routes.Select(found => found.Route?.Id).OfType<string>());

            var name = $"{method.DeclaringType!.Name}.{method.Name}";
            if (routes.Length == 0 && !_keyFetches.Contains(name))
            {
                wrong.Add($"{name} calls nothing");
            }
            wrong.AddRange(routes.Where(found => found.Route is null).Select(found => $"{name} calls {found.call.Method} {found.call.Path}, which is not published"));
            wrong.AddRange(routes.Where(found => found.Route is { Encryption: not Encryption.Offered } && !found.call.Encrypted).Select(found => $"{name} calls {found.Route!.Id} in the clear"));
        }

        wrong.AddRange(RouteTable.Routes.Select(route => route.Id).Where(id => !reached.Contains(id) && !_withoutMethod.ContainsKey(id)).Select(id => $"{id} has no method"));
        wrong.AddRange(_withoutMethod.Keys.Where(id => reached.Contains(id) || RouteTable.Routes.All(route => route.Id != id)).Select(id => $"{id} is no exception any more"));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(reached.Count > 100, $"Only {reached.Count} routes were reached.");

        async Task<object> ClientOf(Type type)
        {
            if (type == typeof(MobileClient))
            {
                var app = new MobileClient(open, _keys);
                await app.Pair(_samples.OfType<Pairing>().Single());
                return app;
            }
            if (type == typeof(OperatorClient))
            {
                var operators = new OperatorClient(open);
                await operators.SignIn("o@example.com", Password, "246802");
                return operators;
            }
            return type == typeof(AntacaClient) ? new AntacaClient(certified) : new ProcessorClient(certified);
        }
    }

    private static IEnumerable<MethodInfo> Methods() => new[] { typeof(AntacaClient), typeof(MobileClient), typeof(OperatorClient), typeof(ProcessorClient) }
        .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        .Where(method => typeof(Task).IsAssignableFrom(method.ReturnType));

    /// <summary>Where it goes is all that matters: most answers are refusals.</summary>
    private static async Task Call(MethodInfo method, object client)
    {
        try
        {
            await (Task)method.Invoke(client, [.. method.GetParameters().Select(SomethingFor)])!;
        }
        catch (AntacaException refusal)
        {
            Assert.NotEqual(AntacaException.NotSignedIn, refusal.Code);
        }
    }

    private static object? SomethingFor(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (parameter.HasDefaultValue)
        {
            return type == typeof(CancellationToken) ? CancellationToken.None : parameter.DefaultValue is { } given && type.IsEnum ? Enum.ToObject(type, given) : parameter.DefaultValue;
        }
        if (type == typeof(string))
        {
            return parameter.Name == "password" ? Password : "0042";
        }
        if (type.IsEnum)
        {
            return Enum.GetValues(type).Cast<object>().First(value => value.ToString() != "Unknown");
        }
        return _samples.SingleOrDefault(type.IsInstanceOfType) ?? throw new InvalidOperationException($"Say here what {type.Name} to call {parameter.Member.Name} with.");
    }

    private static PublishedRoute? RouteOf(Seen call)
    {
        var path = call.Path.Split('?')[0];
        return RouteTable.Routes.SingleOrDefault(route => route.Method == call.Method && Regex.IsMatch(path, Pattern(route.Path)));
    }

    private static string Pattern(string path) =>
        "^" + Parameter().Replace(path, parameter => parameter.Value.Contains(":guid", StringComparison.Ordinal) ? "[0-9a-f-]{36}" : "[^/]+") + @"\z";

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
