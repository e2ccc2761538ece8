using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;

namespace Antaca.DataCore.Tests.Vault;

/// <summary>A suite whose vault is re-encrypted in small batches, so that there are many to interrupt.</summary>
public sealed class RotationSuite : Suite
{
    public const int BatchRows = 20;

    public RotationSuite() => Settings["datacore"] = [$"--Rotation:BatchRows={BatchRows}", "--Rotation:PollSeconds=1"];

    public NpgsqlDataSource Rows { get; private set; } = null!;

    public Api OfAdmin { get; private set; } = null!;

    protected override async Task Given()
    {
        Rows = Database("datacore");
        OfAdmin = As(TestUsers.Operator(Role.Admin), "datacore");

        // Whoever counts progress waits at the stages that a test puts down.
        await Rows.Run(
            """
            create table stages (at bigint not null, lock bigint not null);
            grant select on stages to datacore_requests;
            create table workers (name text primary key);
            grant select, insert on workers to datacore_requests;
            create function wait_at_stages() returns trigger language plpgsql as $$
            begin
                perform pg_advisory_xact_lock_shared(lock) from stages where new.done >= at;
                insert into workers values (current_setting('application_name')) on conflict do nothing;
                return new;
            end
            $$;
            create trigger wait_at_stages before update of done on vault_rotations for each row execute function wait_at_stages();
            """);
    }

    /// <summary>What <c>GET /admin/vault/rotation</c> says.</summary>
    public async Task<JsonElement> Status() => (await OfAdmin.Get("/vault/rotation")).Must(200).Json;

    /// <summary>Waits for the end of the rotation to this version.</summary>
    public async Task<JsonElement> Ended(int toVersion)
    {
        await Eventually.Holds(
            async () => await Rows.Scalar<bool>("select exists (select 1 from vault_rotations where to_version = $1 and finished_at is not null)", toVersion),
            "the rotation to end");
        return await Status();
    }

    /// <summary>Starts a rotation.</summary>
    /// <returns>The version that it leads to.</returns>
    public async Task<int> Rotate() => (await OfAdmin.Post("/vault/rotation")).Must(202)["toVersion"].GetInt32();

    /// <summary>Another data key is in use and every record is under it: what a test begins with.</summary>
    public async Task<int> RotateToTheEnd()
    {
        var version = await Rotate();
        await Ended(version);
        return version;
    }

    public Task<VaultRecords> OpenRecords() => VaultRecords.Open(Rows, Certificates.MasterKey);

    public static Dictionary<string, object> Allocation(Guid partnerId, Guid programId) => new()
    {
        ["cardId"] = Guid.CreateVersion7(),
        ["partnerId"] = partnerId,
        ["programId"] = programId,
        ["expiry"] = "2029-11-30",
        ["binding"] = "test",
    };
}

internal static class Statements
{
    /// <summary>The number behind a card's references, as the gateway gets it.</summary>
    public static async Task<string> Resolve(this Api gateway, Answer references, Guid cardId)
    {
        var resolved = await gateway.Post(
            "/internal/vault/resolve", new { binding = "test", cardId, references = new[] { new { vault = references["cardNo"].GetProperty("vault").GetString() } } });
        return resolved.Must(200)["secrets"][0].GetProperty("value").GetString()!;
    }

    /// <param name="values">For <c>$1</c>, <c>$2</c> and so on.</param>
    public static async Task<int> Run(this NpgsqlDataSource database, string sql, params object[] values)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        return await command.ExecuteNonQueryAsync();
    }
}
