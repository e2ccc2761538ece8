using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Antaca.Contracts.Events;

namespace Antaca.DataCore.Audit;

/// <summary>One entry of the audit trail.</summary>
internal sealed record AuditEntry
{
    public required long Position { get; init; }
    public required Guid Id { get; init; }
    public required string Channel { get; init; }
    public required string Actor { get; init; }
    public required string Action { get; init; }
    public required string Subject { get; init; }
    public Guid? UserId { get; init; }
    public Guid? PartnerId { get; init; }
    public string? Outcome { get; init; }
    public string? TraceId { get; init; }
    public required DateTimeOffset OccurredAt { get; init; }
    public required DateTimeOffset RecordedAt { get; init; }
    public byte[] Hash { get; init; } = [];

    public static AuditEntry Of(Audited happened, Guid id, long position, DateTimeOffset now) => new()
    {
        Position = position,
        Id = id,
        Channel = happened.Channel,
        Actor = happened.Actor,
        Action = happened.Action,
        Subject = happened.Subject,
        UserId = happened.UserId,
        PartnerId = happened.PartnerId,
        Outcome = happened.Outcome,
        TraceId = happened.TraceId,
        OccurredAt = happened.OccurredAt,
        RecordedAt = now,
    };
}

/// <summary>
/// How the entries hang together, so that a stranger can recompute it:
/// <code>
/// hash(0) = 32 zero bytes
/// hash(n) = SHA-256( hash(n - 1) || bytes(n) )
/// bytes(n) = position, id, channel, actor, action, subject, userId, partnerId, outcome, traceId, occurredAt, recordedAt
/// </code>
/// Position and times are big-endian 64-bit integers, times in microseconds since 1970-01-01 UTC. Every other field is a
/// big-endian 32-bit length and so many bytes of UTF-8; ids are written in lower case with dashes; what is absent has
/// length -1. So no two entries have the same bytes.
/// </summary>
internal static class AuditChain
{
    public const int HashBytes = SHA256.HashSizeInBytes;

    public static byte[] Beginning => new byte[HashBytes];

    public static byte[] Next(ReadOnlySpan<byte> before, AuditEntry entry)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(before);
        Number(hash, entry.Position);
        Text(hash, entry.Id.ToString());
        Text(hash, entry.Channel);
        Text(hash, entry.Actor);
        Text(hash, entry.Action);
        Text(hash, entry.Subject);
        Text(hash, entry.UserId?.ToString());
        Text(hash, entry.PartnerId?.ToString());
        Text(hash, entry.Outcome);
        Text(hash, entry.TraceId);
        Number(hash, Microseconds(entry.OccurredAt));
        Number(hash, Microseconds(entry.RecordedAt));
        return hash.GetHashAndReset();
    }

    private static long Microseconds(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private static void Number(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        hash.AppendData(bytes);
    }

    private static void Text(IncrementalHash hash, string? text)
    {
        var bytes = text is null ? null : Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes?.Length ?? -1);
        hash.AppendData(length);
        hash.AppendData(bytes ?? []);
    }
}
