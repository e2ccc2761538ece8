using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

public sealed class RotationTests(RotationSuite suite) : IClassFixture<RotationSuite>
{
    private const int Thousands = 3_000;
    private const int FirstStage = 4711;
    private const int SecondStage = 4712;

    /// <summary>See FollowVaultKeys: what a replica holds of the highest version that it knows.</summary>
    private const int ReplicaLock = 0x5661756C;

    [Fact]
    public async Task Thousands_are_re_encrypted_while_cards_are_issued_and_revealed_and_the_job_dies_twice()
    {
        var (partner, program) = await suite.NewPartner();
        using var records = await suite.OpenRecords();
        var cards = await records.Fill(program, Thousands);
        var before = Version(await suite.Status());
        await using var other = await suite.StartReplica("datacore");
        await suite.Rows.Run("insert into stages values (800, 4711), (1600, 4712)");
        await using var first = await Races.Hold(suite.Rows, $"select pg_advisory_xact_lock({FirstStage})");
        await using var second = await Races.Hold(suite.Rows, $"select pg_advisory_xact_lock({SecondStage})");
        using var stop = new CancellationTokenSource();
        Task<int>[] serving = [Issue(other, partner, program, stop.Token), Reveal(other, partner, cards, records, stop.Token), Reveal(other, partner, cards, records, stop.Token)];

        var version = await suite.Rotate();
        await first.Waiters(2);
        await suite.Stop("datacore");
        var interrupted = await Count("select done from vault_rotations where to_version = $1 and finished_at is null", version);
        await suite.Start("datacore");
        await first.Release();
        await second.Waiters(2);
        await suite.Stop("datacore");
        await second.Release();
        await suite.Start("datacore");
        var ended = await suite.Ended(version);
        await stop.CancelAsync();
        var answered = await Task.WhenAll(serving);
        await suite.Rows.Run("delete from stages");

        Assert.All(answered, count => Assert.True(count > 0));
        Assert.InRange(interrupted, 800 - RotationSuite.BatchRows, 799);
        Assert.Equal("Done", ended.GetProperty("state").GetString());
        Assert.Equal(before, ended.GetProperty("fromVersion").GetInt32());
        // Cards issued before the new key was in use are re-encrypted as well: none of the thousands more than once.
        Assert.InRange(ended.GetProperty("done").GetInt64(), Thousands, Thousands + answered[0] + await Count("select count(*) from vault_cards where partner_id <> $1", partner));
        Assert.Equal(ended.GetProperty("total").GetInt64(), ended.GetProperty("done").GetInt64());
        await AssertRetired(ended, before);
        await records.LoadKeys();
        Assert.Equal(Thousands, await records.CountRight(version));
    }

    [Fact]
    public async Task Two_replicas_share_the_work_and_do_each_record_once()
    {
        var (_, program) = await suite.NewPartner();
        await suite.RotateToTheEnd();
        using var records = await suite.OpenRecords();
        await records.Fill(program, 200);
        var all = await Count("select count(*) from vault_cards where pan is not null");
        await suite.Rows.Run("truncate workers");
        await suite.Rows.Run("insert into stages values (0, 4711)");
        await using var other = await suite.StartReplica("datacore", $"--ConnectionStrings:database={suite.ConnectionString("datacore")};Application Name=the other");
        int version;
        await using (var held = await Races.Hold(suite.Rows, $"select pg_advisory_xact_lock({FirstStage})"))
        {
            version = await suite.Rotate();
            await held.Waiters(2);
            await held.Release();
        }
        var ended = await suite.Ended(version);
        await suite.Rows.Run("delete from stages");

        Assert.Equal(all, ended.GetProperty("done").GetInt64());
        Assert.Equal(2L, await Count("select count(*) from workers"));
        await records.LoadKeys();
        Assert.Equal(200, await records.CountRight(version));
    }

    [Fact]
    public async Task Nothing_is_written_under_a_key_that_a_replica_does_not_know()
    {
        var (partner, program) = await suite.NewPartner();
        var former = await suite.RotateToTheEnd();
        int version;
        await using (var behind = await Races.Hold(suite.Rows, $"select pg_advisory_xact_lock_shared({ReplicaLock}, {former})"))
        {
            version = await suite.Rotate();
            await Eventually.Holds(async () => await Count("select count(*) from vault_keys where purpose = 'PanEncryption' and version = $1 and ahead", version) == 1, "the key to be announced");
            // Whoever looks has had several chances to go on without the one that is behind.
            await Eventually.Holds(
                async () => await Count("select count(*) from pg_locks where locktype = 'advisory' and classid = $1::oid and objid = $2::oid and granted", (long)ReplicaLock, (long)version) == 1,
                "this replica to show that it knows the key");
            Assert.Equal(former, await VersionOfNewCard(partner, program));
            Assert.Equal("Waiting", (await suite.Status()).GetProperty("state").GetString());
            var early = await Assert.ThrowsAsync<PostgresException>(() => suite.Rows.Run("update vault_cards set key_version = $1", version));
            Assert.Equal("written_under_a_key_in_use", early.ConstraintName);
            await behind.Release();
        }

        Assert.Equal("Done", (await suite.Ended(version)).GetProperty("state").GetString());
        Assert.Equal(version, await VersionOfNewCard(partner, program));
    }

