using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Partners;

internal static class PartnerBalanceStore
{
    /// <summary>
    /// Opens the account that is asked for, which may be there since the first user's balance, and sees that the partner has the
    /// others that money moves through. A new balance is not warned of until it was above its threshold once.
    /// </summary>
    /// <returns>Null when it was asked for before.</returns>
    public static Task<PartnerBalance?> OpenPartnerBalance(
        this Work work, Guid id, Guid partnerId, PartnerBalanceKind kind, string currency, long? lowThreshold, string[] notify, DateTimeOffset now) =>
        work.One<PartnerBalance>(
            """
            with own as (
                insert into accounts (id, partner_id, kind, currency, state, opened, created_at)
                select gen_random_uuid(), @partnerId, kind, @currency, 'Open', kind = 'Funding', @now
                from (values ('Funding'), ('Partner'), ('Settlement'), ('Fees')) as own (kind)
                where kind <> @kind
                on conflict (partner_id, currency, kind) where kind <> 'User' do nothing
            )
            insert into accounts as asked (id, partner_id, kind, currency, state, low_threshold, low, notify, created_at)
            values (@id, @partnerId, @kind, @currency, 'Open', @lowThreshold::bigint, @lowThreshold::bigint is not null, @notify, @now)
            on conflict (partner_id, currency, kind) where kind <> 'User' do update
            set opened = true, low_threshold = excluded.low_threshold, notify = excluded.notify,
                low = coalesce(asked.posted - asked.held < excluded.low_threshold, false)
            where not asked.opened
            returning id, partner_id, kind, currency, posted, held, low_threshold, notify, created_at
            """,
            new { id, partnerId, kind = kind.ToString(), currency, lowThreshold, notify, now });

    public static Task<PartnerBalance?> FindPartnerBalance(this NpgsqlDataSource database, Guid id, Caller caller, CancellationToken cancel) =>
        database.One<PartnerBalance>(
            """
            select id, partner_id, kind, currency, posted, held, low_threshold, notify, created_at
            from accounts
            where id = @id and kind in ('Partner', 'Credit', 'Deposit') and opened and (@IsOperator or partner_id = @PartnerId)
            """,
            new { id, caller.IsOperator, caller.PartnerId },
            cancel);

    public static Task<PartnerBalance?> FindForChange(this Work work, Guid id, Caller caller) =>
        work.One<PartnerBalance>(
            """
            select id, partner_id, kind, currency, posted, held, low_threshold, notify, created_at
            from accounts
            where id = @id and kind in ('Partner', 'Credit', 'Deposit') and opened and (@IsOperator or partner_id = @PartnerId)
            for no key update
            """,
            new { id, caller.IsOperator, caller.PartnerId });

    /// <summary>The balance, with its partner's funding account, both locked in the order that everybody locks a partner's own accounts in.</summary>
    public static Task<IReadOnlyList<Account>> LockWithFunding(this Work work, Guid id) =>
        work.Many<Account>(
            """
            select account.id, account.partner_id, account.kind, account.user_id, account.programme_id, account.currency, account.state,
                account.posted, account.held, account.created_at, account.holder, account.external_id, account.opened
            from accounts as asked
            join accounts as account on account.partner_id = asked.partner_id and account.currency = asked.currency and account.kind <> 'User'
                and (account.id = asked.id or account.kind = 'Funding')
            where asked.id = @id and asked.kind in ('Partner', 'Credit', 'Deposit') and asked.opened
            order by account.id
            for no key update of account
            """,
            new { id });

    /// <summary>One page of a partner's own balances, newest first.</summary>
    public static Task<IReadOnlyList<PartnerBalance>> ListPartnerBalances(this NpgsqlDataSource database, Guid partnerId, PageRequest page, CancellationToken cancel) =>
        database.Many<PartnerBalance>(
            """
            select id, partner_id, kind, currency, posted, held, low_threshold, notify, created_at
            from accounts
            where partner_id = @partnerId and kind <> 'User' and kind in ('Partner', 'Credit', 'Deposit') and opened and (created_at, id) < (@At, @Id)
            order by created_at desc, id desc
            limit @Rows
            """,
            new { partnerId, page.After.At, page.After.Id, page.Rows },
            cancel);

