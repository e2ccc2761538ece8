using System.Collections.Concurrent;
using Antaca.LocalHosting;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.TestKit;

/// <summary>
/// The PostgreSQL cluster and the RabbitMQ node of one test run: started once, by the first that needs them, and ended
/// with the process. Each service's schema is migrated once, into a template; each suite of services gets clones.
/// </summary>
internal sealed class Infrastructure
{
    private static readonly Lazy<Task<Infrastructure>> _shared = new(Start);

    private readonly ConcurrentDictionary<string, Lazy<Task>> _templates = new();
    private int _clones;

    private Infrastructure(string folder, PostgresServer postgres, RabbitMqNode broker)
    {
        Folder = folder;
        Postgres = postgres;
        Broker = broker;
    }

    public static Task<Infrastructure> Shared => _shared.Value;

    public string Folder { get; }

    public PostgresServer Postgres { get; }

    public RabbitMqNode Broker { get; }

    /// <summary>A fresh, migrated database of a service.</summary>
    public async Task<string> Clone(string service, Type migrations)
    {
        await _templates.GetOrAdd(service, _ => new Lazy<Task>(() => Migrate(service, migrations))).Value;
        var clone = $"{service}_{Interlocked.Increment(ref _clones)}";
        await using var admin = new NpgsqlConnection(Postgres.SuperuserConnectionString);
        await admin.OpenAsync();
        // PostgreSQL lets one session at a time copy a template.
        await using var create = new NpgsqlCommand("select pg_advisory_lock(1)", admin);
        await create.ExecuteNonQueryAsync();
        create.CommandText = $"create database {clone} template {service} owner {service}";
        await create.ExecuteNonQueryAsync();
        return clone;
    }

    private static async Task<Infrastructure> Start()
    {
        var folder = Directory.CreateTempSubdirectory("antaca-tests-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        var postgres = PostgresServer.Start(Path.Combine(folder, "postgres"), new PostgresOptions { Durable = false, RemoveOnDispose = true });
        var broker = RabbitMqNode.Start(Path.Combine(folder, "rabbitmq"), RabbitMqPorts.Free());
        return new Infrastructure(folder, await postgres, await broker);
    }

    private async Task Migrate(string service, Type migrations)
    {
        var connectionString = await Postgres.CreateDatabase(service);
        await Migrations.Apply(connectionString, service + "_requests", migrations.Assembly);
    }
}
