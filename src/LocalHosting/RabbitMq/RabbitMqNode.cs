using System.Globalization;
using Aspire.Hosting;

namespace Antaca.LocalHosting;

/// <param name="Management">The management plugin's HTTP port.</param>
/// <param name="Distribution">Where the node itself listens for its command-line tools.</param>
/// <param name="Names">The port of the node's own epmd.</param>
public sealed record RabbitMqPorts(int Amqp, int Management, int Distribution, int Names)
{
    public static RabbitMqPorts Free() => Ports.Free(4) is [var amqp, var management, var distribution, var names]
        ? new RabbitMqPorts(amqp, management, distribution, names)
        : throw new InvalidOperationException("Asked for four ports.");
}

public sealed record RabbitMqOptions
{
    public bool Management { get; init; } = true;

    /// <summary>False is for tests alone: stops without the ceremony (with the management plugin five idle seconds).</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Hears the node's log lines.</summary>
    public Action<string> Log { get; init; } = _ => { };

    internal Action<string> Say { get; init; } = _ => { };

    internal Action Changed { get; init; } = () => { };
}

/// <summary>
/// A RabbitMQ node of our own: ports, cookie, epmd, user, data and log are in its folder and everything listens on 127.0.0.1.
/// It is restarted when it dies and stopped when we are.
/// </summary>
public sealed class RabbitMqNode : IAsyncDisposable
{
    private const string NodeName = "antaca@localhost";
    private const string MemoryLimit = "512MB";

    private readonly string folder;
    private readonly RabbitMqOptions options;
    private readonly Secrets passwords;

    private RabbitMqNode(string folder, RabbitMqPorts ports, RabbitMqOptions options)
    {
        this.folder = folder;
        this.options = options;
        Ports = ports;
        passwords = new Secrets(Path.Combine(folder, "passwords.json"));
    }

    public RabbitMqPorts Ports { get; }

    public string UserName { get; } = "antaca";

    public string Password => passwords.Of(UserName);

    public string ConnectionString => $"amqp://{UserName}:{Password}@127.0.0.1:{Ports.Amqp}";

    /// <summary>Basic authentication with the same user.</summary>
    public Uri ManagementAddress => new($"http://127.0.0.1:{Ports.Management}");

    internal Supervisor Process { get; private set; } = null!;

    internal Supervisor NameServer { get; private set; } = null!;

    /// <summary>Starts the folder's node, made if there is none, and returns once a connection can be opened.</summary>
    public static async Task<RabbitMqNode> Start(string folder, RabbitMqPorts ports, RabbitMqOptions? options = null)
    {
        var node = await Prepare(folder, ports, options ?? new RabbitMqOptions());
        try
        {
            await node.Process.Healthy;
        }
        catch (Exception)
        {
            await node.DisposeAsync();
            throw;
        }
        return node;
    }

    /// <summary>Like <see cref="Start"/>, without waiting until the node answers.</summary>
    internal static async Task<RabbitMqNode> Prepare(string folder, RabbitMqPorts ports, RabbitMqOptions options)
    {
        folder = Path.GetFullPath(folder);
        var server = Programs.RabbitMqServer();
        Files.MakeFolder(folder, Files.OwnersFolder);
        var node = new RabbitMqNode(folder, ports, options);
        await node.WriteSettings();

        var names = new ChildCommand("epmd", "-address", "127.0.0.1", "-port", Text(ports.Names)) { Environment = Variables(("ERL_EPMD_RELAXED_COMMAND_CHECK", "1")) };
        node.NameServer = new Supervisor(
            new Supervised("epmd", _ => Task.FromResult(names), _ => Task.FromResult(!Antaca.LocalHosting.Ports.IsFree(ports.Names)))
            {
                Say = options.Say,
                Changed = options.Changed,
            },
            TimeProvider.System);
        node.Process = new Supervisor(
            new Supervised("rabbitmq", cancel => node.Command(server, cancel), cancel => AmqpProbe.Answers(ports.Amqp, node.UserName, node.Password, cancel))
            {
                StopSignal = options.Durable ? Signal.Terminate : Signal.Kill,
                StopGrace = TimeSpan.FromSeconds(20),
                Line = options.Log,
                Say = options.Say,
                Changed = options.Changed,
            },
            TimeProvider.System);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        await NameServer.DisposeAsync();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The variables given, and none of RabbitMQ's that the shell we were started from may carry.</summary>
    private static Dictionary<string, string?> Variables(params ReadOnlySpan<(string Name, string Value)> variables)
    {
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
        {
            if (name.StartsWith("RABBITMQ_", StringComparison.Ordinal) || name.StartsWith("ERL_", StringComparison.Ordinal) || name == "NOTIFY_SOCKET")
            {
                environment[name] = null;
            }
        }
        foreach (var (name, value) in variables)
        {
            environment[name] = value;
        }
        return environment;
    }

    private string At(string name) => Path.Combine(folder, name);

    private async Task WriteSettings()
    {
        Files.WriteWhole(
            At("rabbitmq.conf"),
            $"""
            listeners.tcp.local = 127.0.0.1:{Ports.Amqp}
            management.tcp.ip = 127.0.0.1
            management.tcp.port = {Ports.Management}
            default_user = {UserName}
            default_pass = {Password}
            default_user_tags.administrator = true
            vm_memory_high_watermark.absolute = {MemoryLimit}
            disk_free_limit.absolute = 50MB
            log.file = false
            log.console = true
            log.console.level = info
            log.connection.level = warning

            """,
            Files.OwnerOnly);
        await File.WriteAllTextAsync(At("enabled_plugins"), options.Management ? "[rabbitmq_management].\n" : "[].\n");
        var cookie = At(".erlang.cookie");
        if (!File.Exists(cookie))
        {
            Files.WriteWhole(cookie, passwords.Of("cookie"), UnixFileMode.UserRead);
        }
    }

    private async Task<ChildCommand> Command(string server, CancellationToken cancel)
    {
        await NameServer.Healthy.WaitAsync(cancel);
        return new ChildCommand(server)
        {
            WorkingDirectory = folder,
            Environment = Variables(
                ("HOME", folder),
                ("LC_ALL", "C.UTF-8"),
                // The script then becomes the node instead of watching over it.
                ("RABBITMQ_ALLOW_INPUT", "1"),
                ("RABBITMQ_CONF_ENV_FILE", At("no-environment-file")),
                ("RABBITMQ_NODENAME", NodeName),
                ("RABBITMQ_NODE_PORT", Text(Ports.Amqp)),
                ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
                ("RABBITMQ_DIST_PORT", Text(Ports.Distribution)),
                ("RABBITMQ_CONFIG_FILE", At("rabbitmq.conf")),
                ("RABBITMQ_ADVANCED_CONFIG_FILE", At("no-advanced.config")),
                ("RABBITMQ_ENABLED_PLUGINS_FILE", At("enabled_plugins")),
                ("RABBITMQ_MNESIA_BASE", At("data")),
                ("RABBITMQ_LOG_BASE", At("log")),
                ("RABBITMQ_LOGS", "-"),
                ("RABBITMQ_PID_FILE", At("pid")),
                ("RABBITMQ_GENERATED_CONFIG_DIR", At("generated")),
                ("RABBITMQ_SCHEMA_DIR", At("schema")),
                ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +B i -noinput -kernel inet_dist_use_interface {127,0,0,1}"),
                ("ERL_EPMD_PORT", Text(Ports.Names)),
                ("ERL_EPMD_ADDRESS", "127.0.0.1"),
                ("ERL_CRASH_DUMP", "/dev/null")),
        };
    }
}
