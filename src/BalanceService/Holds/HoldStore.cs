using System.Data.Common;
using System.Runtime.CompilerServices;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.RemoteBalances;
using Npgsql;
using NpgsqlTypes;

[assembly: InternalsVisibleTo("Antaca.BalanceService.Tests")]

namespace Antaca.BalanceService.Holds;

/// <summary>
/// The statements of the hold engine: two round trips for a batch. Parameters are arrays and positional, the texts are
/// always the same, so each is planned once for a connection; plans over the primary key and the named indexes are right for
/// an empty table and for a full one, and no others are allowed (a plan made while the tables were small would stay).
/// </summary>
internal static class HoldStore
{
    public const string Pinned = "set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off";

    // Rows are locked in the order of their ids: whoever else locks several does so too. Only a user's balance has a user; to say so by
    // its kind would offer the index of users' balances, to be read from end to end.
    internal const string LockBalances =
        """
        select id, partner_id, user_id, currency, state, holder, posted, held
        from accounts
        where id = any($1) and user_id is not null
        order by id
        for no key update
        """;

    internal const string LockFreeBalances = LockBalances + "\nskip locked";

    internal const string FindBacking =
        """
        select id, partner_id, currency, kind, posted - held
        from accounts
        where partner_id = any($1) and kind in ('Credit', 'Deposit') and kind <> 'User' and opened
        """;

    // After the users' balances: a partner's own account is where everybody meets.
    internal const string LockBacking = FindBacking + "\norder by id\nfor no key update";

    internal const string FindDecided =
        """
        select asked.place, decided.id, decided.fingerprint, decided.action_code, decided.reason, decided.approval_code, decided.available, balance.currency,
            decided.authorized_amount,
            exists (select from operations where transaction_id = decided.id and kind = 'Reversal' and reason = 'ANSWERED_LATE') as late
        from unnest($1, $2, $3, $4) as asked (place, processor, transaction_id, type)
        join transactions as decided
            on decided.processor_transaction_id = asked.transaction_id and decided.processor = asked.processor and decided.type = asked.type
        join accounts as balance on balance.id = decided.account_id
        """;

    internal const string SumSpent =
        """
        select asked.place, coalesce(sum(spent.amount), 0)::bigint, count(spent.amount)::int
        from unnest($1, $2, $3, $4) as asked (place, account_id, card_id, first_id)
        left join lateral (
            select held + cleared_amount - refunded_amount as amount
            from transactions
            where account_id = asked.account_id and id >= asked.first_id and card_id = asked.card_id and type in ('Purchase', 'Cash')
                and held + cleared_amount - refunded_amount > 0
        ) as spent on true
        group by asked.place
        """;

    internal const string Record =
        """
        insert into transactions (
            id, partner_id, user_id, account_id, card_id, type, status, amount, currency, authorized_at,
            processor, processor_transaction_id, fingerprint, merchant_mid, merchant_name, merchant_mcc, merchant_country,
            entry_channel, transmitted_at, action_code, reason, approval_code, available,
            held, authorized_amount, remote, backing_id, expires_at, original_amount, original_currency, rate_id, explanation, decided_for)
        select
            id, partner_id, user_id, account_id, card_id, type, case action_code when '0000' then 'Authorized' else 'Declined' end, amount, currency, $1,
            processor, processor_transaction_id, fingerprint, merchant_mid, merchant_name, merchant_mcc, merchant_country,
            entry_channel, transmitted_at, action_code, reason, approval_code, available,
            authorized_amount, authorized_amount, remote, backing_id, expires_at, original_amount, original_currency, rate_id, explanation::json, decided_for
        from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32) as decided (
            id, partner_id, user_id, account_id, card_id, type, amount, currency,
            processor, processor_transaction_id, fingerprint, merchant_mid, merchant_name, merchant_mcc, merchant_country,
            entry_channel, transmitted_at, action_code, reason, approval_code, available,
            authorized_amount, remote, backing_id, expires_at, original_amount, original_currency, rate_id, explanation, decided_for, place)
        order by place
        """;

    internal const string Owe = "insert into outbox (message_ids, type, body) select message_ids::uuid[], type, body::json from unnest($1, $2, $3) as owed (message_ids, type, body)";

    private const string NoteRepeats =
        """
        update transactions
        set told = told || again.attempts
        from (select id, array_agg(attempt) as attempts from unnest($1, $2) as again (id, attempt) group by id) as again
        where transactions.id = again.id and coalesce(cardinality(told), 0) < 32
        """;

