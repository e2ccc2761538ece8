using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>Shows on the user what the KYC service decided, once for each decision and never an older one over a newer.</summary>
internal sealed class FollowKycDecision(NpgsqlDataSource database, TimeProvider clock) : IConsumer<KycAccepted>, IConsumer<KycRejected>
{
    public Task Consume(ConsumeContext<KycAccepted> context) => Follow(context, context.Message.UserId, KycStatus.Accepted);

    public Task Consume(ConsumeContext<KycRejected> context) => Follow(context, context.Message.UserId, KycStatus.Rejected);

    private async Task Follow<T>(ConsumeContext<T> delivery, Guid userId, KycStatus status)
        where T : class, IPartnerEvent
    {
        await using var work = await Work.Begin(database, delivery.CancellationToken);
        if (await work.FirstTime(delivery.EventId(), nameof(FollowKycDecision), clock.GetUtcNow()))
        {
            await work.SetKycStatus(userId, delivery.Message.PartnerId, status, delivery.Message.OccurredAt);
            await work.Commit();
        }
    }
}