    [Fact]
    public async Task A_damaged_record_stops_no_other_and_is_named_by_its_card()
    {
        var (_, program) = await suite.NewPartner();
        var former = await suite.RotateToTheEnd();
        using var records = await suite.OpenRecords();
        var cards = await records.Fill(program, 100);
        var (changed, swapped) = (cards[3], cards[50]);
        await suite.Rows.Run("update vault_cards set pan = set_byte(pan, 20, get_byte(pan, 20) # 1) where card_id = $1", changed);
        var lookup = (byte[])(await suite.Rows.Scalar<object>("select pan_hmac from vault_cards where card_id = $1", swapped))!;
        await suite.Rows.Run("update vault_cards set pan_hmac = sha256(pan_hmac) where card_id = $1", swapped);

        var version = await suite.Rotate();
        var ended = await suite.Ended(version);

        Assert.Equal("Incomplete", ended.GetProperty("state").GetString());
        Assert.Equal(2, ended.GetProperty("failed").GetInt32());
        Assert.Equal(2, ended.GetProperty("total").GetInt64() - ended.GetProperty("done").GetInt64());
        Assert.Equal(
            [(changed, "DOES_NOT_OPEN"), (swapped, "NUMBER_DIFFERS")],
            ended.GetProperty("failures").EnumerateArray().Select(failure => (failure.GetProperty("cardId").GetGuid(), failure.GetProperty("reason").GetString()!)).OrderBy(failure => failure.Item2));
        var key = Key(ended, former);
        Assert.Equal(2, key.GetProperty("records").GetInt64());
        Assert.Equal(JsonValueKind.Null, key.GetProperty("retiredAt").ValueKind);
        await records.LoadKeys();
        Assert.Equal(98, await records.CountRight(version));

        await suite.Rows.Run("update vault_cards set pan = set_byte(pan, 20, get_byte(pan, 20) # 1) where card_id = $1", changed);
        await suite.Rows.Run("update vault_cards set pan_hmac = $2 where card_id = $1", swapped, lookup);
        var next = await suite.Rotate();
        var mended = await suite.Ended(next);

        Assert.Equal("Done", mended.GetProperty("state").GetString());
        await AssertRetired(mended, former, version);
        await records.LoadKeys();
        Assert.Equal(100, await records.CountRight(next));
    }

    [Fact]
    public async Task A_removed_card_has_no_number_to_re_encrypt()
    {
        var (_, program) = await suite.NewPartner();
        var former = await suite.RotateToTheEnd();
        using var records = await suite.OpenRecords();
        var cards = await records.Fill(program, 10);
        await suite.Rows.Run("update vault_cards set pan = null, pan_hmac = null, destroyed_at = now() where card_id = $1", cards[0]);

        var ended = await suite.Ended(await suite.Rotate());

        Assert.Equal("Done", ended.GetProperty("state").GetString());
        await AssertRetired(ended, former);
        Assert.Equal(former, await suite.Rows.Scalar<int>("select key_version from vault_cards where card_id = $1", cards[0]));
    }

    [Fact]
    public async Task Nothing_is_written_under_a_retired_key_and_none_with_a_record_is_retired()
    {
        var (_, program) = await suite.NewPartner();
        using var records = await suite.OpenRecords();
        var card = (await records.Fill(program, 1))[0];
        var former = Version(await suite.Status());
        var version = await suite.RotateToTheEnd();
        var requests = suite.DatabaseOfRequests("datacore");

        await AssertRefused("written_under_a_key_in_use", () => requests.Run("update vault_cards set key_version = $1 where card_id = $2", former, card));
        await AssertRefused("written_under_a_key_in_use", () => requests.Run("update vault_cards set key_version = $1 where card_id = $2", version + 1, card));
        await AssertRefused("written_under_a_key_in_use", () => requests.Run(
            """
            insert into vault_cards (card_id, partner_id, programme_id, key_version, pan, pan_hmac, masked_pan, expiry, created_at)
            select gen_random_uuid(), partner_id, programme_id, $1, pan, sha256(pan), masked_pan, expiry, created_at
            from vault_cards
            where card_id = $2
            """,
            former,
            card));
        await AssertRefused("retired_without_records", () => requests.Run("update vault_keys set retired_at = now() where purpose = 'PanEncryption' and version = $1", version));
        await AssertRefused("retired_without_records", () => requests.Run("update vault_keys set retired_at = null where purpose = 'PanEncryption' and version = $1", former));
        await AssertRefused("data_keys_alone", () => requests.Run("update vault_keys set retired_at = now() where purpose = 'PanLookup'"));
    }

