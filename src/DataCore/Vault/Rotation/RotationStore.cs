using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Vault.Rotation;

/// <summary>A number as it is stored, held by whoever re-encrypts it.</summary>
internal sealed record StoredPan
{
    public required Guid CardId { get; init; }
    public required int KeyVersion { get; init; }
    public required byte[] Pan { get; init; }
    public required byte[] PanHmac { get; init; }
}

internal static class RotationStore
{
    public const int MostFailuresShown = 100;

    /// <summary>The newest rotation, counted on one snapshot; null before the first.</summary>
    public static Task<VaultRotation?> FindLastRotation(this Work work) =>
        work.One<VaultRotation>(
            """
            select r.id, r.from_version, r.to_version, r.done, r.started_at, r.finished_at,
                (select count(*) from vault_cards c where c.pan is not null and c.key_version < r.to_version) as remaining,
                (select count(*) from vault_rotation_failures f where f.rotation_id = r.id) as failed,
                exists (select 1 from vault_keys k where k.purpose = 'PanEncryption' and k.version = r.to_version and not k.ahead) as key_in_use
            from vault_rotations r
            order by r.to_version desc
            limit 1
            """);

    public static Task<IReadOnlyList<DataKey>> ListDataKeys(this Work work) =>
        work.Many<DataKey>(
            """
            with records as (
                select key_version as version, count(*) as records from vault_cards where pan is not null group by key_version
            ), keys as (
                select version, created_at, retired_at from vault_keys where purpose = 'PanEncryption'
            )
            select version, coalesce(records, 0) as records, created_at, retired_at
            from keys full join records using (version)
            order by version desc
            """);

    public static Task<IReadOnlyList<RotationFailure>> ListFailures(this Work work, Guid rotationId) =>
        work.Many<RotationFailure>(
            """
            select card_id, reason, found_at
            from vault_rotation_failures
            where rotation_id = @rotationId
            order by card_id
            limit @MostFailuresShown
            """,
            new { rotationId, MostFailuresShown });

    /// <returns>Null while another rotation runs.</returns>
    public static Task<int?> AddRotation(this Work work, Guid id, DateTimeOffset now) =>
        work.One<int?>(
            """
            insert into vault_rotations (id, from_version, to_version, started_at)
            select @id, max(version), max(version) + 1, @now
            from vault_keys
            where purpose = 'PanEncryption'
            on conflict do nothing
            returning to_version
            """,
            new { id, now });

    /// <summary>Wakes every replica when this work commits.</summary>
    public static Task TellReplicas(this Work work) => work.Change("select pg_notify(@Channel, '')", new { FollowVaultKeys.Channel });

    /// <summary>The rotation that is not finished; null when there is none.</summary>
    public static Task<RunningRotation?> FindRunningRotation(this NpgsqlDataSource database, CancellationToken cancel) =>
        database.One<RunningRotation>(
            """
            select r.id, r.to_version, k.id is not null as key_made, k.ahead is false as key_in_use
            from vault_rotations r
            left join vault_keys k on k.purpose = 'PanEncryption' and k.version = r.to_version
            where r.finished_at is null
            """,
            null,
            cancel);

    /// <summary>Whether no replica is left that knows only of versions before this one (<see cref="FollowVaultKeys"/>).</summary>
    public static Task<bool> IsKnownEverywhere(this Work work, int version) =>
        work.One<bool>(
            "select coalesce(bool_and(pg_try_advisory_xact_lock(@ReplicaLock, former)), true) from generate_series(1, @version - 1) as former",
            new { FollowVaultKeys.ReplicaLock, version });

    public static Task<int> TakeIntoUse(this Work work, int version) =>
        work.Change("update vault_keys set ahead = false where purpose = 'PanEncryption' and version = @version and ahead", new { version });

