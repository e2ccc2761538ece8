using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>Destroys the number and the PVV of a card that was removed, or never was made. What is left leads to neither.</summary>
internal sealed class DestroyCardSecrets(NpgsqlDataSource database, TimeProvider clock) : IConsumer<CardRemoved>, IConsumer<PhysicalCardFailed>
{
    public Task Consume(ConsumeContext<CardRemoved> context) => Destroy(context, context.Message.CardId);

    // A virtual card whose plastic failed goes on without it.
    public Task Consume(ConsumeContext<PhysicalCardFailed> context) =>
        context.Message.Kind == "DigitalFirst" ? Task.CompletedTask : Destroy(context, context.Message.CardId);

    private async Task Destroy<T>(ConsumeContext<T> delivery, Guid cardId)
        where T : class, IPartnerEvent
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, delivery.CancellationToken);
        if (await work.FirstTime(delivery.EventId(), nameof(DestroyCardSecrets), now))
        {
            await work.Destroy(cardId, delivery.Message.PartnerId, now);
            await work.Commit();
        }
    }
}
