using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Antaca.LocalHosting;

/// <summary>What every part of a run shares.</summary>
internal sealed record RunContext(Description Description, string StateFolder, Screen Screen, Action Changed)
{
    public string Logs => Path.Combine(StateFolder, "logs");

    public Dictionary<IResource, Part> Parts { get; } = [];
}

/// <summary>One resource while it runs.</summary>
internal abstract class Part(RunContext run, IResource resource) : IAsyncDisposable
{
    public string Name => resource.Name;

    public IResource Resource => resource;

    public abstract string Kind { get; }

    public List<RunEndpoint> Endpoints { get; } = [];

    public double? SecondsToHealthy { get; set; }

    /// <summary>Every port this part will listen on, and what for.</summary>
    public List<(int Port, string For)> Ports { get; } = [];

    public virtual IReadOnlyList<Supervisor> Processes => [];

    /// <summary>Started before this part, stopped after it.</summary>
    public virtual IEnumerable<IResource> Dependencies => resource is Resource known ? known.Dependencies : [];

    public virtual string ConnectionString => throw new DistributedApplicationException($"{Name} has no connection string.");

    protected RunContext Run => run;

    /// <summary>Ends when the part is healthy.</summary>
    public abstract Task Start(CancellationToken cancel);

    /// <summary>Stops the part's processes and waits until they are gone.</summary>
    public abstract ValueTask DisposeAsync();

    public RunResource Snapshot() => new(
        Name,
        Kind,
        Processes.Count == 0
            ? SecondsToHealthy is null ? ProcessState.Waiting : ProcessState.Healthy
            : Processes.FirstOrDefault(process => process.State != ProcessState.Healthy)?.State ?? ProcessState.Healthy,
        SecondsToHealthy,
        Endpoints,
        [.. Processes.Select(process => new RunProcess(process.Name, process.ProcessId, process.State, process.Restarts))]);

    protected void Say(string text) => run.Screen.Line(Name, text);
}

internal sealed class PostgresPart : Part
{
    private readonly int port;
    private LogFile? log;

    public PostgresPart(RunContext run, PostgresServerResource resource, Ports ports)
        : base(run, resource)
    {
        port = ports.Next();
        Ports.Add((port, "tcp"));
        Endpoints.Add(new RunEndpoint("tcp", $"tcp://127.0.0.1:{port}", 0, External: false));
    }

    public override string Kind => "postgres";

    public PostgresServer? Server { get; private set; }

    public override IReadOnlyList<Supervisor> Processes => Server is null ? [] : [Server.Process];

    public override string ConnectionString => Server!.SuperuserConnectionString;

    public override async Task Start(CancellationToken cancel)
    {
        log = new LogFile(Run.Logs, Name);
        Server = await PostgresServer.Prepare(
            Path.Combine(Run.StateFolder, Name),
            new PostgresOptions { Port = port, Log = log.Write, Say = Say, Changed = Run.Changed });
        await Server.Process.Healthy.WaitAsync(cancel);
    }

    public override async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
        log?.Dispose();
    }
}

internal sealed class DatabasePart(RunContext run, PostgresDatabaseResource resource) : Part(run, resource)
{
    private string connectionString = "";

    public override string Kind => "database";

    public override string ConnectionString => connectionString;

    public override async Task Start(CancellationToken cancel) =>
        connectionString = await ((PostgresPart)Run.Parts[resource.Parent]).Server!.CreateDatabase(resource.DatabaseName);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

internal sealed class RabbitMqPart : Part
{
    private readonly RabbitMqPorts ports;
    private readonly bool management;
    private RabbitMqNode? node;
    private LogFile? log;

