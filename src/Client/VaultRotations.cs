using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>How far the last re-encryption of the vault under a new data key is.</summary>
/// <param name="FromVersion">Of the data key; null where there was no rotation yet, like all that can be.</param>
/// <param name="ToVersion">Of the data key.</param>
/// <param name="Total">Numbers re-encrypted and still to be re-encrypted: new cards add to it for a while.</param>
/// <param name="Done">Numbers re-encrypted.</param>
/// <param name="Failed">Numbers that do not open.</param>
/// <param name="StartedAt">UTC.</param>
/// <param name="FinishedAt">UTC; null while it runs.</param>
/// <param name="PerSecond">Numbers re-encrypted a second since the start.</param>
/// <param name="Keys">Every data key, the newest first.</param>
/// <param name="Failures">The first of what could not be re-encrypted.</param>
public sealed record VaultRotation(
    RotationState State,
    long Total,
    long Done,
    long Failed,
    IReadOnlyList<DataKey> Keys,
    IReadOnlyList<RotationFailure> Failures,
    int? FromVersion = null,
    int? ToVersion = null,
    DateTimeOffset? StartedAt = null,
    DateTimeOffset? FinishedAt = null,
    double? PerSecond = null);

[JsonConverter(typeof(ByName<RotationState>))]
public enum RotationState
{
    /// <summary>A state of a later version of the suite.</summary>
    Unknown,

    /// <summary>There was none yet.</summary>
    None,

    /// <summary>The new key is being made known; nothing is written under it yet.</summary>
    Waiting,
    Running,

    /// <summary>Every number is under the new key; the former ones are retired.</summary>
    Done,

    /// <summary>Ended, but for numbers that do not open: their key is not retired.</summary>
    Incomplete,
}

/// <summary>A data key of the vault.</summary>
/// <param name="Records">Numbers that are under it now.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="RetiredAt">UTC; null while it is in use.</param>
public sealed record DataKey(int Version, long Records, DateTimeOffset? CreatedAt = null, DateTimeOffset? RetiredAt = null);

/// <summary>A number that could not be re-encrypted.</summary>
/// <param name="Reason">For people.</param>
/// <param name="FoundAt">UTC.</param>
public sealed record RotationFailure(Guid CardId, string Reason, DateTimeOffset FoundAt);
