using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Ledger;

/// <summary>
/// What happened, to be read. Each statement is sure of its index, whatever the tables held when it was planned: a plan made while they
/// were small would stay. So what is asked for decides between statements, not within one.
/// </summary>
internal static class TransactionStore
{
    /// <summary>Operations that are shown of one transaction.</summary>
    public const int MaxOperations = 200;

    /// <summary>Entries that are shown of one transaction.</summary>
    public const int MaxEntries = 1_000;

    internal const string OfBalance =
        """
        select id, user_id, account_id, card_id, type, status, amount, currency, reference, merchant_mid, merchant_name, merchant_mcc,
            merchant_country, authorized_at, cleared_at, action_code, reason, authorized_amount, cleared_amount, refunded_amount, original_amount, held,
            original_currency
        from transactions
        where account_id = @balanceId and user_id = @UserId and reason is distinct from 'REVERSED_FIRST' and (@IsOperator or partner_id = @PartnerId)
            and authorized_at >= @From and authorized_at < @To and id >= @FirstId and id < @EndId and id < @Id
        order by id desc
        limit @Rows
        """;

    internal const string OfAnyBalance =
        """
        select id, user_id, account_id, card_id, type, status, amount, currency, reference, merchant_mid, merchant_name, merchant_mcc,
            merchant_country, authorized_at, cleared_at, action_code, reason, authorized_amount, cleared_amount, refunded_amount, original_amount, held,
            original_currency
        from transactions
        where account_id = @BalanceId and (@CustomerId::uuid is null or user_id = @CustomerId)
            and (@CardId::uuid is null or card_id = @CardId) and (@Status::text is null or status = @Status) and (@Type::text is null or type = @Type)
            and authorized_at >= @From and authorized_at < @To and id >= @FirstId and id < @EndId and id < @Id
        order by id desc
        limit @Rows
        """;

    internal const string OfAnyUser =
        """
        select found.id, found.user_id, found.account_id, found.card_id, found.type, found.status, found.amount, found.currency, found.reference,
            found.merchant_mid, found.merchant_name, found.merchant_mcc, found.merchant_country, found.authorized_at, found.cleared_at,
            found.action_code, found.reason, found.authorized_amount, found.cleared_amount, found.refunded_amount, found.original_amount, found.held,
            found.original_currency
        from accounts as balance
        cross join lateral (
            select id, user_id, account_id, card_id, type, status, amount, currency, reference, merchant_mid, merchant_name, merchant_mcc,
                merchant_country, authorized_at, cleared_at, action_code, reason, authorized_amount, cleared_amount, refunded_amount, original_amount, held,
                original_currency
            from transactions
            where account_id = balance.id and (@Status::text is null or status = @Status) and (@Type::text is null or type = @Type)
                and authorized_at >= @From and authorized_at < @To and id >= @FirstId and id < @EndId and id < @Id
            order by id desc
            limit @Rows
        ) as found
        where balance.user_id = @CustomerId and balance.kind = 'User'
        order by found.id desc
        limit @Rows
        """;

    internal const string Newest =
        """
        select id, user_id, account_id, card_id, type, status, amount, currency, reference, merchant_mid, merchant_name, merchant_mcc,
            merchant_country, authorized_at, cleared_at, action_code, reason, authorized_amount, cleared_amount, refunded_amount, original_amount, held,
            original_currency
        from transactions
        where (@Status::text is null or status = @Status) and (@Type::text is null or type = @Type)
            and authorized_at >= @From and authorized_at < @To and id >= @FirstId and id < @EndId and id < @Id
        order by id desc
        limit @Rows
        """;

