using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Audit;

internal static class AuditStore
{
    /// <summary>The end of the chain, held until the work ends: entries are added one after another.</summary>
    public static async Task<AuditHead> HoldHead(this Work work) => (await work.One<AuditHead>("select position, hash from audit_head for update"))!;

    public static Task AddEntry(this Work work, AuditEntry entry) =>
        work.Change(
            """
            with added as (
                insert into audit_entries (position, id, channel, actor, action, subject, user_id, partner_id, outcome, trace_id, occurred_at, recorded_at, hash)
                values (@Position, @Id, @Channel, @Actor, @Action, @Subject, @UserId, @PartnerId, @Outcome, @TraceId, @OccurredAt, @RecordedAt, @Hash)
            )
            update audit_head set position = @Position, hash = @Hash
            """,
            entry);

    /// <summary>Entries below a position, newest first; null filters nothing.</summary>
    public static Task<IReadOnlyList<AuditEntry>> ListEntries(
        this NpgsqlDataSource database, string? actor, string? subject, DateTimeOffset from, DateTimeOffset to, long below, int limit, CancellationToken cancel) =>
        database.Many<AuditEntry>(
            """
            select position, id, channel, actor, action, subject, user_id, partner_id, outcome, trace_id, occurred_at, recorded_at, hash
            from audit_entries
            where position < @below and (@actor::text is null or actor = @actor) and (@subject::text is null or subject = @subject)
                and occurred_at >= @from and occurred_at < @to
            order by position desc
            limit @limit
            """,
            new { actor, subject, from, to, below, limit },
            cancel);

    internal sealed record AuditHead
    {
        public required long Position { get; init; }
        public required byte[] Hash { get; init; }
    }
}