    /// <summary>What a batch is decided from.</summary>
    public sealed class Found
    {
        public Dictionary<Guid, HeldBalance> Balances { get; } = [];

        public Dictionary<(Guid PartnerId, string Currency, string Kind), BackingAccount> Backing { get; } = [];

        /// <summary>By the place in the batch.</summary>
        public Dictionary<int, DecidedBefore> Decided { get; } = [];

        /// <summary>What was spent, and how often, by the place in <see cref="Asked.Windows"/>.</summary>
        public Dictionary<int, (long Spent, int Used)> Spent { get; } = [];
    }

    /// <summary>What is looked for.</summary>
    public sealed class Asked
    {
        public required IReadOnlyList<Waiting> Batch { get; init; }
        public required IReadOnlyList<SpentWindow> Windows { get; init; }

        /// <summary>Balances that somebody else has locked are left out.</summary>
        public bool SkipLocked { get; init; }

        /// <summary>The partners' accounts are locked too, to be sure of what they have left.</summary>
        public bool LockBacking { get; init; }
    }

    /// <summary>Begins a transaction and reads, in one round trip; the balances stay locked until it ends.</summary>
    public static async Task<Found> Begin(this NpgsqlConnection connection, Asked asked, CancellationToken cancel)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        var ids = asked.Batch.Select(waiting => waiting.Asked.BalanceId).Distinct().ToArray();
        Add(batch, asked.SkipLocked ? LockFreeBalances : LockBalances, ids);
        Add(batch, asked.LockBacking ? LockBacking : FindBacking, asked.Batch.Select(waiting => waiting.Asked.PartnerId).Distinct().ToArray());
        Add(
            batch,
            FindDecided,
            Enumerable.Range(0, asked.Batch.Count).ToArray(),
            asked.Batch.Select(waiting => waiting.Asked.Processor).ToArray(),
            asked.Batch.Select(waiting => waiting.Asked.TransactionId).ToArray(),
            asked.Batch.Select(waiting => waiting.Asked.Type).ToArray());
        if (asked.Windows.Count > 0)
        {
            Add(
                batch,
                SumSpent,
                Enumerable.Range(0, asked.Windows.Count).ToArray(),
                asked.Windows.Select(window => window.AccountId).ToArray(),
                asked.Windows.Select(window => window.CardId).ToArray(),
                asked.Windows.Select(window => window.FirstId).ToArray());
        }

