using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.Notifications.EventLog;

internal static class EventLogStore
{
    /// <summary>The partner's next number. Its row stays locked until the work ends: a work that fails gives its number back.</summary>
    public static Task<long> TakeSequence(this Work work, Guid partnerId) =>
        work.One<long>(
            """
            insert into partner_sequences as given (partner_id, last)
            values (@partnerId, 1)
            on conflict (partner_id) do update set last = given.last + 1
            returning last
            """,
            new { partnerId });

    public static Task Record(
        this Work work, Guid partnerId, long sequence, Guid id, PartnerEvent published, DateTimeOffset occurredAt, DateTimeOffset now) =>
        work.Change(
            """
            insert into partner_events (partner_id, sequence, id, type, occurred_at, data, recorded_at)
            values (@partnerId, @sequence, @id, @Type, @occurredAt, @data::jsonb, @now)
            """,
            new { partnerId, sequence, id, published.Type, occurredAt, data = published.Data.GetRawText(), now });

    /// <summary>The partner's events after a number, in order.</summary>
    public static Task<IReadOnlyList<RecordedEvent>> ListAfter(this NpgsqlDataSource database, Guid? partnerId, long after, int limit, CancellationToken cancel) =>
        database.Many<RecordedEvent>(
            """
            select sequence, id, type, occurred_at, data::text as data
            from partner_events
            where partner_id = @partnerId and sequence > @after
            order by sequence
            limit @limit
            """,
            new { partnerId, after, limit },
            cancel);
}

internal sealed record RecordedEvent
{
    public required long Sequence { get; init; }
    public required Guid Id { get; init; }
    public required string Type { get; init; }
    public required DateTimeOffset OccurredAt { get; init; }
    public required string Data { get; init; }
}
