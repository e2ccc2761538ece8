using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Ledger;

internal static class LedgerStore
{
    // Only a user's balance has a user. To say so by its kind would offer the index of users' balances, to be read from end to end;
    // to say of a partner's own account that it is no user's offers the index of these.
    internal const string LockNamed =
        """
        select account.id, account.partner_id, account.kind, account.user_id, account.programme_id, account.currency, account.state,
            account.posted, account.held, account.created_at, account.holder, account.external_id, account.opened
        from accounts as balance
        join accounts as account on account.id = balance.id
            or (account.partner_id = balance.partner_id and account.currency = balance.currency and account.kind <> 'User' and account.kind = any(@own))
        where balance.id = @balanceId and balance.user_id is not null
        order by account.kind <> 'User', account.id
        for no key update of account
        """;

    internal const string LockFunding =
        """
        select account.id, account.partner_id, account.kind, account.user_id, account.programme_id, account.currency, account.state,
            account.posted, account.held, account.created_at, account.holder
        from accounts as balance
        join accounts as account on account.id = balance.id
            or (account.partner_id = balance.partner_id and account.currency = balance.currency and account.kind = 'Funding')
        where balance.id = @balanceId and balance.user_id is not null
            and (@IsOperator or (balance.user_id = @UserId and balance.partner_id = @PartnerId))
        order by account.kind <> 'User', account.id
        for no key update of account
        """;

    /// <summary>
    /// A user's balance and those of its partner's own accounts in its currency that are named, locked in the order that everybody
    /// locks in: users' balances first, then partners' own accounts, each by their ids.
    /// </summary>
    public static Task<IReadOnlyList<Account>> LockAccounts(this Work work, Guid balanceId, params AccountKind[] own) =>
        work.Many<Account>(LockNamed, new { balanceId, own = own.Select(kind => kind.ToString()).ToArray() });

    /// <summary>Moves money: the entries of each call sum to zero, or the database refuses them. The accounts are locked already.</summary>
    /// <param name="entries">Positive: the account gets it.</param>
    public static Task Post(
        this Work work, Guid partnerId, Guid transactionId, Guid? operationId, string currency, IReadOnlyCollection<(Guid AccountId, long Amount)> entries, DateTimeOffset now) =>
        work.Change(
            """
            insert into entries (partner_id, transaction_id, operation_id, account_id, amount, currency, posted_at)
            select @partnerId, @transactionId, @operationId, entry.account_id, entry.amount, @currency, @now
            from unnest(@accounts, @amounts) with ordinality as entry (account_id, amount, place)
            order by entry.place
            """,
            new
            {
                partnerId,
                transactionId,
                operationId,
                currency,
                now,
                accounts = entries.Select(entry => entry.AccountId).ToArray(),
                amounts = entries.Select(entry => entry.Amount).ToArray(),
            });

    /// <summary>The user's account and the partner's funding account in its currency, locked in the order that everybody locks in: users' first, then the partner's own.</summary>
    public static Task<IReadOnlyList<Account>> LockForReload(this Work work, Guid balanceId, Caller caller) =>
        work.Many<Account>(LockFunding, new { balanceId, caller.IsOperator, caller.UserId, caller.PartnerId });

    /// <summary>Records a reload and moves its money from <paramref name="funding"/> to <paramref name="balance"/>, a user's or the partner's own.</summary>
    public static Task<Transaction?> PostReload(this Work work, Guid id, Account funding, Account balance, long amount, string reference, DateTimeOffset now) =>
        work.One<Transaction>(
            """
            with reload as (
                insert into transactions (id, partner_id, user_id, account_id, type, status, amount, currency, reference, authorized_at, cleared_at, cleared_amount)
                values (@id, @PartnerId, @UserId, @balanceId, 'Reload', 'Cleared', @amount, @Currency, @reference, @now, @now, @amount)
                returning id, user_id, account_id, card_id, type, status, amount, currency, reference, merchant_mid, merchant_name, merchant_mcc,
                    merchant_country, authorized_at, cleared_at, action_code, reason, authorized_amount, cleared_amount, refunded_amount, original_amount, held,
                    original_currency
            ),
            posted as (
                insert into entries (partner_id, transaction_id, account_id, amount, currency, posted_at)
                select @PartnerId, reload.id, side.account_id, side.amount, @Currency, @now
                from reload, (values (@fundingId, -@amount), (@balanceId, @amount)) as side (account_id, amount)
            )
            select id, user_id, account_id, card_id, type, status, amount, currency, reference, merchant_mid, merchant_name, merchant_mcc,
                merchant_country, authorized_at, cleared_at, action_code, reason, authorized_amount, cleared_amount, refunded_amount, original_amount, held,
                original_currency
            from reload
            """,
            new { id, balance.PartnerId, balance.UserId, balanceId = balance.Id, fundingId = funding.Id, amount, balance.Currency, reference, now });
}
