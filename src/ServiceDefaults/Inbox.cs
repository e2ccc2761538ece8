namespace Antaca.ServiceDefaults;

/// <summary>Each event takes effect once for each consumer, however often the broker delivers it.</summary>
public static class Inbox
{
    /// <summary>How long a message id is remembered. The broker redelivers within minutes; a replay by hand within days.</summary>
    public const int KeptDays = 14;

    /// <summary>Notes the delivery in this work's transaction.</summary>
    /// <returns>False when this consumer has had the message before: the caller does nothing.</returns>
    public static async Task<bool> FirstTime(this Work work, Guid messageId, string consumer, DateTimeOffset now) =>
        await work.Change(
            """
            insert into inbox (message_id, consumer, received_at)
            values (@messageId, @consumer, @now)
            on conflict do nothing
            """,
            new { messageId, consumer, now }) == 1;
}
