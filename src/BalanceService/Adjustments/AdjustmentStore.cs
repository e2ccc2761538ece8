using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Adjustments;

internal static class AdjustmentStore
{
    public static Task<Adjustment?> Propose(this Work work, Guid id, Account balance, long amount, AdjustmentReason reason, string note, Guid operatorId, DateTimeOffset now) =>
        work.One<Adjustment>(
            """
            insert into adjustments (id, partner_id, user_id, account_id, amount, currency, reason, note, proposed_by, proposed_at)
            values (@id, @PartnerId, @UserId, @balanceId, @amount, @Currency, @reason, @note, @operatorId, @now)
            returning id, partner_id, user_id, account_id, amount, currency, reason, note, status, proposed_by, proposed_at, decided_by, decided_at,
                transaction_id
            """,
            new { id, balance.PartnerId, balance.UserId, balanceId = balance.Id, amount, balance.Currency, reason = reason.ToString(), note, operatorId, now });

    /// <summary>Any partner's: operators decide. Locked before the accounts are.</summary>
    public static Task<Adjustment?> FindAdjustmentForChange(this Work work, Guid id) =>
        work.One<Adjustment>(
            """
            select id, partner_id, user_id, account_id, amount, currency, reason, note, status, proposed_by, proposed_at, decided_by, decided_at,
                transaction_id
            from adjustments
            where id = @id
            for no key update
            """,
            new { id });

    public static Task SaveDecision(this Work work, Adjustment decided) =>
        work.Change(
            """
            update adjustments
            set status = @status, decided_by = @DecidedBy, decided_at = @DecidedAt, transaction_id = @TransactionId
            where id = @Id and partner_id = @PartnerId and status = 'Proposed'
            """,
            new { decided.Id, decided.PartnerId, status = decided.Status.ToString(), decided.DecidedBy, decided.DecidedAt, decided.TransactionId });

    /// <summary>One page of every partner's, newest first.</summary>
    /// <param name="status">Null for any.</param>
    public static Task<IReadOnlyList<Adjustment>> ListAdjustments(this NpgsqlDataSource database, string? status, PageRequest page, CancellationToken cancel) =>
        database.Many<Adjustment>(
            """
            select id, partner_id, user_id, account_id, amount, currency, reason, note, status, proposed_by, proposed_at, decided_by, decided_at,
                transaction_id
            from adjustments
            where (@status::text is null or status = @status) and (proposed_at, id) < (@At, @Id)
            order by proposed_at desc, id desc
            limit @Rows
            """,
            new { status, page.After.At, page.After.Id, page.Rows },
            cancel);

    /// <summary>Records an adjustment and moves its money between <paramref name="counterpart"/> and <paramref name="balance"/>.</summary>
    public static async Task<Transaction> PostAdjustment(
        this Work work, Account balance, Account counterpart, long amount, AdjustmentReason reason, string note, DateTimeOffset now)
    {
        var adjusted = await work.One<Transaction>(
            """
            insert into transactions (id, partner_id, user_id, account_id, type, status, amount, currency, reason, reference, authorized_at, cleared_at, cleared_amount)
            values (@id, @PartnerId, @UserId, @balanceId, 'Adjustment', 'Cleared', @amount, @Currency, @reason, @note, @now, @now, abs(@amount))
            returning id, user_id, account_id, card_id, type, status, amount, currency, reference, merchant_mid, merchant_name, merchant_mcc,
                merchant_country, authorized_at, cleared_at, action_code, reason, authorized_amount, cleared_amount, refunded_amount, original_amount, held,
                original_currency
            """,
            new
            {
                id = Guid.CreateVersion7(now),
                balance.PartnerId,
                balance.UserId,
                balanceId = balance.Id,
                amount,
                balance.Currency,
                reason = reason.ToString(),
                note,
                now,
            });
        await work.Post(balance.PartnerId, adjusted!.Id, operationId: null, balance.Currency, [(balance.Id, amount), (counterpart.Id, -amount)], now);
        return adjusted;
    }
}
