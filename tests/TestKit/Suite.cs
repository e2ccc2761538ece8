using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Antaca.AppHost;
using Antaca.LocalHosting;
using Antaca.ServiceDefaults;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace Antaca.TestKit;

/// <summary>
/// All services of the suite in this process, on real Kestrel with TLS, with databases of their own and a virtual host of
/// their own on the broker. A class fixture: <c>public sealed class LockCardTests(Suite suite) : IClassFixture&lt;Suite&gt;</c>.
/// </summary>
public class Suite : IAsyncLifetime
{
    private static readonly (string Name, string Database, Func<string[], Action<WebApplicationBuilder>, WebApplication> Build, Type Migrations)[] _services =
    [
        ("datacore", "datacore", DataCore.Service.Build, typeof(DataCore.Service)),
        ("kycservice", "kyc", KycService.Service.Build, typeof(KycService.Service)),
        ("balanceservice", "balances", BalanceService.Service.Build, typeof(BalanceService.Service)),
        ("cardservice", "cards", CardService.Service.Build, typeof(CardService.Service)),
        ("notifications", "notifications", Notifications.Service.Build, typeof(Notifications.Service)),
        ("gateway", "", Gateway.Service.Build, typeof(Gateway.Service)),
    ];

    private static readonly TimeSpan _listenBound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _stopBound = TimeSpan.FromSeconds(40);

    private readonly Dictionary<string, WebApplication> _running = [];
    private readonly Dictionary<string, int> _ports = [];
    private readonly Dictionary<string, string> _databases = [];
    private readonly List<IDisposable> _owned = [];
    private RabbitMqNode? _ownBroker;
    private string _messaging = "";
    private CallerTokens _tokens = null!;

    public TestClock Clock { get; } = new();

    public CapturedLog Log { get; } = new();

    public Certificates Certificates { get; private set; } = null!;

    /// <summary>The folder of this suite's certificates, keys and sandbox.</summary>
    public string Folder { get; private set; } = "";

    /// <summary>The demo partner over the mTLS port.</summary>
    public Api Partner { get; private set; } = null!;

    /// <summary>The sandbox processor over the mTLS port.</summary>
    public Api Processor { get; private set; } = null!;

    /// <summary>Whoever has no credential, over the mTLS port.</summary>
    public Api Anybody { get; private set; } = null!;

    public Uri PublicAddress => new($"https://localhost:{_ports["gateway.public"]}");

    public Uri PartnerAddress => new($"https://localhost:{_ports["gateway.partners"]}");

    /// <summary>A broker of its own, which a test may stop. Set in a derived fixture's constructor.</summary>
    protected bool OwnBroker { get; init; }

    /// <summary>Settings on top, such as <c>--Cards:RecoverAfterSeconds=1</c>, for every service that is named.</summary>
    protected Dictionary<string, string[]> Settings { get; } = [];

    /// <summary>Where traces and metrics go; none when null.</summary>
    protected Uri? Collector { get; init; }

    /// <summary>The services that this fixture leaves out.</summary>
    protected HashSet<string> Without { get; } = [];

    public async Task InitializeAsync()
    {
        var infrastructure = await Infrastructure.Shared;
        Folder = Directory.CreateDirectory(Path.Combine(infrastructure.Folder, Guid.CreateVersion7().ToString("N"))).FullName;
        Certificates = Certificates.Keep(Folder, [.. _services.Select(service => service.Name)], TimeProvider.System);
        _tokens = CallerTokens.FromFile(Certificates.CallerPrivateKey, Clock);
        _messaging = await VirtualHost(infrastructure);
        foreach (var service in _services)
        {
            _ports[service.Name] = Ports.Free(1)[0];
            _ports[service.Name + ".health"] = Ports.Free(1)[0];
            if (service.Database.Length > 0)
            {
                _databases[service.Database] = await infrastructure.Clone(service.Database, service.Migrations);
            }
        }
        _ports["gateway.public"] = Ports.Free(1)[0];
        _ports["gateway.partners"] = Ports.Free(1)[0];
        await Task.WhenAll(_services.Where(service => !Without.Contains(service.Name)).Select(service => Start(service.Name)));
        await Task.WhenAll(_running.Values.Select(Listens));

        Partner = OverPartnerPort(Path.Combine(Certificates.Sandbox, "partner.pem"));
        Processor = OverPartnerPort(Path.Combine(Certificates.Sandbox, "processor.pem"));
        Anybody = OverPartnerPort(certificateFile: null);
        await Given();
    }

