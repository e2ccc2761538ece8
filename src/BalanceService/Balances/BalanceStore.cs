using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

internal static class BalanceStore
{
    /// <summary>Opens the user's account, and with the first of a partner's in a currency the partner's own that money comes from and goes to.</summary>
    /// <param name="externalId">What the partner calls a balance that it holds itself; null for one that is held here.</param>
    /// <returns>Null where another of the programme's balances is called so.</returns>
    public static Task<Account?> Open(this Work work, Guid balanceId, Guid partnerId, Guid userId, Guid programmeId, string currency, string? externalId, DateTimeOffset now) =>
        work.One<Account>(
            """
            with own as (
                insert into accounts (id, partner_id, kind, currency, state, opened, created_at)
                select gen_random_uuid(), @partnerId, kind, @currency, 'Open', kind = 'Funding', @now
                from (values ('Funding'), ('Partner'), ('Settlement'), ('Fees')) as own (kind)
                on conflict (partner_id, currency, kind) where kind <> 'User' do nothing
            )
            insert into accounts (id, partner_id, kind, user_id, programme_id, currency, state, created_at, holder, external_id)
            values (@balanceId, @partnerId, 'User', @userId, @programmeId, @currency, 'Open', @now,
                case when @externalId::text is null then 'Platform' else 'Partner' end, @externalId)
            on conflict (programme_id, external_id) where external_id is not null do nothing
            returning id, partner_id, kind, user_id, programme_id, currency, state, posted, held, created_at, holder, external_id, opened
            """,
            new { balanceId, partnerId, userId, programmeId, currency, externalId, now });

    /// <summary>The user's balance: an operator names the user too, whichever partner's it is.</summary>
    public static Task<Account?> FindBalance(this NpgsqlDataSource database, Guid balanceId, Caller caller, CancellationToken cancel) =>
        database.One<Account>(
            """
            select id, partner_id, kind, user_id, programme_id, currency, state, posted, held, created_at, holder, external_id, opened
            from accounts
            where id = @balanceId and user_id = @UserId and (@IsOperator or partner_id = @PartnerId) and kind = 'User'
            """,
            new { balanceId, caller.UserId, caller.IsOperator, caller.PartnerId },
            cancel);

    public static Task<Account?> FindBalance(this NpgsqlDataSource database, Guid balanceId, Guid partnerId, Guid userId, CancellationToken cancel) =>
        database.One<Account>(
            """
            select id, partner_id, kind, user_id, programme_id, currency, state, posted, held, created_at, holder, external_id, opened
            from accounts
            where id = @balanceId and user_id = @userId and partner_id = @partnerId and kind = 'User'
            """,
            new { balanceId, userId, partnerId },
            cancel);

    /// <summary>A balance of the caller's; any for an operator, whose path names no user.</summary>
    public static Task<Account?> FindOwn(this NpgsqlDataSource database, Guid balanceId, Caller caller, CancellationToken cancel) =>
        database.One<Account>(
            """
            select id, partner_id, kind, user_id, programme_id, currency, state, posted, held, created_at, holder, external_id, opened
            from accounts
            where id = @balanceId and kind = 'User' and (@IsOperator or (user_id = @UserId and partner_id = @PartnerId))
            """,
            new { balanceId, caller.IsOperator, caller.UserId, caller.PartnerId },
            cancel);

    /// <summary>The same, locked: no hold and no entry comes to it meanwhile.</summary>
    public static Task<Account?> FindForChange(this Work work, Guid balanceId, Caller caller) =>
        work.One<Account>(
            """
            select id, partner_id, kind, user_id, programme_id, currency, state, posted, held, created_at, holder, external_id, opened
            from accounts
            where id = @balanceId and kind = 'User' and (@IsOperator or (user_id = @UserId and partner_id = @PartnerId))
            for no key update
            """,
            new { balanceId, caller.IsOperator, caller.UserId, caller.PartnerId });

    /// <summary>Whether open authorisations hold money, wherever it is kept.</summary>
    public static Task<bool> HoldsMoney(this Work work, Guid balanceId, Guid partnerId) =>
        work.One<bool>(
            "select exists (select from transactions where account_id = @balanceId and partner_id = @partnerId and held > 0)",
            new { balanceId, partnerId });

    public static Task SaveState(this Work work, Guid balanceId, Guid partnerId, AccountState state) =>
        work.Change(
            "update accounts set state = @state where id = @balanceId and partner_id = @partnerId and kind = 'User'",
            new { balanceId, partnerId, state = state.ToString() });

    /// <summary>What there is in each currency, of all partners, at one moment.</summary>
    public static Task<IReadOnlyList<BalanceSummary>> SumBalances(this NpgsqlDataSource database, CancellationToken cancel) =>
        database.Many<BalanceSummary>(
            """
            select currency,
                coalesce(sum(posted) filter (where kind = 'User'), 0)::bigint as users,
                coalesce(sum(posted) filter (where kind in ('User', 'Partner', 'Credit', 'Deposit')), 0)::bigint as wallet
            from accounts
            group by currency
            order by currency
            """,
            parameters: null,
            cancel);

    /// <summary>One page of the user's balances, newest first.</summary>
    public static Task<IReadOnlyList<Account>> ListBalances(this NpgsqlDataSource database, Caller caller, PageRequest page, CancellationToken cancel) =>
        database.Many<Account>(
            """
            select id, partner_id, kind, user_id, programme_id, currency, state, posted, held, created_at, holder, external_id, opened
            from accounts
            where user_id = @UserId and (@IsOperator or partner_id = @PartnerId) and kind = 'User' and (created_at, id) < (@At, @Id)
            order by created_at desc, id desc
            limit @Rows
            """,
            new { caller.UserId, caller.IsOperator, caller.PartnerId, page.After.At, page.After.Id, page.Rows },
            cancel);

    /// <summary>How many of a user's balances have money on them, or promised.</summary>
    public static Task<int> CountOpen(this NpgsqlDataSource database, Guid userId, Guid partnerId, CancellationToken cancel) =>
        database.One<int>(
            """
            select count(*)::int
            from accounts
            where user_id = @userId and partner_id = @partnerId and kind = 'User'
                and (posted <> 0 or held <> 0
                    or (holder = 'Partner' and exists (select from transactions where account_id = accounts.id and held > 0)))
            """,
            new { userId, partnerId },
            cancel);
}

/// <summary>What there is in one currency, minor units.</summary>
internal sealed record BalanceSummary
{
    public required string Currency { get; init; }

    /// <summary>The sum of all users' balances.</summary>
    public required long Users { get; init; }

    /// <summary>The same with the partners' own balances.</summary>
    public required long Wallet { get; init; }
}