    /// <summary>Without a threshold nothing is low.</summary>
    public static Task SaveWarning(this Work work, PartnerBalance balance) =>
        work.Change(
            """
            update accounts
            set low_threshold = @LowThreshold, notify = @Notify, low = low and @LowThreshold::bigint is not null
            where id = @Id and partner_id = @PartnerId
            """,
            new { balance.Id, balance.PartnerId, balance.LowThreshold, balance.Notify });

    /// <summary>One page of what moved on a partner's own balance, newest first.</summary>
    public static Task<IReadOnlyList<PartnerMovement>> ListMovements(this NpgsqlDataSource database, Guid balanceId, Guid partnerId, PageRequest page, CancellationToken cancel) =>
        database.Many<PartnerMovement>(
            """
            select entry.position, entry.transaction_id, entry.operation_id, moved.type, entry.amount, entry.currency, moved.user_id, moved.reason,
                moved.reference, entry.posted_at
            from entries as entry
            join transactions as moved on moved.id = entry.transaction_id
            where entry.account_id = @balanceId and entry.partner_id = @partnerId and entry.position < @Number
            order by entry.position desc
            limit @Rows
            """,
            new { balanceId, partnerId, page.After.Number, page.Rows },
            cancel);

    /// <summary>Who is to be told by mail; nobody where the balance is not that partner's.</summary>
    public static Task<IReadOnlyList<string>> ListReceivers(this NpgsqlDataSource database, Guid id, Guid partnerId, CancellationToken cancel) =>
        database.Many<string>(
            "select unnest(notify) from accounts where id = @id and partner_id = @partnerId",
            new { id, partnerId },
            cancel);

    /// <summary>
    /// Notes who has crossed the threshold since it was last looked at, downwards and upwards, and gives the first. Two that look
    /// at once see each crossing once: the row is locked, and looked at again.
    /// </summary>
    public static Task<IReadOnlyList<PartnerBalance>> TakeCrossings(this Work work, int rows) =>
        work.Many<PartnerBalance>(
            """
            with crossed as materialized (
                select id
                from accounts
                where low_threshold is not null and low <> (posted - held < low_threshold)
                order by id
                limit @rows
                for no key update
            ),
            noted as (
                update accounts
                set low = posted - held < low_threshold
                from crossed
                where accounts.id = crossed.id and low <> (posted - held < low_threshold)
                returning accounts.id, partner_id, kind, currency, posted, held, low_threshold, notify, created_at, low
            )
            select id, partner_id, kind, currency, posted, held, low_threshold, notify, created_at
            from noted
            where low
            order by id
            """,
            new { rows });
}

/// <summary>What an entry of a partner's own account tells of it.</summary>
internal sealed record PartnerMovement
{
    public required long Position { get; init; }
    public required Guid TransactionId { get; init; }
    public Guid? OperationId { get; init; }
    public required TransactionType Type { get; init; }
    public required long Amount { get; init; }
    public required string Currency { get; init; }
    public Guid? UserId { get; init; }
    public string? Reason { get; init; }
    public string? Reference { get; init; }
    public required DateTimeOffset PostedAt { get; init; }
}

/// <summary>Money that moved on a partner's own balance, on the wire.</summary>
/// <param name="TransactionId">Whose part it is: a reload, an adjustment, or a user's payment whose clearing left a difference.</param>
/// <param name="OperationId">The clearing, refund or other step of the transaction; null for the transaction itself.</param>
/// <param name="CustomerId">The user whose transaction it was.</param>
/// <param name="Amount">Negative where the balance gave it.</param>
/// <param name="Reason">Of an adjustment.</param>
/// <param name="Reference">The words given with a reload or an adjustment.</param>
internal sealed record PartnerMovementView(
    Guid TransactionId, Guid? OperationId, Guid? CustomerId, TransactionType Type, Money Amount, string? Reason, string? Reference, DateTimeOffset PostedAt)
{
    public static PartnerMovementView Of(PartnerMovement movement) => new(
        movement.TransactionId,
        movement.OperationId,
        movement.UserId,
        movement.Type,
        Money.Of(movement.Amount, movement.Currency),
        movement.Type == TransactionType.Adjustment ? movement.Reason : null,
        movement.Reference,
        movement.PostedAt);
}