    // A limit keeps each look-up of its own: joined, they would be planned for the tables as they were.
    private const string History =
        """
        select transaction.id, transaction.user_id, transaction.account_id, transaction.card_id, transaction.type, transaction.status,
            transaction.amount, transaction.currency, transaction.reference, transaction.merchant_mid, transaction.merchant_name,
            transaction.merchant_mcc, transaction.merchant_country, transaction.authorized_at, transaction.cleared_at, transaction.action_code,
            transaction.reason, transaction.authorized_amount, transaction.cleared_amount, transaction.refunded_amount,
            transaction.original_amount, transaction.original_currency, transaction.held, transaction.expires_at,
            used.base as rate_base, used.quote as rate_quote, used.rate, used.source as rate_source, used.valid_from as rate_valid_from,
            operation.id as operation_id, operation.kind as operation_kind, operation.amount as operation_amount, operation.held as operation_held,
            operation.reason as operation_reason, operation.happened_at
        from transactions as transaction
        left join lateral (select base, quote, trim_scale(rate) as rate, source, valid_from from rates where id = transaction.rate_id limit 1) as used on true
        left join lateral (
            select id, kind, amount, held, reason, happened_at
            from operations
            where transaction_id = transaction.id
            order by id desc
            limit @MaxOperations
        ) as operation on true
        """;

    internal const string HistoryOfBalance = History +
        """

        where transaction.id = @transactionId and transaction.account_id = @balanceId and transaction.user_id = @UserId
            and transaction.reason is distinct from 'REVERSED_FIRST' and (@IsOperator or transaction.partner_id = @PartnerId)
        order by operation.id
        """;

    internal const string HistoryOfAny = History +
        """

        where transaction.id = @transactionId
        order by operation.id
        """;

    internal const string EntriesOf =
        """
        select account.kind as account_kind, moved.amount, moved.currency, moved.operation_id
        from (
            select position, posted_at, account_id, amount, currency, operation_id
            from entries
            where transaction_id = @transactionId
            order by posted_at, position
            limit @MaxEntries
        ) as moved
        cross join lateral (select kind from accounts where id = moved.account_id limit 1) as account
        order by moved.posted_at, moved.position
        """;

    /// <summary>One page of what happened to a balance, newest first.</summary>
    public static Task<IReadOnlyList<Transaction>> ListTransactions(
        this NpgsqlDataSource database, Guid balanceId, Caller caller, Period period, PageRequest page, CancellationToken cancel) =>
        database.Many<Transaction>(
            OfBalance,
            new
            {
                balanceId,
                caller.UserId,
                caller.IsOperator,
                caller.PartnerId,
                period.From,
                period.To,
                period.FirstId,
                period.EndId,
                page.After.Id,
                page.Rows,
            },
            cancel);

    /// <summary>One page of what happened to any partner's balances, newest first, for operators.</summary>
    public static Task<IReadOnlyList<Transaction>> ListTransactions(this NpgsqlDataSource database, TransactionFilter filter, PageRequest page, CancellationToken cancel) =>
        database.Many<Transaction>(
            filter.BalanceId is not null ? OfAnyBalance : filter.CustomerId is not null ? OfAnyUser : Newest,
            new
            {
                filter.CustomerId,
                filter.BalanceId,
                filter.CardId,
                filter.Status,
                filter.Type,
                filter.Period.From,
                filter.Period.To,
                filter.Period.FirstId,
                filter.Period.EndId,
                page.After.Id,
                page.Rows,
            },
            cancel);

    /// <summary>A transaction of the caller's with what became of it, as of one moment: a row for each operation, the oldest first, or one without any.</summary>
    public static Task<IReadOnlyList<TransactionMoment>> ReadHistory(
        this NpgsqlDataSource database, Guid transactionId, Guid balanceId, Caller caller, CancellationToken cancel) =>
        database.Many<TransactionMoment>(
            HistoryOfBalance,
            new { transactionId, balanceId, caller.UserId, caller.IsOperator, caller.PartnerId, MaxOperations },
            cancel);

    /// <summary>The same of any partner's, for operators.</summary>
    public static Task<IReadOnlyList<TransactionMoment>> ReadHistory(this NpgsqlDataSource database, Guid transactionId, CancellationToken cancel) =>
        database.Many<TransactionMoment>(HistoryOfAny, new { transactionId, MaxOperations }, cancel);

    /// <summary>The money that a transaction moved, in the order of the journal, for operators.</summary>
    public static Task<IReadOnlyList<TransactionEntry>> ReadEntries(this NpgsqlDataSource database, Guid transactionId, CancellationToken cancel) =>
        database.Many<TransactionEntry>(EntriesOf, new { transactionId, MaxEntries }, cancel);
}
