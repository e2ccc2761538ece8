using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.Notifications.EventLog;

/// <summary>
/// Writes every event a partner hears of into its log, once each, numbered without a gap in the order of arrival. Events that
/// happened within moments of each other, or in different services, may arrive the other way round: <c>occurredAt</c> tells.
/// </summary>
internal sealed class RecordEvent<T>(NpgsqlDataSource database, TimeProvider clock) : IConsumer<T>
    where T : class, IPartnerEvent
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

    /// <summary>Every event that a partner hears of, on one queue. A test holds this list against the contract.</summary>
    public static void RecordEveryEvent(this IBusRegistrationConfigurator bus)
    {
        bus.Record<UserRegistered>();
        bus.Record<UserLocked>();
        bus.Record<UserUnlocked>();
        bus.Record<UserDeleted>();
        bus.Record<CertificateExpiring>();
        bus.Record<KycAccepted>();
        bus.Record<KycRejected>();
        bus.Record<BalanceOpened>();
        bus.Record<BalanceReloaded>();
        bus.Record<CardIssued>();
        bus.Record<PhysicalCardOrdered>();
        bus.Record<PhysicalCardPersonalised>();
        bus.Record<PhysicalCardFailed>();
        bus.Record<CardLinked>();
        bus.Record<CardLocked>();
        bus.Record<CardUnlocked>();
        bus.Record<CardActivated>();
        bus.Record<CardRemoved>();
        bus.Record<CardExpired>();
        bus.Record<CardRenewed>();
        bus.Record<CardControlsChanged>();
        bus.Record<PinSet>();
        bus.Record<CvvReset>();
        bus.Record<AuthorisationApproved>();
        bus.Record<AuthorisationDeclined>();
        bus.Record<TransactionReversed>();
        bus.Record<TransactionCleared>();
        bus.Record<TransactionRefunded>();
        bus.Record<BalanceAdjusted>();
        bus.Record<BalanceStateChanged>();
        bus.Record<PartnerBalanceLow>();
    }

    private static void Record<T>(this IBusRegistrationConfigurator bus)
        where T : class, IPartnerEvent =>
        bus.AddConsumer<RecordEvent<T>>().Endpoint(endpoint => endpoint.Name = Queue);
}
