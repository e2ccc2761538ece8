using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using MassTransit;
using MassTransit.Middleware;
using Npgsql;

namespace Antaca.Notifications.EventLog;

/// <summary>
/// Writes every event into its partner's log, once each, numbered without a gap. One queue hears them all and one partner's
/// events are written one after another, in the order they arrive.
/// </summary>
internal sealed class RecordEvent<T>(NpgsqlDataSource database, TimeProvider clock) : IConsumer<T>
    where T : class, IEvent
{
    public async Task Consume(ConsumeContext<T> context)
    {
        var happened = context.Message;
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, context.CancellationToken);
        if (!await work.FirstTime(context.EventId(), nameof(RecordEvent<>), now))
        {
            return;
        }
        var sequence = await work.TakeSequence(happened.PartnerId);
        await work.Record(happened.PartnerId, sequence, context.EventId(), PartnerEvent.Of(happened), happened.OccurredAt, now);
        await work.Commit();
    }
}

internal static class HearEvents
{
    private const string Queue = "notifications-record-event";
    private const int PartnersAtOnce = 16;

    /// <summary>Every event of the contract. A test holds this list against it.</summary>
    public static void RecordEveryEvent(this IBusRegistrationConfigurator bus)
    {
        var lanes = new Partitioner(PartnersAtOnce, new Murmur3UnsafeHashGenerator());
        bus.Record<UserRegistered>(lanes);
        bus.Record<KycAccepted>(lanes);
        bus.Record<KycRejected>(lanes);
        bus.Record<BalanceOpened>(lanes);
        bus.Record<BalanceReloaded>(lanes);
        bus.Record<CardIssued>(lanes);
        bus.Record<CardLocked>(lanes);
        bus.Record<CardUnlocked>(lanes);
        bus.Record<AuthorisationApproved>(lanes);
        bus.Record<AuthorisationDeclined>(lanes);
    }

    private static void Record<T>(this IBusRegistrationConfigurator bus, Partitioner lanes)
        where T : class, IEvent =>
        bus.AddConsumer<RecordEvent<T>>((_, consumer) => consumer.Message<T>(message => message.UsePartitioner(lanes, delivery => delivery.Message.PartnerId)))
            .Endpoint(endpoint => endpoint.Name = Queue);
}
