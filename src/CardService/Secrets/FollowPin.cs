using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.CardService.Secrets;

/// <summary>Gives the tries back for a PIN that was set while this service could not say so itself; never for an older one.</summary>
internal sealed class FollowPin(NpgsqlDataSource database, TimeProvider clock) : IConsumer<PinSet>
{
    public async Task Consume(ConsumeContext<PinSet> context)
    {
        await using var work = await Work.Begin(database, context.CancellationToken);
        if (await work.FirstTime(context.EventId(), nameof(FollowPin), clock.GetUtcNow()))
        {
            await work.SavePin(context.Message.CardId, context.Message.PartnerId, context.Message.OccurredAt);
            await work.Commit();
        }
    }
}