    /// <summary>The next numbers under former keys, in their order, held until the work ends; those that somebody else holds are left to him.</summary>
    public static Task<IReadOnlyList<StoredPan>> TakeNumbers(this Work work, RunningRotation rotation, int afterVersion, Guid afterCard, int limit) =>
        work.Many<StoredPan>(
            """
            select c.card_id, c.key_version, c.pan, c.pan_hmac
            from vault_cards c
            where c.pan is not null and c.key_version < @ToVersion and (c.key_version, c.card_id) > (@afterVersion, @afterCard)
                and not exists (select 1 from vault_rotation_failures f where f.rotation_id = @Id and f.card_id = c.card_id)
            order by c.key_version, c.card_id
            limit @limit
            for no key update of c skip locked
            """,
            new { rotation.Id, rotation.ToVersion, afterVersion, afterCard, limit });

    /// <returns>The number of records that were still under the key they are said to leave.</returns>
    public static Task<int> SaveNumbers(this Work work, int toVersion, Guid[] cardIds, int[] fromVersions, byte[][] numbers) =>
        work.Change(
            """
            update vault_cards c
            set key_version = @toVersion, pan = n.pan
            from unnest(@cardIds, @fromVersions, @numbers) as n (card_id, from_version, pan)
            where c.card_id = n.card_id and c.key_version = n.from_version and c.pan is not null
            """,
            new { toVersion, cardIds, fromVersions, numbers });

    public static Task<int> SaveFailures(this Work work, Guid rotationId, Guid[] cardIds, string[] reasons, DateTimeOffset now) =>
        work.Change(
            """
            insert into vault_rotation_failures (rotation_id, card_id, reason, found_at)
            select @rotationId, card_id, reason, @now
            from unnest(@cardIds, @reasons) as f (card_id, reason)
            """,
            new { rotationId, cardIds, reasons, now });

    public static Task<int> CountDone(this Work work, Guid rotationId, int done) =>
        work.Change("update vault_rotations set done = done + @done where id = @rotationId and finished_at is null", new { rotationId, done });

    /// <summary>Waits for whoever is writing under a former key, and keeps others from beginning to.</summary>
    public static Task<IReadOnlyList<int>> HoldFormerKeys(this Work work, int toVersion) =>
        work.Many<int>(
            """
            select version
            from vault_keys
            where purpose = 'PanEncryption' and version < @toVersion and retired_at is null
            order by version
            for no key update
            """,
            new { toVersion });

    /// <summary>Whether a number is left to re-encrypt: one that did not fail.</summary>
    public static Task<bool> AnyLeft(this Work work, RunningRotation rotation) =>
        work.One<bool>(
            """
            select exists (
                select 1 from vault_cards c
                where c.pan is not null and c.key_version < @ToVersion
                    and not exists (select 1 from vault_rotation_failures f where f.rotation_id = @Id and f.card_id = c.card_id))
            """,
            rotation);

    /// <returns>The versions that no record is left under: now retired.</returns>
    public static Task<IReadOnlyList<int>> RetireFormerKeys(this Work work, int toVersion, DateTimeOffset now) =>
        work.Many<int>(
            """
            update vault_keys k
            set retired_at = @now
            where k.purpose = 'PanEncryption' and k.version < @toVersion and k.retired_at is null
                and not exists (select 1 from vault_cards c where c.key_version = k.version and c.pan is not null)
            returning k.version
            """,
            new { toVersion, now });

    public static Task<int> FinishRotation(this Work work, Guid rotationId, DateTimeOffset now) =>
        work.Change("update vault_rotations set finished_at = @now where id = @rotationId and finished_at is null", new { rotationId, now });

    public static Task<bool> AnyFailed(this Work work, Guid rotationId) =>
        work.One<bool>("select exists (select 1 from vault_rotation_failures where rotation_id = @rotationId)", new { rotationId });

    internal sealed record RunningRotation
    {
        public required Guid Id { get; init; }
        public required int ToVersion { get; init; }
        public required bool KeyMade { get; init; }
        public required bool KeyInUse { get; init; }
    }
}
