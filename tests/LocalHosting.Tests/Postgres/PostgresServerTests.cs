using System.Collections.Concurrent;
using Npgsql;

namespace Antaca.LocalHosting.Tests.Postgres;

public sealed class PostgresServerTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Place place = new();
    private readonly ConcurrentQueue<string> log = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public async Task A_cluster_keeps_its_data_and_its_passwords_over_a_restart()
    {
        await using (var server = await Start())
        {
            var first = await server.CreateDatabase("cards");
            await Run(first, "CREATE TABLE kept (what text); INSERT INTO kept VALUES ('still here')");
        }
        await using (var server = await Start())
        {
            var second = await server.CreateDatabase("cards");
            Assert.Equal("still here", await Ask(second, "SELECT what FROM kept"));
        }
    }

    [Fact]
    public async Task A_databases_login_owns_it_and_reaches_no_other()
    {
        await using var server = await Start();
        var cards = await server.CreateDatabase("cards");
        await server.CreateDatabase("balances");

        await Run(cards, "CREATE TABLE mine (id int)");
        foreach (var other in new[] { "balances", "postgres", "template1" })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => Ask(With(cards, database: other), "SELECT 1"));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
        await Assert.ThrowsAsync<PostgresException>(() => Ask(With(cards, password: "wrong"), "SELECT 1"));
    }

    [Fact]
    public async Task Neither_role_of_a_database_makes_roles_or_databases_or_reads_files()
    {
        await using var server = await Start();
        var cards = await server.CreateDatabase("cards");

        foreach (var role in new[] { "cards", "cards_requests" })
        {
            var asRole = new NpgsqlConnectionStringBuilder(cards) { Options = $"-c role={role}" }.ConnectionString;
            foreach (var statement in new[] { "CREATE ROLE intruder", "CREATE DATABASE intruder", "COPY pg_class TO '/tmp/antaca-intruder'", "SET ROLE postgres" })
            {
                var refused = await Assert.ThrowsAsync<PostgresException>(() => Run(asRole, statement));
                Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
            }
        }
    }

    [Fact]
    public async Task Requests_run_as_a_role_that_cannot_log_in_and_owns_nothing()
    {
        await using var server = await Start();
        var cards = await server.CreateDatabase("cards");
        await Run(cards, "CREATE TABLE rows (id int)");

        var requests = new NpgsqlConnectionStringBuilder(cards) { Options = "-c role=cards_requests" }.ConnectionString;

        Assert.Equal("cards_requests", await Ask(requests, "SELECT current_user::text"));
        foreach (var statement in new[] { "SELECT * FROM rows", "CREATE TABLE others (id int)", "DROP TABLE rows" })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => Run(requests, statement));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
        await Assert.ThrowsAsync<PostgresException>(() => Ask(With(cards, login: "cards_requests"), "SELECT 1"));
    }

    [Fact]
    public async Task A_killed_server_is_back_with_its_data()
    {
        await using var server = await Start(durable: true);
        var cards = await server.CreateDatabase("cards");
        await Run(cards, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)");
        var killed = server.Process.ProcessId;

        server.Kill();

        await Place.Until(() => server.Process.ProcessId is not null && server.Process.ProcessId != killed && server.Process.State == ProcessState.Healthy, Limit, "a new server answers");
        NpgsqlConnection.ClearAllPools();
        Assert.Equal(42, await Ask(cards, "SELECT id FROM kept"));
    }

    [Fact]
    public async Task No_secret_of_a_statement_reaches_the_log()
    {
        await using var server = await Start();
        var cards = await server.CreateDatabase("cards");

        await Assert.ThrowsAsync<PostgresException>(() => Run(cards, "SELECT 'secret-in-statement' FROM nowhere"));
        await using (var source = NpgsqlDataSource.Create(cards))
        await using (var command = source.CreateCommand("SELECT $1::text::int"))
        {
            command.Parameters.Add(new() { Value = "secret-in-parameter" });
            await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync());
        }

        await Place.Until(() => log.Any(line => line.Contains("nowhere", StringComparison.Ordinal)), Limit, "the fault itself is logged");
        Assert.DoesNotContain(log, line => line.Contains("secret-in-statement", StringComparison.Ordinal));
        Assert.DoesNotContain(log, line => line.Contains(new NpgsqlConnectionStringBuilder(cards).Password!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_committed_is_on_disk_unless_a_test_asks_otherwise()
    {
        await using (var server = await Start(durable: true))
        {
            Assert.Equal("on on on", await Settings(server));
        }
        await using (var server = await Start())
        {
            Assert.Equal("off off off", await Settings(server));
        }

        static async Task<object?> Settings(PostgresServer server) => await Ask(
            server.SuperuserConnectionString,
            "SELECT concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'))");
    }

    [Fact]
    public async Task It_listens_on_this_machine_alone()
    {
        await using var server = await Start();

        Assert.Equal([$"127.0.0.1:{server.Port}"], Listening.Of(server.Process.ProcessId!.Value));
    }

    [Fact]
    public async Task A_folder_that_the_system_user_cannot_reach_is_no_hindrance()
    {
        File.SetUnixFileMode(place.Folder, Files.OwnersFolder);

        await using var server = await PostgresServer.Start(place.At("postgres"), new PostgresOptions { Durable = false, RemoveOnDispose = true });

        Assert.NotNull(await server.CreateDatabase("cards"));
        if (Environment.IsPrivilegedProcess)
        {
            var elsewhere = (await File.ReadAllTextAsync(place.At("postgres/cluster-is-in"))).Trim();
            Assert.StartsWith("/var/lib/antaca/", elsewhere, StringComparison.Ordinal);
            Assert.True(Directory.Exists(Path.Combine(elsewhere, "data")));
        }
    }

    [Fact]
    public async Task A_folder_too_deep_for_a_socket_is_no_hindrance()
    {
        var deep = place.At(new string('d', 120));
        Directory.CreateDirectory(deep);

        await using var server = await PostgresServer.Start(Path.Combine(deep, "postgres"), new PostgresOptions { Durable = false });

        var throughSocket = new NpgsqlConnectionStringBuilder(server.SuperuserConnectionString) { Host = server.SocketFolder }.ConnectionString;
        Assert.Equal(1, await Ask(throughSocket, "SELECT 1"));
    }

    [Fact]
    public async Task A_stale_process_number_that_some_other_program_has_now_does_not_stop_it()
    {
        await using (await Start())
        {
        }
        // As after a power cut: the file is still there, and its number is by now this test's.
        await File.WriteAllTextAsync(place.At("postgres/data/postmaster.pid"), $"{Environment.ProcessId}\n{place.At("postgres/data")}\n0\n1\n\n\n 1 999999999\nready\n");

        await using var server = await Start();

        Assert.Equal(ProcessState.Healthy, server.Process.State);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Cards")]
    [InlineData("cards; DROP")]
    public async Task A_name_that_is_no_plain_word_is_refused(string name)
    {
        await using var server = await Start();

        await Assert.ThrowsAsync<ArgumentException>(() => server.CreateDatabase(name));
    }

    private static string With(string connectionString, string? database = null, string? login = null, string? password = null)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        builder.Database = database ?? builder.Database;
        builder.Username = login ?? builder.Username;
        builder.Password = password ?? builder.Password;
        return builder.ConnectionString;
    }

    private static async Task Run(string connectionString, string statement) => await Ask(connectionString, statement);

    private static async Task<object?> Ask(string connectionString, string statement)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(statement);
        return await command.ExecuteScalarAsync();
    }

    private Task<PostgresServer> Start(bool durable = false) =>
        PostgresServer.Start(place.At("postgres"), new PostgresOptions { Durable = durable, Log = log.Enqueue });
}