    [Fact]
    public async Task Whoever_writes_under_a_former_key_is_waited_for_before_it_is_retired()
    {
        var (_, program) = await suite.NewPartner();
        using var records = await suite.OpenRecords();
        var card = (await records.Fill(program, 1))[0];
        var former = Version(await suite.Status());
        int version;
        // A record under the key of now, written and not yet committed: nobody else sees it, and the key is not retired without it.
        var late = Guid.CreateVersion7();
        await using (var connection = await suite.Rows.OpenConnectionAsync())
        await using (var writing = await connection.BeginTransactionAsync())
        {
            await using (var write = new NpgsqlCommand(
                """
                insert into vault_cards (card_id, partner_id, programme_id, key_version, pan, pan_hmac, masked_pan, expiry, created_at)
                select $2, partner_id, programme_id, key_version, pan, sha256(pan), masked_pan, expiry, created_at
                from vault_cards
                where card_id = $1
                """,
                connection,
                writing))
            {
                write.Parameters.Add(new() { Value = card });
                write.Parameters.Add(new() { Value = late });
                await write.ExecuteNonQueryAsync();
            }
            version = await suite.Rotate();
            await Eventually.Holds(
                async () => await Count("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%retired_at is null%for no key update%'") > 0,
                "the rotation to wait for the writer");
            Assert.Equal(JsonValueKind.Null, Key(await suite.Status(), former).GetProperty("retiredAt").ValueKind);
            await writing.CommitAsync();
        }

        var ended = await suite.Ended(version);

        // It belongs to another card's number, so it fails: what matters is that it was seen.
        Assert.Equal("Incomplete", ended.GetProperty("state").GetString());
        Assert.Equal(late, ended.GetProperty("failures")[0].GetProperty("cardId").GetGuid());
        Assert.Equal(JsonValueKind.Null, Key(ended, former).GetProperty("retiredAt").ValueKind);
        await suite.Rows.Run("delete from vault_cards where card_id = $1", late);
        await suite.RotateToTheEnd();
    }

    [Fact]
    public async Task One_rotation_runs_at_a_time_and_a_repeated_request_is_the_same_one()
    {
        var former = await suite.RotateToTheEnd();
        await using var behind = await Races.Hold(suite.Rows, $"select pg_advisory_xact_lock_shared({ReplicaLock}, {former})");
        var key = Guid.CreateVersion7().ToString();

        var answers = await Races.AtOnce(
            suite.Rows,
            "lock table vault_rotations in exclusive mode",
            waiters: 2,
            () => suite.OfAdmin.Post("/vault/rotation", key: key),
            () => suite.OfAdmin.Post("/vault/rotation"));
        var started = answers.Single(answer => answer.Status == 202);
        answers.Single(answer => answer.Status == 409).MustRefuse(409, "ROTATION_RUNNING");
        (await suite.OfAdmin.Post("/vault/rotation")).MustRefuse(409, "ROTATION_RUNNING");
        await behind.Release();
        await suite.Ended(former + 1);

        var once = (await suite.OfAdmin.Post("/vault/rotation", key: "rotation-" + key)).Must(202);
        await suite.Ended(former + 2);
        var again = (await suite.OfAdmin.Post("/vault/rotation", key: "rotation-" + key)).Must(202);

        Assert.Equal(former + 1, started["toVersion"].GetInt32());
        Assert.Equal(once.Text, again.Text);
        Assert.Equal(former + 2, Version(await suite.Status()));
    }

    [Fact]
    public async Task Who_rotated_and_which_key_was_retired_is_on_record()
    {
        var former = Version(await suite.Status());
        var entries = new List<string>();

        var owed = await suite.Rows.Audited(async () => await suite.Ended(await suite.Rotate()));

        var rotation = await suite.Rows.Scalar<Guid>("select id from vault_rotations order by to_version desc limit 1");
        Assert.Equal(
            ["RotateVault rotation:" + rotation, "RetireDataKey dataKey:" + former, "FinishRotation rotation:" + rotation],
            owed.Select(entry => $"{entry.GetProperty("action").GetString()} {entry.GetProperty("subject").GetString()}"));
        Assert.StartsWith("operator:", owed[0].GetProperty("actor").GetString(), StringComparison.Ordinal);
        Assert.Equal("datacore", owed[1].GetProperty("actor").GetString());
    }

