using Antaca.CardService.Authorisations;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.CardService.Processors;

/// <summary>Notes what an outside processor is to hear of its cards, once for each event. <see cref="TellProcessors"/> tells it.</summary>
internal sealed class NoteForProcessor(NpgsqlDataSource database, Programmes programmes, ProcessorSettings settings, TimeProvider clock)
    : IConsumer<CardIssued>, IConsumer<PhysicalCardOrdered>, IConsumer<CardLinked>, IConsumer<CardLocked>, IConsumer<CardUnlocked>,
      IConsumer<CardRemoved>, IConsumer<PhysicalCardFailed>
{
    private const string DigitalFirst = "DigitalFirst";

    public Task Consume(ConsumeContext<CardIssued> context) => Note(context, context.Message.CardId, MessageType.Created);

    // The card of plastic for a virtual one was there before.
    public Task Consume(ConsumeContext<PhysicalCardOrdered> context) =>
        context.Message.Type == DigitalFirst ? Task.CompletedTask : Note(context, context.Message.CardId, MessageType.Created);

    public Task Consume(ConsumeContext<CardLinked> context) => Note(context, context.Message.CardId, MessageType.Created);

    public Task Consume(ConsumeContext<CardLocked> context) => Note(context, context.Message.CardId, MessageType.Locked, (short)context.Message.Code);

    public Task Consume(ConsumeContext<CardUnlocked> context) => Note(context, context.Message.CardId, MessageType.Unlocked, (short)context.Message.Code);

    public Task Consume(ConsumeContext<CardRemoved> context) => Note(context, context.Message.CardId, MessageType.Removed);

    public Task Consume(ConsumeContext<PhysicalCardFailed> context) =>
        context.Message.Kind == DigitalFirst ? Task.CompletedTask : Note(context, context.Message.CardId, MessageType.Removed);

    private async Task Note<T>(ConsumeContext<T> delivery, Guid cardId, MessageType type, short? lockCode = null)
        where T : class, IPartnerEvent
    {
        var cancel = delivery.CancellationToken;
        // A card of the stock is nobody's yet, and no processor's.
        if (settings.Addresses.Count == 0
            || await database.FindProgramOfCard(cardId, cancel) is not { } programId
            || (await programmes.Find(programId, cancel))?.Processor is not { } processor
            || !settings.Addresses.ContainsKey(processor))
        {
            return;
        }
        await using var work = await Work.Begin(database, cancel);
        if (await work.FirstTime(delivery.EventId(), nameof(NoteForProcessor), clock.GetUtcNow()))
        {
            await work.Insert(new ProcessorMessage
            {
                Id = delivery.EventId(),
                Processor = processor,
                CardId = cardId,
                Type = type,
                LockCode = lockCode,
                OccurredAt = delivery.Message.OccurredAt,
            });
            await work.Commit();
        }
    }
}