    /// <summary>Until its queues are bound a service misses what is published: a service starts without waiting for its broker, a test does not.</summary>
    private static async Task Listens(WebApplication app)
    {
        if (app.Services.GetService<IBusControl>() is { } bus)
        {
            await bus.WaitForHealthStatus(BusHealthStatus.Healthy, _listenBound);
        }
    }

    /// <summary>What a derived fixture wants to be there before its tests.</summary>
    protected virtual Task Given() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var owned in _owned)
        {
            owned.Dispose();
        }
        await Task.WhenAll(_running.Keys.ToArray().Select(Stop));
        if (_ownBroker is not null)
        {
            await _ownBroker.DisposeAsync();
        }
        _tokens?.Dispose();
    }

    /// <summary>Starts a service that <see cref="Stop"/> has stopped: on its old ports, with its old database.</summary>
    public async Task Start(string name)
    {
        var service = _services.Single(service => service.Name == name);
        var app = service.Build([.. Arguments(service.Name, service.Database)], builder =>
        {
            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(Log);
            builder.Services.AddSingleton<TimeProvider>(Clock);
        });
        lock (_running)
        {
            _running.Add(name, app);
        }
        await app.StartAsync();
    }

    /// <summary>Another replica of a service that runs, on ports of its own; with settings that go before the first one's.</summary>
    public async Task<Replica> StartReplica(string name, params string[] settings)
    {
        var service = _services.Single(service => service.Name == name);
        var (arguments, api, _) = ArgumentsOfAnother(name);
        var app = service.Build([.. arguments, .. settings], builder =>
        {
            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(Log);
            builder.Services.AddSingleton<TimeProvider>(Clock);
        });
        await app.StartAsync();
        return new Replica(app, neighbour => NeighbourAt(neighbour, api));
    }

    /// <summary>What another process of this service is started with: the suite's own settings, on ports of its own.</summary>
    public (string[] Arguments, int Api, int Health) ArgumentsOfAnother(string name)
    {
        var service = _services.Single(service => service.Name == name);
        var (api, health) = (Ports.Free(1)[0], Ports.Free(1)[0]);
        return ([.. Arguments(service.Name, service.Database), $"--Ports:Api={Text(api)}", $"--Ports:Health={Text(health)}"], api, health);
    }

    /// <summary>Whatever listens on this API port, as a neighbour would call it.</summary>
    public Api NeighbourAt(string neighbour, int api) => Own(new Api(NeighbourClient(neighbour, new Uri($"https://localhost:{api}"))));

    /// <summary>Stops a service, as a deployment would.</summary>
    public async Task Stop(string name)
    {
        WebApplication? app;
        lock (_running)
        {
            _running.Remove(name, out app);
        }
        if (app is null)
        {
            return;
        }
        try
        {
            await app.StopAsync().WaitAsync(_stopBound);
            await app.DisposeAsync().AsTask().WaitAsync(_stopBound);
        }
        catch (TimeoutException)
        {
            // MassTransit may wait for ever where it is stopped while it connects again. A deployment kills such a process.
        }
    }

    /// <summary>Stops the broker of a suite with one of its own.</summary>
    public Task StopBroker() => _ownBroker!.DisposeAsync().AsTask();

    /// <summary>Starts it again, with its data, and waits until the services have found it.</summary>
    public async Task StartBroker()
    {
        _ownBroker = await RabbitMqNode.Start(Path.Combine(Folder, "rabbitmq"), _ownBroker!.Ports);
        await Task.WhenAll(_running.Values.Select(Listens));
    }

    /// <summary>The service itself, as the gateway would call it for <paramref name="caller"/>.</summary>
    public Api As(Caller caller, string service) => Own(new Api(NeighbourClient("gateway", service), () => _tokens.Sign(caller, service)));

    /// <summary>The service itself, as a neighbour would call it: with that neighbour's certificate and no caller.</summary>
    public Api Neighbour(string neighbour, string service) => Own(new Api(NeighbourClient(neighbour, service)));

    /// <summary>A client of the mTLS port with the certificate of this file (its key beside it), or with none.</summary>
    public Api OverPartnerPort(string? certificateFile) =>
        OverEdge(PartnerAddress, certificateFile is null ? null : ServiceIdentity.ReadPair(certificateFile, Path.ChangeExtension(certificateFile, ".key")));

    /// <summary>A client of the mTLS port with any certificate.</summary>
    public Api OverPartnerPort(X509Certificate2 certificate) => OverEdge(PartnerAddress, certificate);

    /// <summary>A client of the public port.</summary>
    public Api OverPublicPort() => OverEdge(PublicAddress, certificate: null);

    /// <summary>A client of a service's plain health port.</summary>
    public Api HealthOf(string service) =>
        Own(new Api(new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_ports[service + ".health"]}") }));

    /// <summary>Every route that the running service answers, by method and pattern.</summary>
    public IReadOnlyList<(string Method, string Path)> RoutesOf(string service)
    {
        lock (_running)
        {
            return
            [
                .. ((IEndpointRouteBuilder)_running[service]).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
                    .SelectMany(endpoint => (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["ANY"])
                        .Select(method => (method, "/" + endpoint.RoutePattern.RawText!.TrimStart('/')))),
            ];
        }
    }

    /// <summary>The address of a service's API port, for tests that bring a connection of their own.</summary>
    public Uri AddressOf(string service) => new($"https://localhost:{_ports[service]}");

    /// <summary>A database (datacore, kyc, balances, cards, notifications) as its administrator sees it.</summary>
    public NpgsqlDataSource Database(string name)
    {
        var database = NpgsqlDataSource.Create(Own(Infrastructure.Shared.Result.Postgres, name, "postgres"));
        _owned.Add(database);
        return database;
    }

    /// <summary>What a command of the service's own is given: the connection string of the owning login, with its password.</summary>
    public string ConnectionString(string name) => Own(Infrastructure.Shared.Result.Postgres, name, name);

    /// <summary>A database as the service's requests see it: without DDL rights.</summary>
    public NpgsqlDataSource DatabaseOfRequests(string name)
    {
        var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Own(Infrastructure.Shared.Result.Postgres, name, name)) { Options = $"-c role={name}_requests" });
        _owned.Add(database);
        return database;
    }

    /// <summary>
    /// The newest message to an address or number, as notifications wrote it: receiver, subject, text. Waits for the first;
    /// for the next after one that the test knows, say which.
    /// </summary>
    public Task<string> LastMessageTo(string to, string? after = null) => Eventually.Get(
        async () =>
        {
            var newest = await MessagesTo(to).FirstOrDefaultAsync();
            return newest == after ? null : newest;
        },
        $"a message to {to}");

    /// <summary>Every message to an address or number, the newest first, without waiting for any.</summary>
    public async IAsyncEnumerable<string> MessagesTo(string to)
    {
        var files = Directory.Exists(MessagesFolder) ? Directory.GetFiles(MessagesFolder, "*.txt") : [];
        foreach (var file in files.OrderDescending(StringComparer.Ordinal))
        {
            var text = await File.ReadAllTextAsync(file);
            if (text.StartsWith($"To: {to}\n", StringComparison.Ordinal))
            {
                yield return text;
            }
        }
    }

    /// <summary>The broker's connection string: for a test that listens or publishes itself.</summary>
    public string Messaging => _messaging;

    private string MessagesFolder => Path.Combine(Folder, "messages");

    private string Own(PostgresServer postgres, string name, string login) => postgres.ConnectionString(_databases[name], login);

    /// <summary>Trusts what the authority issued; a test that connects to another port is stopped here.</summary>
    private static SocketsHttpHandler Handler(string authorityFile, X509Certificate2? certificate)
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(authorityFile);
        var handler = new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is X509Certificate2 server && ServiceIdentity.ChainsTo(server, authority) },
            UseProxy = false,
        };
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificates = [certificate];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }
        return handler;
    }

    private Api OverEdge(Uri address, X509Certificate2? certificate) =>
        Own(new Api(new HttpClient(Handler(Certificates.EdgeAuthority, certificate)) { BaseAddress = address, DefaultRequestVersion = HttpVersion.Version20 }));

    private HttpClient NeighbourClient(string neighbour, string service) => NeighbourClient(neighbour, AddressOf(service));

    private HttpClient NeighbourClient(string neighbour, Uri address) =>
        new(Handler(Certificates.InternalAuthority, ServiceIdentity.ReadPair(Certificates.CertificateOf(neighbour), Certificates.KeyOf(neighbour))))
        {
            BaseAddress = address,
            DefaultRequestVersion = HttpVersion.Version20,
        };

    private Api Own(Api api)
    {
        lock (_owned)
        {
            _owned.Add(api);
        }
        return api;
    }

    private async Task<string> VirtualHost(Infrastructure infrastructure)
    {
        if (OwnBroker)
        {
            _ownBroker = await RabbitMqNode.Start(Path.Combine(Folder, "rabbitmq"), RabbitMqPorts.Free());
            return _ownBroker.ConnectionString;
        }
        var broker = infrastructure.Broker;
        var name = Path.GetFileName(Folder);
        using var management = new HttpClient { BaseAddress = broker.ManagementAddress };
        management.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{broker.UserName}:{broker.Password}")));
        using var empty = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
        (await management.PutAsync(new Uri($"api/vhosts/{name}", UriKind.Relative), empty)).EnsureSuccessStatusCode();
        using var all = new StringContent("""{"configure": ".*", "write": ".*", "read": ".*"}""", System.Text.Encoding.UTF8, "application/json");
        (await management.PutAsync(new Uri($"api/permissions/{name}/{broker.UserName}", UriKind.Relative), all)).EnsureSuccessStatusCode();
        return $"{broker.ConnectionString}/{name}";
    }

    private IEnumerable<string> Arguments(string name, string database)
    {
        yield return "--environment=Development";
        yield return $"--Identity:Certificate={Certificates.CertificateOf(name)}";
        yield return $"--Identity:Key={Certificates.KeyOf(name)}";
        yield return $"--Identity:Authority={Certificates.InternalAuthority}";
        yield return $"--Ports:Health={Text(_ports[name + ".health"])}";
        yield return $"--ConnectionStrings:messaging={_messaging}";
        foreach (var (neighbour, _, _, _) in _services)
        {
            yield return $"--services:{neighbour}:https:0={AddressOf(neighbour)}";
        }
        if (Collector is not null)
        {
            yield return $"--OTEL_EXPORTER_OTLP_ENDPOINT={Collector}";
        }
        if (name == "gateway")
        {
            yield return $"--CallerTokens:PrivateKey={Certificates.CallerPrivateKey}";
            yield return $"--Ports:Public={Text(_ports["gateway.public"])}";
            yield return $"--Ports:Partners={Text(_ports["gateway.partners"])}";
            yield return $"--Edge:Certificate={Certificates.EdgeCertificate}";
            yield return $"--Edge:Key={Certificates.EdgeKey}";
            yield return $"--Edge:PartnerAuthority={Certificates.PartnerAuthority}";
            yield return $"--Encryption:KeyFolder={Certificates.EncryptionKeys}";
        }
        else
        {
            yield return $"--CallerTokens:PublicKey={Certificates.CallerPublicKey}";
            yield return $"--Ports:Api={Text(_ports[name])}";
            yield return $"--ConnectionStrings:database={Own(Infrastructure.Shared.Result.Postgres, database, database)}";
        }
        if (name == "datacore")
        {
            yield return $"--Vault:MasterKeyFile={Certificates.MasterKey}";
            yield return $"--Certificates:Authority={Certificates.PartnerAuthority}";
            yield return $"--Certificates:AuthorityKey={Certificates.PartnerAuthorityKey}";
            yield return $"--Operators:PanelAddress={PublicAddress}";
            yield return $"--Sandbox:Folder={Certificates.Sandbox}";
            yield return $"--Sandbox:PublicAddress={PublicAddress}";
            yield return $"--Sandbox:PartnerAddress={PartnerAddress}";
        }
        if (name == "balanceservice")
        {
            yield return $"--RemoteBalances:AuthorityFile={Certificates.EdgeAuthority}";
            yield return $"--Journal:SigningKey={Certificates.JournalKey}";
        }
        if (name == "notifications")
        {
            yield return $"--Messages:Folder={MessagesFolder}";
        }
        foreach (var setting in Settings.GetValueOrDefault(name) ?? [])
        {
            yield return setting;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A further replica of one service. Disposed of, it is stopped, as a deployment would.</summary>
public sealed class Replica(WebApplication app, Func<string, Api> neighbour) : IAsyncDisposable
{
    /// <summary>This replica, as that neighbour would call it.</summary>
    public Api Neighbour(string name) => neighbour(name);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
