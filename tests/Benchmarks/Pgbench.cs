using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Antaca.Benchmarks;

/// <summary>
/// PostgreSQL's own benchmark, TPC-B, on the very cluster that is measured: what the machine, its disk and the cluster's settings
/// give. Run before and after, its mean is the unit of the ratios.
/// </summary>
internal sealed partial class Pgbench
{
    private const string Database = "pgbench";
    private const int Scale = 20;
    private const int Clients = 16;
    private const int Threads = 2;
    private const int WarmUpSeconds = 3;

    private readonly NpgsqlConnectionStringBuilder _cluster;
    private readonly string _program;

    private Pgbench(NpgsqlConnectionStringBuilder cluster, string program)
    {
        _cluster = cluster;
        _program = program;
    }

    /// <summary>Makes and fills pgbench's tables, says what the cluster is set to, and warms up.</summary>
    public static async Task<Pgbench> Prepare(string superuser)
    {
        await using var cluster = NpgsqlDataSource.Create(superuser);
        await using (var create = cluster.CreateCommand($"create database {Database}"))
        {
            await create.ExecuteNonQueryAsync();
        }
        var version = await Show(cluster, "server_version");
        Console.WriteLine(
            $"PostgreSQL {version}: fsync {await Show(cluster, "fsync")}, synchronous_commit {await Show(cluster, "synchronous_commit")}, "
            + $"full_page_writes {await Show(cluster, "full_page_writes")}, shared_buffers {await Show(cluster, "shared_buffers")}");
        var pgbench = new Pgbench(new NpgsqlConnectionStringBuilder(superuser), Find(version.Split('.', ' ')[0]));
        await pgbench.Call("-i", "-q", "-s", Text(Scale));
        await pgbench.Run(WarmUpSeconds);
        return pgbench;
    }

    /// <returns>Transactions a second.</returns>
    public async Task<double> Run(int seconds)
    {
        await Checkpoint(_cluster.ConnectionString);
        var report = await Call("-c", Text(Clients), "-j", Text(Threads), "-M", "prepared", "-T", Text(seconds));
        return double.Parse(Rate().Match(report).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    public static string Described => string.Create(CultureInfo.InvariantCulture, $"pgbench TPC-B, scale {Scale}, -c {Clients} -j {Threads} -M prepared");

    /// <summary>So that no measurement pays for what the one before it wrote.</summary>
    public static async Task Checkpoint(string superuser)
    {
        await using var cluster = NpgsqlDataSource.Create(superuser);
        await using var checkpoint = cluster.CreateCommand("checkpoint");
        checkpoint.CommandTimeout = 0;
        await checkpoint.ExecuteNonQueryAsync();
    }

    /// <summary>The server's process, the parent of all the others.</summary>
    public static async Task<int> PostmasterOf(string superuser)
    {
        await using var cluster = NpgsqlDataSource.Create(superuser);
        var file = Path.Combine(await Show(cluster, "data_directory"), "postmaster.pid");
        return int.Parse(File.ReadLines(file).First(), CultureInfo.InvariantCulture);
    }

    private async Task<string> Call(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(_program, [.. arguments, "-h", _cluster.Host!, "-p", Text(_cluster.Port), "-U", _cluster.Username!, Database])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PGPASSWORD"] = _cluster.Password },
        })!;
        var report = process.StandardOutput.ReadToEndAsync();
        var faults = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await report : throw new InvalidOperationException($"pgbench failed: {await faults}");
    }

    private static async Task<string> Show(NpgsqlDataSource cluster, string setting)
    {
        await using var show = cluster.CreateCommand("select current_setting($1)");
        show.Parameters.Add(new NpgsqlParameter { Value = setting });
        return (string)(await show.ExecuteScalarAsync())!;
    }

    private static string Find(string major) =>
        $"/usr/lib/postgresql/{major}/bin/pgbench" is var debian && File.Exists(debian) ? debian : "pgbench";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^tps = ([0-9.]+)", RegexOptions.Multiline)]
    private static partial Regex Rate();
}
