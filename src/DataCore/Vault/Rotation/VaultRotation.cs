using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Vault.Rotation;

/// <summary>Where the re-encryption of the vault is.</summary>
internal enum RotationState
{
    /// <summary>There was none yet.</summary>
    None,

    /// <summary>The new key is being made known; no record is written under it before every replica has it.</summary>
    Waiting,

    Running,

    /// <summary>Every record is under the new key; the former ones are retired.</summary>
    Done,

    /// <summary>Ended, but for records that do not open: their key is not retired. Once they are mended, the next rotation takes them along.</summary>
    Incomplete,
}

/// <summary>A re-encryption of the vault under its next data key, as the database has it.</summary>
internal sealed record VaultRotation
{
    public required Guid Id { get; init; }
    public required int FromVersion { get; init; }
    public required int ToVersion { get; init; }
    public required long Done { get; init; }

    /// <summary>Numbers that are under a former key now.</summary>
    public required long Remaining { get; init; }

    public required long Failed { get; init; }
    public required bool KeyInUse { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    public RotationState State =>
        FinishedAt is null ? (KeyInUse ? RotationState.Running : RotationState.Waiting)
        : Failed == 0 ? RotationState.Done
        : RotationState.Incomplete;

    public string AuditName => $"rotation:{Id}";
}

/// <summary>A data key and how many numbers are under it.</summary>
internal sealed record DataKey
{
    public required int Version { get; init; }
    public required long Records { get; init; }
    public DateTimeOffset? CreatedAt { get; init; }
    public DateTimeOffset? RetiredAt { get; init; }
}

/// <summary>A record that could not be re-encrypted.</summary>
internal sealed record RotationFailure
{
    public required Guid CardId { get; init; }
    public required string Reason { get; init; }
    public required DateTimeOffset FoundAt { get; init; }
}

/// <summary>How far the last rotation of the vault's data key is.</summary>
/// <param name="Total">Numbers re-encrypted and still to be re-encrypted: new cards add to it until every replica writes under the new key.</param>
/// <param name="PerSecond">Numbers re-encrypted a second since the start.</param>
/// <param name="Keys">Every data key, the newest first, with the numbers that the database has under it now.</param>
/// <param name="Failures">The first <see cref="RotationStore.MostFailuresShown"/> records that could not be re-encrypted.</param>
internal sealed record RotationView(
    RotationState State,
    int? FromVersion,
    int? ToVersion,
    long Total,
    long Done,
    long Failed,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    double? PerSecond,
    IReadOnlyList<DataKey> Keys,
    IReadOnlyList<RotationFailure> Failures)
{
    public static RotationView Of(VaultRotation? rotation, IReadOnlyList<DataKey> keys, IReadOnlyList<RotationFailure> failures, DateTimeOffset now)
    {
        if (rotation is null)
        {
            return new RotationView(RotationState.None, null, null, 0, 0, 0, null, null, null, keys, failures);
        }
        var seconds = ((rotation.FinishedAt ?? now) - rotation.StartedAt).TotalSeconds;
        return new RotationView(
            rotation.State,
            rotation.FromVersion,
            rotation.ToVersion,
            rotation.Done + rotation.Remaining,
            rotation.Done,
            rotation.Failed,
            rotation.StartedAt,
            rotation.FinishedAt,
            rotation.Done > 0 && seconds > 0 ? Math.Round(rotation.Done / seconds, 1) : null,
            keys,
            failures);
    }
}

internal static class RotationProblems
{
    public static ProblemHttpResult Running() =>
        Problems.Refuse(409, "ROTATION_RUNNING", "The vault is being re-encrypted already. GET /admin/vault/rotation says how far it is.");
}
