using Npgsql;

namespace Antaca.LocalHosting.Tests.Postgres;

public sealed class PostgresServerTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Place place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public async Task A_cluster_keeps_its_data_and_its_passwords_over_a_restart()
    {
        await using (var server = await Start())
        {
            var first = await server.CreateDatabase("cards");
            await Sql.Ask(first, "CREATE TABLE kept (what text); INSERT INTO kept VALUES ('still here')");
        }
        await using (var server = await Start())
        {
            var second = await server.CreateDatabase("cards");
            Assert.Equal("still here", await Sql.Ask(second, "SELECT what FROM kept"));
        }
    }

    [Fact]
    public async Task A_killed_server_is_back_with_its_data()
    {
        await using var server = await Start(durable: true);
        var cards = await server.CreateDatabase("cards");
        await Sql.Ask(cards, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)");
        var killed = server.Process.ProcessId;

        server.Kill();

        await Place.Until(() => server.Process.ProcessId is not null && server.Process.ProcessId != killed && server.Process.State == ProcessState.Healthy, Limit, "a new server answers");
        NpgsqlConnection.ClearAllPools();
        Assert.Equal(42, await Sql.Ask(cards, "SELECT id FROM kept"));
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

        static async Task<object?> Settings(PostgresServer server) => await Sql.Ask(
            server.SuperuserConnectionString,
            "SELECT concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'))");
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
        Assert.Equal(1, await Sql.Ask(throughSocket, "SELECT 1"));
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

    private Task<PostgresServer> Start(bool durable = false) =>
        PostgresServer.Start(place.At("postgres"), new PostgresOptions { Durable = durable });
}
