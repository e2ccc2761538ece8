using Antaca.DataCore.Audit;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Audit;

/// <summary>Every write leaves one entry, the chain is whole, and whoever changes it is found out.</summary>
public sealed class AuditTests(Suite suite) : IClassFixture<Suite>
{
    [Fact]
    public async Task A_write_leaves_one_entry_and_a_changed_removed_or_cut_chain_is_found()
    {
        var user = await suite.NewUser();
        (await suite.As(user.Caller, "datacore").Post($"/users/{user.UserId}/lock", new { })).Must(200);
        (await suite.As(user.Caller, "datacore").Post($"/users/{user.UserId}/lock", new { })).Must(200);
        (await suite.As(user.Caller, "datacore").Post($"/users/{user.UserId}/unlock")).Must(200);
        var database = suite.Database("datacore");
        await Eventually.Holds(
            async () => await Count("select count(*) from audit_entries where action in ('LockUser', 'UnlockUser') and subject = 'user:' || $1", user.UserId) == 3,
            "the entries of the locks and the unlock");
        await Quiet();

        Assert.Equal(2, await Count("select count(*) from audit_entries where action = 'LockUser' and subject = 'user:' || $1", user.UserId));
        Assert.Equal(2, await Count("select count(*) from audit_entries where action = 'LockUser' and actor = 'partner:' || $1", user.PartnerId));
        var whole = await VerifyAudit.Verify(database, CancellationToken.None);
        Assert.Null(whole.BrokenAt);
        Assert.True(whole.Entries >= 3);

        var listed = (await suite.As(TestUsers.Operator(Role.Manager), "datacore").Get($"/audit?subject=user:{user.UserId}&limit=2")).Must(200);
        // The relay tells a batch at once: entries of moments apart may change places.
        Assert.Equal(2, listed["items"].GetArrayLength());
        Assert.All(listed["items"].EnumerateArray(), entry => Assert.Contains(entry.GetProperty("action").GetString(), new[] { "LockUser", "UnlockUser" }));
        Assert.True(listed["items"][0].GetProperty("position").GetInt64() > listed["items"][1].GetProperty("position").GetInt64());
        (await suite.As(TestUsers.Operator(Role.Employee), "datacore").Get("/audit")).MustRefuse(403, "FORBIDDEN");
        (await suite.As(user.Caller, "datacore").Get("/audit")).MustRefuse(403, "FORBIDDEN");

        await Broken("update audit_entries set actor = 'operator:nobody' where position = 2", 2);
        await Broken("delete from audit_entries where position = 2", 2);
        await Broken("delete from audit_entries where position = (select max(position) from audit_entries)", null);
    }

    [Theory]
    [InlineData("update audit_entries set actor = 'nobody'")]
    [InlineData("delete from audit_entries")]
    [InlineData("truncate audit_entries")]
    public async Task Nobody_changes_an_entry_not_even_the_owner(string sql)
    {
        await suite.NewUser();
        await Eventually.Holds(async () => await Count("select count(*) from audit_entries where $1 <> ''", Guid.Empty) > 0, "an entry");
        foreach (var database in new[] { suite.DatabaseOfRequests("datacore"), suite.Database("datacore") })
        {
            await using var change = database.CreateCommand(sql);
            await Assert.ThrowsAsync<PostgresException>(() => change.ExecuteNonQueryAsync());
        }
    }

    /// <summary>Tampers as a superuser could, looks, and takes it back.</summary>
    private async Task Broken(string tampering, long? at)
    {
        await using var copy = suite.Database("datacore").CreateCommand($"alter table audit_entries disable trigger user; create table kept as table audit_entries; {tampering}");
        await copy.ExecuteNonQueryAsync();
        var verdict = await VerifyAudit.Verify(suite.Database("datacore"), CancellationToken.None);
        await using var back = suite.Database("datacore").CreateCommand(
            "delete from audit_entries; insert into audit_entries table kept; drop table kept; alter table audit_entries enable trigger user");
        await back.ExecuteNonQueryAsync();

        Assert.NotNull(verdict.BrokenAt);
        Assert.Equal(at ?? verdict.BrokenAt, verdict.BrokenAt);
        Assert.Null((await VerifyAudit.Verify(suite.Database("datacore"), CancellationToken.None)).BrokenAt);
    }

    /// <summary>Waits until what was owed has arrived: nothing is added while the trail is tampered with.</summary>
    private async Task Quiet()
    {
        var before = -1L;
        await Eventually.Holds(
            async () =>
            {
                var now = await Count("select count(*) + 1000000 * (select count(*) from outbox) from audit_entries where $1 <> ''", Guid.Empty);
                (var quiet, before) = (now == before && now < 1_000_000, now);
                await Task.Delay(300);
                return quiet;
            },
            "the trail to be quiet");
    }

    private async Task<long> Count(string sql, Guid id)
    {
        await using var count = suite.Database("datacore").CreateCommand(sql);
        count.Parameters.Add(new NpgsqlParameter { Value = id.ToString() });
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
