using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting;
using Npgsql;

namespace Antaca.LocalHosting;

public sealed record PostgresOptions
{
    /// <summary>0 takes any free port.</summary>
    public int Port { get; init; }

    /// <summary>False is for tests alone: no write reaches the disk for sure.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Removes the cluster when the server is disposed of.</summary>
    public bool RemoveOnDispose { get; init; }

    /// <summary>Hears the server's log lines.</summary>
    public Action<string> Log { get; init; } = _ => { };

    internal Action<string> Say { get; init; } = _ => { };

    internal Action Changed { get; init; } = () => { };
}

/// <summary>
/// A PostgreSQL cluster of our own: made on first use, listening on 127.0.0.1 and a Unix socket, every login by password.
/// It is restarted when it dies and stopped when we are. As root it runs as the system user "postgres".
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Superuser = "postgres";
    private const string SystemUser = "postgres";
    private const string RelocatedRoot = "/var/lib/antaca";
    private const string OwnerFile = "belongs-to";
    private const string TemporaryOwnerFile = "belongs-for-now-to";
    // The kernel's limit for a socket's path is 107 characters; ".s.PGSQL.65535" needs 14 and the slash one.
    private const int LongestSocketFolder = 92;
    private static readonly TimeSpan FastShutdown = TimeSpan.FromSeconds(30);

    private readonly string folder;
    private readonly string cluster;
    private readonly PostgresOptions options;
    private readonly Secrets passwords;
    private readonly string? user;
    private readonly SemaphoreSlim creating = new(1, 1);

    private PostgresServer(string folder, string cluster, PostgresOptions options, string? user)
    {
        this.folder = folder;
        this.cluster = cluster;
        this.options = options;
        this.user = user;
        passwords = new Secrets(Path.Combine(folder, "passwords.json"));
        Port = options.Port == 0 ? Ports.Free(1)[0] : options.Port;
        SocketFolder = Path.Combine(cluster, "socket") is { Length: <= LongestSocketFolder } near
            ? near
            : Directory.CreateTempSubdirectory("antaca-").FullName;
    }

    public int Port { get; }

    /// <summary>The Unix socket's folder: usable as Npgsql's Host too.</summary>
    public string SocketFolder { get; }

    /// <summary>For administration and tests: no service ever gets this one.</summary>
    public string SuperuserConnectionString => ConnectionString("postgres", Superuser);

    internal Supervisor Process { get; private set; } = null!;

    private string Data => Path.Combine(cluster, "data");

    /// <summary>Starts the cluster of the folder, made if there is none, and returns once it answers.</summary>
    public static async Task<PostgresServer> Start(string folder, PostgresOptions options)
    {
        var server = await Prepare(folder, options);
        try
        {
            await server.Process.Healthy;
        }
        catch (Exception)
        {
            await server.DisposeAsync();
            throw;
        }
        return server;
    }

    /// <summary>Like <see cref="Start"/>, without waiting until the server answers.</summary>
    internal static async Task<PostgresServer> Prepare(string folder, PostgresOptions options)
    {
        folder = Path.GetFullPath(folder);
        var user = Environment.IsPrivilegedProcess ? SystemUser : null;
        Programs.Postgres();
        Files.MakeFolder(folder, user is null ? Files.OwnersFolder : Files.ThroughFolder);
        var cluster = await ChooseCluster(folder, user, options.Durable);
        var server = new PostgresServer(folder, cluster, options, user);
        server.Process = new Supervisor(
            new Supervised("postgres", server.Command, server.Answers)
            {
                // INT is PostgreSQL's fast shutdown: TERM would wait for every client to leave.
                StopSignal = Signal.Interrupt,
                StopGrace = FastShutdown,
                Line = options.Log,
                Say = options.Say,
                Changed = options.Changed,
            },
            TimeProvider.System);
        return server;
    }

    /// <summary>
    /// Makes sure of a database with a login of its own that owns it and a role "{name}_requests" without rights, which that
    /// login may switch to. Nobody else may connect; neither may make roles. Returns the connection string.
    /// </summary>
    public async Task<string> CreateDatabase(string name)
    {
        if (name.Length is 0 or > 40 || !name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '_'))
        {
            throw new ArgumentException($"\"{name}\" cannot be a database's name: small letters, digits and _ only, at most 40.", nameof(name));
        }
        var requests = $"{name}_requests";
        // Two CREATE DATABASE at once get into each other's way (both copy template1).
        await creating.WaitAsync();
        try
        {
            await using var connection = new NpgsqlConnection(SuperuserConnectionString);
            await connection.OpenAsync();
            await Execute(connection, $"REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC");
            if (!await Exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = $1", name))
            {
                await Execute(connection, $"CREATE ROLE {name} LOGIN");
            }
            if (!await Exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = $1", requests))
            {
                await Execute(connection, $"CREATE ROLE {requests} NOLOGIN");
            }
            await Execute(connection, $"ALTER ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{passwords.Of(name)}'");
            await Execute(connection, $"ALTER ROLE {requests} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE");
            await Execute(connection, $"GRANT {requests} TO {name}");
            if (!await Exists(connection, "SELECT 1 FROM pg_database WHERE datname = $1", name))
            {
                await Execute(connection, $"CREATE DATABASE {name} OWNER {name}");
            }
            await Execute(connection, $"REVOKE ALL ON DATABASE {name} FROM PUBLIC");

            await using var inside = new NpgsqlConnection(ConnectionString(name, Superuser));
            await inside.OpenAsync();
            await Execute(inside, $"ALTER SCHEMA public OWNER TO {name}");
            await Execute(inside, "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        }
        finally
        {
            creating.Release();
        }
        return ConnectionString(name);
    }

    /// <summary>
    /// For a database that <see cref="CreateDatabase"/> makes or has made, with its own login unless another is named (a
    /// database copied from a template has its template's login).
    /// </summary>
    public string ConnectionString(string database, string? login = null) =>
        $"Host=127.0.0.1;Port={Port};Username={login ?? database};Password={passwords.Of(login ?? database)};Database={database}"
        + (login == Superuser ? ";Pooling=false" : "");

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        creating.Dispose();
        if (!SocketFolder.StartsWith(cluster, StringComparison.Ordinal))
        {
            Directory.Delete(SocketFolder, recursive: true);
        }
        if (options.RemoveOnDispose)
        {
            Directory.Delete(cluster, recursive: true);
        }
    }

    internal void Kill() => Process.Send(Signal.Kill);

    private static async Task Execute(NpgsqlConnection connection, string statement)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<bool> Exists(NpgsqlConnection connection, string query, string name)
    {
        await using var command = new NpgsqlCommand(query, connection) { Parameters = { new() { Value = name } } };
        return await command.ExecuteScalarAsync() is not null;
    }

    /// <summary>The folder itself, or one under /var/lib/antaca when the system user cannot reach it (a checkout below /root).</summary>
    private static async Task<string> ChooseCluster(string folder, string? user, bool durable)
    {
        if (user is null)
        {
            return folder;
        }
        if (!File.ReadLines("/etc/passwd").Any(line => line.StartsWith($"{user}:", StringComparison.Ordinal)))
        {
            throw new DistributedApplicationException($"The system user \"{user}\" is missing, as which root runs PostgreSQL: apt-get install postgresql");
        }
        var reachable = await Child.Run(new ChildCommand("test", "-x", folder) { User = user }, _ => { }) == 0;
        var cluster = reachable ? folder : Path.Combine(RelocatedRoot, ShortHash(folder));
        Files.MakeFolder(cluster, Files.ThroughFolder);
        if (!reachable)
        {
            File.SetUnixFileMode(RelocatedRoot, Files.ThroughFolder);
            RemoveForgotten();
            // Where it went, for whoever looks, and whose it is, for whoever cleans up.
            await File.WriteAllTextAsync(Path.Combine(folder, "cluster-is-in"), cluster + Environment.NewLine);
            await File.WriteAllTextAsync(Path.Combine(cluster, durable ? OwnerFile : TemporaryOwnerFile), folder);
        }
        return cluster;
    }

    /// <summary>Tests that were killed leave clusters here: those whose folder is gone go too. Durable ones are never touched.</summary>
    private static void RemoveForgotten()
    {
        foreach (var cluster in Directory.EnumerateDirectories(RelocatedRoot))
        {
            var owner = Path.Combine(cluster, TemporaryOwnerFile);
            if (File.Exists(owner) && !Directory.Exists(File.ReadAllText(owner)) && !File.Exists(Path.Combine(cluster, OwnerFile)))
            {
                try
                {
                    Directory.Delete(cluster, recursive: true);
                }
                catch (IOException)
                {
                    // Another test run removes it right now, or its server is still going down: next time.
                }
            }
        }
    }

    private async Task<ChildCommand> Command(CancellationToken cancel)
    {
        await MakeFolderForUser(Data);
        await MakeFolderForUser(SocketFolder);
        if (!File.Exists(Path.Combine(Data, "PG_VERSION")))
        {
            await MakeCluster();
        }
        var version = await File.ReadAllTextAsync(Path.Combine(Data, "PG_VERSION"), cancel);
        var binaries = Programs.Postgres(int.Parse(version.Trim(), CultureInfo.InvariantCulture));
        await SettleOldPostmaster(cancel);
        return new ChildCommand(Path.Combine(binaries, "postgres"), [.. Arguments()])
        {
            User = user,
            DeathSignal = "INT",
            WorkingDirectory = "/",
            Environment = new Dictionary<string, string?> { ["HOME"] = "/", ["LC_ALL"] = "C.UTF-8" },
        };
    }

    private IEnumerable<string> Arguments()
    {
        yield return "-D";
        yield return Data;
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = SocketFolder,
            ["unix_socket_permissions"] = "0700",
            ["password_encryption"] = "scram-sha-256",
            ["max_connections"] = "300",
            ["shared_buffers"] = options.Durable ? "256MB" : "128MB",
            ["fsync"] = options.Durable ? "on" : "off",
            ["synchronous_commit"] = options.Durable ? "on" : "off",
            ["full_page_writes"] = options.Durable ? "on" : "off",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
            ["log_destination"] = "stderr",
            ["logging_collector"] = "off",
            ["log_line_prefix"] = "%m [%p] %q%u@%d ",
            // Nothing that a statement carries reaches the log.
            ["log_statement"] = "none",
            ["log_min_duration_statement"] = "-1",
            ["log_min_error_statement"] = "panic",
            ["log_parameter_max_length"] = "0",
            ["log_parameter_max_length_on_error"] = "0",
        };
        foreach (var (name, value) in settings)
        {
            yield return "-c";
            yield return $"{name}={value}";
        }
    }

    private async Task MakeCluster()
    {
        options.Say("makes a new cluster");
        var lines = new List<string>();
        var arguments = new List<string>
        {
            "-D", Data, "-U", Superuser, "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions",
            "--auth=scram-sha-256", "--pwfile=/dev/stdin",
        };
        if (!options.Durable)
        {
            arguments.Add("--no-sync");
        }
        var code = await Child.Run(
            // Through cat: the pipe we write to is not the system user's to open again as /dev/stdin.
            new ChildCommand("/bin/sh", ["-c", """cat | "$0" "$@" """, Path.Combine(Programs.Postgres(), "initdb"), .. arguments])
            {
                User = user,
                Input = passwords.Of(Superuser) + "\n",
                Environment = new Dictionary<string, string?> { ["HOME"] = "/" },
            },
            line =>
            {
                lock (lines)
                {
                    lines.Add(line);
                }
            });
        if (code != 0)
        {
            throw new DistributedApplicationException($"initdb failed with exit code {code}: {string.Join(Environment.NewLine, lines)}");
        }
    }

    /// <summary>
    /// postmaster.pid names a process. One that a killed run left is still shutting down: wait for it. A dead one is for
    /// PostgreSQL to judge. But a number that some other program has by now would stop PostgreSQL for ever: then, and only
    /// when no orphan of the old server holds its shared memory, the file goes.
    /// </summary>
    private async Task SettleOldPostmaster(CancellationToken cancel)
    {
        const int patienceSeconds = 20;
        const int sharedMemoryLine = 6;
        var file = Path.Combine(Data, "postmaster.pid");
        var lines = File.Exists(file) ? await File.ReadAllLinesAsync(file, cancel) : [];
        if (lines.Length == 0 || !int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var process))
        {
            return;
        }
        var waiting = TimeProvider.System.GetTimestamp();
        while (CommandLine(process) is { } commandLine)
        {
            if (!commandLine.Contains(Data, StringComparison.Ordinal))
            {
                var sharedMemory = lines.ElementAtOrDefault(sharedMemoryLine)?.Split(' ', StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
                if (!InUse(sharedMemory))
                {
                    File.Delete(file);
                }
                return;
            }
            if (TimeProvider.System.GetElapsedTime(waiting).TotalSeconds > patienceSeconds)
            {
                throw new DistributedApplicationException($"Another PostgreSQL (process {process}) uses {Data}: stop it and start again.");
            }
            await Task.Delay(100, cancel);
        }

        static string? CommandLine(int process)
        {
            try
            {
                return File.ReadAllText($"/proc/{process}/cmdline");
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }

        // Columns of /proc/sysvipc/shm: key, shmid, perms, size, cpid, lpid, nattch, ...
        static bool InUse(string? sharedMemory) =>
            File.ReadLines("/proc/sysvipc/shm")
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Any(columns => columns[1] == sharedMemory && columns[6] != "0");
    }

    private async Task MakeFolderForUser(string path)
    {
        Directory.CreateDirectory(path, Files.OwnersFolder);
        if (user is not null && await Child.Run(new ChildCommand("chown", $"{user}:{user}", path), _ => { }) != 0)
        {
            throw new DistributedApplicationException($"Cannot give {path} to the system user \"{user}\".");
        }
    }

    private async Task<bool> Answers(CancellationToken cancel)
    {
        try
        {
            await using var connection = new NpgsqlConnection(SuperuserConnectionString);
            await connection.OpenAsync(cancel);
            return true;
        }
        catch (Exception fault) when (fault is NpgsqlException or SocketException or TimeoutException)
        {
            return false;
        }
    }

    private static string ShortHash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];
}
