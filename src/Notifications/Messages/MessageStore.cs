using Antaca.ServiceDefaults;

namespace Antaca.Notifications.Messages;

internal static class MessageStore
{
    /// <summary>Takes the message up, new or not sent so far; its row stays locked until the work ends, and another try waits for it.</summary>
    /// <returns>False when it was sent already.</returns>
    public static async Task<bool> TakeUp(this Work work, Guid id, Carrier carrier, string template, string toMasked, DateTimeOffset now) =>
        await work.Change(
            """
            insert into messages as known (id, carrier, template, to_masked, outcome, sent_at)
            values (@id, @carrier, @template, @toMasked, 'Failed', @now)
            on conflict (id) do update set tries = known.tries + 1 where known.outcome <> 'Sent'
            """,
            new { id, carrier = carrier.ToString(), template, toMasked, now }) == 1;

    public static Task SaveOutcome(this Work work, Guid id, Outcome outcome, DateTimeOffset now) =>
        work.Change("update messages set outcome = @outcome, sent_at = @now where id = @id", new { id, outcome = outcome.ToString(), now });
}