    public RabbitMqPart(RunContext run, RabbitMQServerResource resource, Ports ports)
        : base(run, resource)
    {
        this.ports = new RabbitMqPorts(ports.Next(), ports.Next(), ports.Next(), ports.Next());
        management = resource.Management;
        Ports.AddRange([(this.ports.Amqp, "amqp"), (this.ports.Management, "management"), (this.ports.Distribution, "distribution"), (this.ports.Names, "epmd")]);
        Endpoints.Add(new RunEndpoint("amqp", $"amqp://127.0.0.1:{this.ports.Amqp}", 0, External: false));
        if (management)
        {
            Endpoints.Add(new RunEndpoint("management", $"http://127.0.0.1:{this.ports.Management}", 0, External: false));
        }
    }

    public override string Kind => "rabbitmq";

    public override IReadOnlyList<Supervisor> Processes => node is null ? [] : [node.Process, node.NameServer];

    public override string ConnectionString => node!.ConnectionString;

    public override async Task Start(CancellationToken cancel)
    {
        log = new LogFile(Run.Logs, Name);
        node = await RabbitMqNode.Prepare(
            Path.Combine(Run.StateFolder, Name),
            ports,
            new RabbitMqOptions { Management = management, Log = log.Write, Say = Say, Changed = Run.Changed });
        await node.Process.Healthy.WaitAsync(cancel);
    }