    [Fact]
    public async Task The_commands_start_a_rotation_and_say_how_far_it_is()
    {
        var former = await suite.RotateToTheEnd();
        string[] settings = [$"--ConnectionStrings:database={suite.ConnectionString("datacore")}"];
        await using var behind = await Races.Hold(suite.Rows, $"select pg_advisory_xact_lock_shared({ReplicaLock}, {former})");

        var (started, _, _) = await Run("rotate", settings);
        var (refused, _, why) = await Run("rotate", settings);
        await behind.Release();
        await suite.Ended(former + 1);
        var (_, status, _) = await Run("status", settings);

        Assert.Equal(0, started);
        Assert.Equal(1, refused);
        Assert.Contains("already", why, StringComparison.Ordinal);
        Assert.Contains("rotation: Done", status, StringComparison.Ordinal);
        Assert.Contains($"key version {former}: 0 numbers, retired", status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_an_admin_sees_or_starts_a_rotation()
    {
        foreach (var role in new[] { Role.Manager, Role.Employee })
        {
            var other = suite.As(TestUsers.Operator(role), "datacore");
            (await other.Get("/vault/rotation")).Must(403);
            (await other.Post("/vault/rotation")).Must(403);
        }
    }

    private static int Version(JsonElement status) => status.GetProperty("keys")[0].GetProperty("version").GetInt32();

    private static JsonElement Key(JsonElement status, int version) =>
        status.GetProperty("keys").EnumerateArray().Single(key => key.GetProperty("version").GetInt32() == version);

    private static async Task<(int Code, string Output, string Errors)> Run(string command, string[] settings)
    {
        await using var output = new StringWriter();
        await using var errors = new StringWriter();
        var code = command == "rotate"
            ? await DataCore.Vault.Rotation.RotateVault.Run(settings, new Clock(), output, errors)
            : await DataCore.Vault.Rotation.GetRotation.Run(settings, new Clock(), output, errors);
        return (code, output.ToString(), errors.ToString());
    }

    private static async Task AssertRefused(string constraint, Func<Task> write) =>
        Assert.Equal(constraint, (await Assert.ThrowsAsync<PostgresException>(write)).ConstraintName);

    /// <summary>By the status, and by the tables themselves.</summary>
    private async Task AssertRetired(JsonElement status, params int[] versions)
    {
        foreach (var version in versions)
        {
            Assert.Equal(0, Key(status, version).GetProperty("records").GetInt64());
            Assert.Equal(JsonValueKind.String, Key(status, version).GetProperty("retiredAt").ValueKind);
            Assert.Equal(0L, await Count("select count(*) from vault_cards where key_version = $1 and pan is not null", version));
        }
    }

    private async Task<int> VersionOfNewCard(Guid partner, Guid program)
    {
        var card = RotationSuite.Allocation(partner, program);
        (await suite.Neighbour("cardservice", "datacore").Post("/internal/vault/cards", card)).Must(200);
        return await suite.Rows.Scalar<int>("select key_version from vault_cards where card_id = $1", card["cardId"]);
    }

    private Task<long> Count(string sql, params object[] values) => suite.Rows.Scalar<long>(sql, values);

    /// <returns>How many cards were issued: every one was.</returns>
    private static async Task<int> Issue(Replica replica, Guid partner, Guid program, CancellationToken stop)
    {
        var cardService = replica.Neighbour("cardservice");
        var issued = 0;
        while (!stop.IsCancellationRequested)
        {
            (await cardService.Post("/internal/vault/cards", RotationSuite.Allocation(partner, program))).Must(200);
            issued++;
        }
        return issued;
    }

    /// <returns>How many cards were revealed: every one was, with its own number.</returns>
    private static async Task<int> Reveal(Replica replica, Guid partner, Guid[] cards, VaultRecords records, CancellationToken stop)
    {
        var (cardService, gateway) = (replica.Neighbour("cardservice"), replica.Neighbour("gateway"));
        var revealed = 0;
        while (!stop.IsCancellationRequested)
        {
            var cardId = cards[revealed * 7 % cards.Length];
            var references = (await cardService.Post("/internal/vault/cards/reveal", new { cardId, partnerId = partner, binding = "test" })).Must(200);
            Assert.True(records.IsNumberOf(cardId, await gateway.Resolve(references, cardId)));
            revealed++;
        }
        return revealed;
    }
}
