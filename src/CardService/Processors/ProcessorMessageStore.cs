using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Processors;

internal static class ProcessorMessageStore
{
    public static Task<Guid?> FindProgramOfCard(this NpgsqlDataSource database, Guid cardId, CancellationToken cancel) =>
        database.One<Guid?>("select program_id from cards where id = @cardId", new { cardId }, cancel);

    /// <summary>Notes a message, unless its card's processor has heard of something later: then what it says is over.</summary>
    public static Task Insert(this Work work, ProcessorMessage message) =>
        work.Change(
            """
            insert into processor_messages (id, processor, card_id, type, lock_code, occurred_at, due_at)
            select @Id, @Processor, @CardId, @type, @LockCode, @OccurredAt, @OccurredAt
            where not exists (select from processor_cards where card_id = @CardId and told_until >= @OccurredAt)
            """,
            new { message.Id, message.Processor, message.CardId, type = message.Type.ToString(), message.LockCode, message.OccurredAt });

    /// <summary>
    /// Takes up messages that are due, the first of each card and none while another of its card is under way: a card's
    /// processor hears them in their order, its creation before all others. Replicas take different ones.
    /// </summary>
    public static Task<IReadOnlyList<ProcessorMessage>> Claim(this Work work, DateTimeOffset now, DateTimeOffset until, int limit) =>
        work.Many<ProcessorMessage>(
            """
            update processor_messages m
            set claimed_until = @until
            from cards c
            where c.id = m.card_id and m.id in (
                select d.id
                from processor_messages d
                where d.due_at <= @now and (d.claimed_until is null or d.claimed_until <= @now)
                    and not exists (
                        select from processor_messages o
                        where o.card_id = d.card_id and o.id <> d.id and ((o.occurred_at, o.id) < (d.occurred_at, d.id) or o.claimed_until > @now)
                    )
                    and (d.type = 'Created' or exists (select from processor_cards p where p.card_id = d.card_id))
                order by d.due_at, d.id
                limit @limit
                for update skip locked
            )
            returning m.id, m.processor, m.card_id, m.type, m.lock_code, m.occurred_at, m.failures,
                c.program_id, c.type as card_type, c.masked_card_no, c.exp
            """,
            new { now, until, limit });

    /// <summary>The processor has heard it. What of the same card is older and came later is over.</summary>
    public static async Task Told(this Work work, ProcessorMessage message)
    {
        await work.Change(
            """
            insert into processor_cards (card_id, told_until)
            values (@CardId, @OccurredAt)
            on conflict (card_id) do update set told_until = greatest(processor_cards.told_until, excluded.told_until)
            """,
            new { message.CardId, message.OccurredAt });
        await work.Change(
            "delete from processor_messages where card_id = @CardId and (id = @Id or occurred_at <= @OccurredAt)",
            new { message.CardId, message.Id, message.OccurredAt });
    }

    /// <summary>It was told in vain, and is due again then.</summary>
    public static Task Postpone(this Work work, Guid id, DateTimeOffset due) =>
        work.Change("update processor_messages set failures = failures + 1, due_at = @due, claimed_until = null where id = @id", new { id, due });
}
