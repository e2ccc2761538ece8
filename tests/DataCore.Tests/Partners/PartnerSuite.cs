using System.Globalization;
using System.Net.Http.Json;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Partners;

/// <summary>DataCore alone, for all the verbs on partners and programmes.</summary>
public sealed class PartnerSuite : Suite
{
    /// <summary>Keeps the outbox's relay from carrying anything away: what is owed can be seen. See OutboxRelay.</summary>
    private const string RelayLock = "select pg_advisory_xact_lock(x'4F7574626F78'::bigint)";

    private static int _partners;
    private static int _bins = 610_000;

    public PartnerSuite() => Without.UnionWith(["kycservice", "balanceservice", "cardservice", "notifications", "gateway"]);

    public NpgsqlDataSource Rows { get; private set; } = null!;

    public Caller Admin { get; } = TestUsers.Operator(Role.Admin);

    public Api OfAdmin { get; private set; } = null!;

    protected override Task Given()
    {
        Rows = Database("datacore");
        OfAdmin = As(Admin, "datacore");
        return Task.CompletedTask;
    }

    public static string NewName() => $"Bank {Interlocked.Increment(ref _partners)}";

    /// <summary>Six digits of which no range is taken.</summary>
    public static string NewBin() => Interlocked.Increment(ref _bins).ToString(CultureInfo.InvariantCulture);

    public async Task<Guid> NewPartner() => (await OfAdmin.Post("/partners", new { name = NewName() })).Must(201).Id;

    public Task<Answer> Patch(string path, object body, Api? by = null) =>
        (by ?? OfAdmin).Send(HttpMethod.Patch, path, JsonContent.Create(body));

    /// <summary>What the deed owes, in order: the type of an event, or the line of an audit entry (see <see cref="TestCallers.Line"/>).</summary>
    public async Task<string[]> Owed(Func<Task> deed)
    {
        await using var relay = await Races.Hold(Rows, RelayLock);
        await Rows.Scalar<object>("delete from outbox");
        await deed();
        return (await Rows.Scalar<string[]>(
            """
            select coalesce(array_agg(case when type = 'Audited'
                then concat_ws(' ', body->>'channel', body->>'actor', body->>'action', body->>'subject', body->>'partnerId')
                else type || ' ' || (body->>'partnerId') end order by position), '{}')
            from outbox
            """))!;
    }

    /// <summary>The entry that an Admin's write leaves.</summary>
    public string Entry(string action, string subject, Guid partnerId) => $"Admin operator:{Admin.OperatorId} {action} {subject} {partnerId}";

    /// <summary>Sends the requests so that each has found the name free when the first takes it: until then somebody else had it nearly.</summary>
    /// <param name="table">Whose row <paramref name="nearly"/> is.</param>
    public Task<Answer[]> ForTheName(string table, Guid nearly, string name, params Func<Task<Answer>>[] requests) =>
        Races.AtOnce(Rows, $"update {table} set name = '{name}' where id = '{nearly}'", requests.Length, requests);
}

[CollectionDefinition("partners")]
public sealed class SharesPartnerSuite : ICollectionFixture<PartnerSuite>;
