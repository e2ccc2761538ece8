using System.Text.Json;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.TestKit;

/// <summary>Who is admitted nowhere, and what callers did as the audit trail is told it.</summary>
public static class TestCallers
{
    /// <summary>Whom no route of cards and balances serves: nobody, a processor, an operator without a role; besides them operators of <paramref name="roles"/>.</summary>
    public static IEnumerable<Caller> NotAdmitted(Guid? customer, params Role[] roles) =>
    [
        new() { Channel = Channel.Customers },
        new() { Channel = Channel.Customers, UserId = customer, PartnerId = TestUsers.SandboxPartner },
        new() { Channel = Channel.Admin, UserId = customer },
        new() { Channel = Channel.Processor, Processor = "sandbox", UserId = customer },
        TestUsers.Operator(Role.Admin) with { UserId = customer, Role = null },
        .. roles.Select(role => TestUsers.Operator(role) with { UserId = customer }),
    ];

    /// <summary>Keeps the relay of a service from its outbox while the deed is done, and gives the audit entries that it owes.</summary>
    /// <param name="database">The service's, as its administrator sees it.</param>
    public static async Task<IReadOnlyList<JsonElement>> Audited(this NpgsqlDataSource database, Func<Task> deed)
    {
        await using var relayHeld = await Races.Hold(database, "select pg_advisory_xact_lock(x'00004F7574626F78'::bigint)");
        await using (var before = database.CreateCommand("delete from outbox where type = 'Audited'"))
        {
            await before.ExecuteNonQueryAsync();
        }
        await deed();
        var entries = new List<JsonElement>();
        await using var command = database.CreateCommand("select body::text from outbox where type = 'Audited' order by position");
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            entries.Add(JsonSerializer.Deserialize<JsonElement>(rows.GetString(0)));
        }
        return entries;
    }

    /// <summary>An entry in one line: channel, actor, action, subject, user, partner.</summary>
    public static string Line(this JsonElement entry) =>
        string.Join(' ', new[] { "channel", "actor", "action", "subject", "userId", "partnerId" }.Select(field => entry.GetProperty(field).GetString()));
}
