using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.ServiceDefaults.Tests;

public sealed class MigrationTests(Suite suite) : IClassFixture<Suite>
{
    [Fact]
    public async Task Requests_have_no_right_to_change_tables()
    {
        await using var create = suite.DatabaseOfRequests("cards").CreateCommand("create table mine (id int)");
        await using var drop = suite.DatabaseOfRequests("cards").CreateCommand("drop table outbox");

        Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => create.ExecuteNonQueryAsync())).SqlState);
        Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => drop.ExecuteNonQueryAsync())).SqlState);
    }

    [Fact]
    public async Task A_migration_that_was_edited_after_it_landed_stops_the_start()
    {
        await suite.Stop("kycservice");
        await using var edit = suite.Database("kyc").CreateCommand("update migrations set sha256 = 'another' where number = 1 and source like '%Kyc%'");
        Assert.Equal(1, await edit.ExecuteNonQueryAsync());

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => suite.Start("kycservice"));

        Assert.Contains("was edited", refused.Message, StringComparison.Ordinal);
    }
}