    public override async ValueTask DisposeAsync()
    {
        if (node is not null)
        {
            await node.DisposeAsync();
        }
        log?.Dispose();
    }
}

internal sealed class ProjectPart : Part
{
    // Health checks stay on this machine, whatever proxy it is told to use.
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });

    private readonly ProjectResource project;
    private readonly List<Dictionary<string, int>> portsOfReplica = [];
    private readonly List<Supervisor> processes = [];
    private readonly List<LogFile> logs = [];

    public ProjectPart(RunContext run, ProjectResource project, Ports ports)
        : base(run, project)
    {
        this.project = project;
        if (project.HealthChecks.Find(check => EndpointOf(check) is null) is { } unknown)
        {
            throw new DistributedApplicationException($"{Name} has no endpoint called \"{unknown.EndpointName}\" for its health check.");
        }
        for (var replica = 0; replica < project.Replicas; replica++)
        {
            var own = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var endpoint in project.Endpoints)
            {
                if (endpoint.Port is not null && project.Replicas > 1)
                {
                    throw new DistributedApplicationException(
                        $"{Name} has {project.Replicas} replicas and the fixed port {endpoint.Port} for \"{endpoint.Name}\": leave the port out.");
                }
                own[endpoint.Name] = ports.Next(endpoint.Port);
                Ports.Add((own[endpoint.Name], endpoint.Name));
                Endpoints.Add(new RunEndpoint(endpoint.Name, Url(endpoint, own), replica, endpoint.External));
            }
            portsOfReplica.Add(own);
        }
    }

    public override string Kind => "project";

    public override IReadOnlyList<Supervisor> Processes
    {
        get
        {
            lock (processes)
            {
                return [.. processes];
            }
        }
    }

    public override IEnumerable<IResource> Dependencies =>
        base.Dependencies.Concat(project.Connections.Select(connection => connection.Source)).Distinct();

    /// <summary>The services__ variables that tell others where this project's replicas are.</summary>
    public IEnumerable<(string Name, string Value)> Addresses() =>
        from endpoint in project.Endpoints
        from replica in portsOfReplica.Index()
        select ($"services__{Name}__{endpoint.Name}__{replica.Index}", Url(endpoint, replica.Item));

    public string Address(string endpointName) =>
        Endpoints.Find(endpoint => endpoint.Name == endpointName)?.Url
        ?? throw new DistributedApplicationException($"{Name} has no endpoint called \"{endpointName}\".");

    public override async Task Start(CancellationToken cancel)
    {
        var assembly = Assembly();
        for (var replica = 0; replica < project.Replicas; replica++)
        {
            var name = project.Replicas == 1 ? Name : $"{Name}-{replica}";
            var ports = portsOfReplica[replica];
            var log = new LogFile(Run.Logs, name);
            logs.Add(log);
            var command = new ChildCommand(DotNet(), assembly)
            {
                WorkingDirectory = Path.GetDirectoryName(assembly)!,
                Environment = Environment(replica),
            };
            var process = new Supervisor(
                new Supervised(name, _ => Task.FromResult(command), healthCancel => IsHealthy(ports, healthCancel))
                {
                    Line = line =>
                    {
                        log.Write(line);
                        Run.Screen.Line(name, ConsoleJson.Readable(line));
                    },
                    Say = text => Run.Screen.Line(name, text),
                    Changed = Run.Changed,
                },
                TimeProvider.System);
            lock (processes)
            {
                processes.Add(process);
            }
        }
        await Task.WhenAll(Processes.Select(process => process.Healthy)).WaitAsync(cancel);
    }

    public override async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Processes.Select(process => process.Stop()));
        foreach (var log in logs)
        {
            log.Dispose();
        }
    }

    private static string Url(Endpoint endpoint, Dictionary<string, int> ports) =>
        $"{endpoint.Scheme}://localhost:{ports[endpoint.Name].ToString(CultureInfo.InvariantCulture)}";

    private static string DotNet() =>
        System.Environment.ProcessPath is { } us && Path.GetFileName(us) == "dotnet" ? us : "dotnet";

    /// <summary>The project's build output, of the same configuration as ours.</summary>
    private string Assembly()
    {
        var name = Path.GetFileNameWithoutExtension(project.ProjectPath);
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var folder = Path.Combine(Antaca.LocalHosting.StateFolder.RepositoryRoot(project.ProjectPath), "artifacts", "bin", name, configuration);
        const string settings = ".runtimeconfig.json";
        var found = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, $"*{settings}").FirstOrDefault() : null;
        return found is null
            ? throw new DistributedApplicationException($"{Name} is not built ({folder} is empty): dotnet build {project.ProjectPath} -c {configuration}")
            : $"{found[..^settings.Length]}.dll";
    }

    private Dictionary<string, string?> Environment(int replica)
    {
        var ports = portsOfReplica[replica];
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["DOTNET_ENVIRONMENT"] = Run.Description.EnvironmentName,
            ["ASPNETCORE_ENVIRONMENT"] = Run.Description.EnvironmentName,
            ["OTEL_SERVICE_NAME"] = Name,
            ["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={Name}-{replica}",
            ["ASPNETCORE_URLS"] = project.Endpoints.Where(endpoint => endpoint.Env is null).Select(endpoint => Url(endpoint, ports)) is var urls && urls.Any()
                ? string.Join(';', urls)
                : null,
        };
        foreach (var endpoint in project.Endpoints)
        {
            if (endpoint.Env is not null)
            {
                environment[endpoint.Env] = ports[endpoint.Name].ToString(CultureInfo.InvariantCulture);
            }
        }
        foreach (var (source, name) in project.Connections)
        {
            environment[$"ConnectionStrings__{name}"] = Run.Parts[source].ConnectionString;
        }
        foreach (var service in project.Services)
        {
            foreach (var (name, value) in ((ProjectPart)Run.Parts[service]).Addresses())
            {
                environment[name] = value;
            }
        }
        foreach (var (name, endpoint) in project.Addresses)
        {
            environment[name] = ((ProjectPart)Run.Parts[endpoint.Project]).Address(endpoint.EndpointName);
        }
        foreach (var (name, value) in project.Environment)
        {
            environment[name] = value;
        }
        return environment;
    }

    private Endpoint? EndpointOf(HealthCheck check) =>
        project.Endpoints.Find(endpoint => check.EndpointName is null || endpoint.Name == check.EndpointName);

    private async Task<bool> IsHealthy(Dictionary<string, int> ports, CancellationToken cancel)
    {
        foreach (var check in project.HealthChecks)
        {
            try
            {
                using var answer = await Http.GetAsync(new Uri(new Uri(Url(EndpointOf(check)!, ports)), check.Path), cancel);
                if ((int)answer.StatusCode != check.StatusCode)
                {
                    return false;
                }
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
        return true;
    }
}
