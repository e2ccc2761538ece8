using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.DataCore.Audit;

/// <summary>Adds what every service owes to the audit trail, once each, at the end of the chain.</summary>
internal sealed class RecordAudit(NpgsqlDataSource database, TimeProvider clock) : IConsumer<Audited>
{
    public async Task Consume(ConsumeContext<Audited> context)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, context.CancellationToken);
        if (!await work.FirstTime(context.EventId(), nameof(RecordAudit), now))
        {
            return;
        }
        var head = await work.HoldHead();
        var entry = AuditEntry.Of(context.Message, context.EventId(), head.Position + 1, now);
        await work.AddEntry(entry with { Hash = AuditChain.Next(head.Hash, entry) });
        await work.Commit();
    }
}