        var found = new Found();
        await using var rows = await batch.ExecuteReaderAsync(cancel);
        while (await rows.ReadAsync(cancel))
        {
            var balance = new HeldBalance(
                rows.GetGuid(0), rows.GetGuid(1), rows.GetGuid(2), rows.GetString(3), Enum.Parse<AccountState>(rows.GetString(4)), rows.GetString(5) == nameof(BalanceHolder.Partner), rows.GetInt64(6) - rows.GetInt64(7));
            found.Balances[balance.Id] = balance;
        }
        await rows.NextResultAsync(cancel);
        while (await rows.ReadAsync(cancel))
        {
            found.Backing[(rows.GetGuid(1), rows.GetString(2), rows.GetString(3))] = new BackingAccount(rows.GetGuid(0), rows.GetInt64(4));
        }
        await rows.NextResultAsync(cancel);
        while (await rows.ReadAsync(cancel))
        {
            found.Decided[rows.GetInt32(0)] = ReadDecided(rows);
        }
        if (asked.Windows.Count > 0)
        {
            await rows.NextResultAsync(cancel);
            while (await rows.ReadAsync(cancel))
            {
                found.Spent[rows.GetInt32(0)] = (rows.GetInt64(1), rows.GetInt32(2));
            }
        }
        return found;
    }

    /// <summary>Writes the decisions with their holds and events, and commits, in one round trip.</summary>
    public static async Task Commit(
        this NpgsqlConnection connection,
        IReadOnlyList<DecidedNow> decided,
        IReadOnlyList<(Guid Id, Guid Attempt)> repeated,
        IReadOnlyList<(Guid[] Ids, string Type, string Body)> owed,
        IReadOnlyList<RemoteMessage> forPartners,
        DateTimeOffset now,
        CancellationToken cancel)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (decided.Count > 0)
        {
            var record = new NpgsqlBatchCommand(Record);
            record.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = now });
            Column(record, decided, one => one.Answer.Id);
            Column(record, decided, one => one.Asked.PartnerId);
            Column(record, decided, one => one.Asked.UserId);
            Column(record, decided, one => one.Asked.BalanceId);
            Column(record, decided, one => one.Asked.CardId);
            Column(record, decided, one => one.Asked.Type);
            Column(record, decided, one => one.Amount);
            Column(record, decided, one => one.Currency);
            Column(record, decided, one => one.Asked.Processor);
            Column(record, decided, one => one.Asked.TransactionId);
            Column(record, decided, one => one.Answer.Fingerprint);
            Column(record, decided, one => one.Asked.Merchant.Mid);
            Column(record, decided, one => one.Asked.Merchant.Name);
            Column(record, decided, one => one.Asked.Merchant.Mcc);
            Column(record, decided, one => one.Asked.Merchant.Country);
            Column(record, decided, one => one.Asked.EntryChannel);
            Column(record, decided, one => one.Asked.TransmittedAt.ToUniversalTime());
            Column(record, decided, one => one.Answer.ActionCode);
            Column(record, decided, one => one.Answer.Reason);
            Column(record, decided, one => one.Answer.ApprovalCode, NpgsqlDbType.Text);
            Column(record, decided, one => one.Answer.Available);
            Column(record, decided, one => one.Answer.Amount);
            Column(record, decided, one => one.Remote);
            Column(record, decided, one => one.BackingId, NpgsqlDbType.Uuid);
            Column(record, decided, one => one.ExpiresAt, NpgsqlDbType.TimestampTz);
            Column(record, decided, one => one.OriginalAmount, NpgsqlDbType.Bigint);
            Column(record, decided, one => one.OriginalCurrency, NpgsqlDbType.Text);
            Column(record, decided, one => one.RateId, NpgsqlDbType.Uuid);
            Column(record, decided, one => one.Explanation, NpgsqlDbType.Text);
            Column(record, decided, one => one.Asked.Attempt, NpgsqlDbType.Uuid);
            record.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. Enumerable.Range(0, decided.Count)] });
            batch.BatchCommands.Add(record);
        }
        if (repeated.Count > 0)
        {
            var note = new NpgsqlBatchCommand(NoteRepeats);
            note.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. repeated.Select(again => again.Id)] });
            note.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. repeated.Select(again => again.Attempt)] });
            batch.BatchCommands.Add(note);
        }
        if (owed.Count > 0)
        {
            Add(
                batch,
                Owe,
                owed.Select(events => "{" + string.Join(',', events.Ids) + "}").ToArray(),
                owed.Select(events => events.Type).ToArray(),
                owed.Select(events => events.Body).ToArray());
            batch.BatchCommands.Add(new NpgsqlBatchCommand("select pg_notify('outbox', '')"));
        }
        foreach (var message in forPartners)
        {
            batch.OweToPartner(message);
        }
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        await batch.ExecuteNonQueryAsync(cancel);
    }

    public static async Task Abandon(this NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var rollback = new NpgsqlCommand("rollback", connection);
        await rollback.ExecuteNonQueryAsync(cancel);
    }

    private static DecidedBefore ReadDecided(DbDataReader row)
    {
        var answer = new Authorisation
        {
            Id = row.GetGuid(1),
            Fingerprint = row.GetFieldValue<byte[]>(2),
            ActionCode = row.GetString(3),
            Reason = row.GetString(4),
            ApprovalCode = row.IsDBNull(5) ? null : row.GetString(5),
            Available = row.GetInt64(6),
            Currency = row.GetString(7),
            Amount = row.GetInt64(8),
        };
        return new DecidedBefore(answer, Late: row.GetBoolean(9));
    }

    private static void Add(NpgsqlBatch batch, string sql, params Array[] arrays)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var array in arrays)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = array });
        }
        batch.BatchCommands.Add(command);
    }

    private static void Column<T>(NpgsqlBatchCommand command, IReadOnlyList<DecidedNow> decided, Func<DecidedNow, T> value)
    {
        var column = new T[decided.Count];
        for (var place = 0; place < column.Length; place++)
        {
            column[place] = value(decided[place]);
        }
        command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = column });
    }

    private static void Column<T>(NpgsqlBatchCommand command, IReadOnlyList<DecidedNow> decided, Func<DecidedNow, T> value, NpgsqlDbType type)
    {
        var column = new T[decided.Count];
        for (var place = 0; place < column.Length; place++)
        {
            column[place] = value(decided[place]);
        }
        command.Parameters.Add(new NpgsqlParameter { Value = column, NpgsqlDbType = NpgsqlDbType.Array | type });
    }
}
