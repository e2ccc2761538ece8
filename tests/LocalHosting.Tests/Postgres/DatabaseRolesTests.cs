using System.Collections.Concurrent;
using Npgsql;

namespace Antaca.LocalHosting.Tests.Postgres;

/// <summary>What one cluster's databases keep from each other and from the log.</summary>
public sealed class DatabaseRolesTests(DatabaseRolesTests.Cluster cluster) : IClassFixture<DatabaseRolesTests.Cluster>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<string> log = cluster.Log;

    private PostgresServer Server => cluster.Server;

    [Fact]
    public async Task A_databases_login_owns_it_and_reaches_no_other()
    {
        var cards = await Server.CreateDatabase("cards");
        await Server.CreateDatabase("balances");

        await Sql.Ask(cards, "CREATE TABLE mine (id int)");
        foreach (var other in new[] { "balances", "postgres", "template1" })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => Sql.Ask(With(cards, database: other), "SELECT 1"));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
        await Assert.ThrowsAsync<PostgresException>(() => Sql.Ask(With(cards, password: "wrong"), "SELECT 1"));
    }

    [Fact]
    public async Task Neither_role_of_a_database_makes_roles_or_databases_or_reads_files()
    {
        var cards = await Server.CreateDatabase("cards");

        foreach (var role in new[] { "cards", "cards_requests" })
        {
            var asRole = new NpgsqlConnectionStringBuilder(cards) { Options = $"-c role={role}" }.ConnectionString;
            foreach (var statement in new[] { "CREATE ROLE intruder", "CREATE DATABASE intruder", "COPY pg_class TO '/tmp/antaca-intruder'", "SET ROLE postgres" })
            {
                var refused = await Assert.ThrowsAsync<PostgresException>(() => Sql.Ask(asRole, statement));
                Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
            }
        }
    }

    [Fact]
    public async Task Requests_run_as_a_role_that_cannot_log_in_and_owns_nothing()
    {
        var cards = await Server.CreateDatabase("cards");
        await Sql.Ask(cards, "CREATE TABLE rows (id int)");

        var requests = new NpgsqlConnectionStringBuilder(cards) { Options = "-c role=cards_requests" }.ConnectionString;

        Assert.Equal("cards_requests", await Sql.Ask(requests, "SELECT current_user::text"));
        foreach (var statement in new[] { "SELECT * FROM rows", "CREATE TABLE others (id int)", "DROP TABLE rows" })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => Sql.Ask(requests, statement));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
        await Assert.ThrowsAsync<PostgresException>(() => Sql.Ask(With(cards, login: "cards_requests"), "SELECT 1"));
    }

    [Fact]
    public async Task No_secret_of_a_statement_reaches_the_log()
    {
        var cards = await Server.CreateDatabase("cards");

        await Assert.ThrowsAsync<PostgresException>(() => Sql.Ask(cards, "SELECT 'secret-in-statement' FROM nowhere"));
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
    public async Task It_listens_on_this_machine_alone()
    {
        Assert.Equal([$"127.0.0.1:{Server.Port}"], Listening.Of(Server.Process.ProcessId!.Value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Cards")]
    [InlineData("cards; DROP")]
    public async Task A_name_that_is_no_plain_word_is_refused(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Server.CreateDatabase(name));
    }

    private static string With(string connectionString, string? database = null, string? login = null, string? password = null)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        builder.Database = database ?? builder.Database;
        builder.Username = login ?? builder.Username;
        builder.Password = password ?? builder.Password;
        return builder.ConnectionString;
    }

    public sealed class Cluster : IAsyncLifetime, IDisposable
    {
        private readonly Place place = new();

        public ConcurrentQueue<string> Log { get; } = new();

        public PostgresServer Server { get; private set; } = null!;

        public async Task InitializeAsync() =>
            Server = await PostgresServer.Start(place.At("postgres"), new PostgresOptions { Durable = false, Log = Log.Enqueue });

        public async Task DisposeAsync() => await Server.DisposeAsync();

        public void Dispose() => place.Dispose();
    }
}
