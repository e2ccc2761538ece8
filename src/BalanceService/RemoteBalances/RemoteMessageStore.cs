using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.RemoteBalances;

internal static class RemoteMessageStore
{
    private const string Insert =
        """
        insert into remote_messages (id, partner_id, programme_id, account_id, reference, transaction_id, kind, body, occurred_at, due_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8::json, $9, $9)
        on conflict (id) do nothing
        """;

    /// <summary>Owes the partner's host a message, if and when the work commits. One that is owed already is owed once.</summary>
    public static async Task OweToPartner(this Work work, RemoteMessage message)
    {
        await using var insert = work.Statement(Insert);
        insert.Parameters.AddRange(ParametersOf(message));
        await insert.ExecuteNonQueryAsync();
    }

    /// <summary>The same for the hold engine.</summary>
    public static void OweToPartner(this NpgsqlBatch batch, RemoteMessage message)
    {
        var insert = new NpgsqlBatchCommand(Insert);
        insert.Parameters.AddRange(ParametersOf(message));
        batch.BatchCommands.Add(insert);
    }

    /// <summary>A balance as its partner must be asked about it. Null where it is held here.</summary>
    public static Task<RemoteBalance?> FindRemote(this NpgsqlDataSource database, Guid balanceId, CancellationToken cancel) =>
        database.One<RemoteBalance>(
            "select id, partner_id, programme_id, currency, external_id from accounts where id = @balanceId and holder = 'Partner'",
            new { balanceId },
            cancel);

    /// <summary>Whether the host was told, or is to be told, to let go of a transaction: asked again it would say what it first said, and hold nothing.</summary>
    public static Task<bool> IsUndone(this NpgsqlDataSource database, Guid reference, CancellationToken cancel) =>
        database.One<bool>("select exists (select from remote_messages where reference = @reference and kind = 'Reversal')", new { reference }, cancel);

    /// <summary>Takes up messages that are due, the first of each transaction. Replicas take different ones.</summary>
    public static Task<IReadOnlyList<RemoteMessage>> ClaimRemote(this Work work, DateTimeOffset now, DateTimeOffset until, int limit) =>
        work.Many<RemoteMessage>(
            """
            update remote_messages
            set claimed_until = @until
            where id in (
                select due.id
                from remote_messages as due
                where due.state = 'Waiting' and due.due_at <= @now and (due.claimed_until is null or due.claimed_until <= @now)
                    and not exists (
                        select from remote_messages as before
                        where before.reference = due.reference and before.position < due.position and before.state = 'Waiting')
                order by due.due_at, due.position
                limit @limit
                for update skip locked)
            returning id, partner_id, programme_id, account_id, reference, transaction_id, kind, body::text as body, occurred_at, failures
            """,
            new { now, until, limit });

    public static Task NoteTaken(this Work work, Guid id) => work.Change("update remote_messages set state = 'Taken', claimed_until = null where id = @id", new { id });

    /// <summary>It was told in vain, and is due again then.</summary>
    public static Task PostponeRemote(this Work work, Guid id, DateTimeOffset due) =>
        work.Change("update remote_messages set failures = failures + 1, due_at = @due, claimed_until = null where id = @id", new { id, due });

    /// <summary>It was told in vain for the last time.</summary>
    public static Task NoteFailed(this Work work, Guid id) =>
        work.Change("update remote_messages set failures = failures + 1, state = 'Failed', claimed_until = null where id = @id", new { id });

    /// <summary>What is over for so long is no longer of use to anybody's account.</summary>
    public static Task ForgetRemote(this Work work, DateTimeOffset before) =>
        work.Change("delete from remote_messages where occurred_at < @before and state <> 'Waiting'", new { before });

    private static NpgsqlParameter[] ParametersOf(RemoteMessage message) =>
    [
        new() { Value = message.Id },
        new() { Value = message.PartnerId },
        new() { Value = message.ProgrammeId },
        new() { Value = message.AccountId },
        new() { Value = message.Reference },
        new() { Value = (object?)message.TransactionId ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid },
        new() { Value = message.Kind.ToString() },
        new() { Value = message.Body },
        new() { Value = message.OccurredAt },
    ];
}
