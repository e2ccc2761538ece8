using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>
/// Shows a card to its user, on its balance, once its plastic is made: Inactive until it is activated. A card that was
/// removed meanwhile stays so; one that was printed is in use already, and one of the stock belongs to nobody yet.
/// </summary>
internal sealed class ShowPersonalisedCard(NpgsqlDataSource database, TimeProvider clock) : IConsumer<PhysicalCardPersonalised>
{
    public async Task Consume(ConsumeContext<PhysicalCardPersonalised> context)
    {
        await using var work = await Work.Begin(database, context.CancellationToken);
        if (await work.FirstTime(context.EventId(), nameof(ShowPersonalisedCard), clock.GetUtcNow()))
        {
            await work.ShowToUser(context.Message.CardId, context.Message.PartnerId);
            await work.Commit();
        }
    }
}
