using System.Text.Json;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.RemoteBalances;

internal enum ReconciliationOutcome
{
    Agreed,
    Differs,

    /// <summary>The host keeps no such figures (404).</summary>
    NotGiven,

    /// <summary>The host was silent.</summary>
    Unanswered,
}

/// <summary>What a day came to for the balances of a programme that its partner holds, in one currency.</summary>
internal sealed record Reconciliation
{
    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid ProgrammeId { get; init; }
    public required DateOnly Day { get; init; }
    public required string Currency { get; init; }
    public required string Ours { get; init; }
    public string? Theirs { get; init; }
    public required ReconciliationOutcome Outcome { get; init; }
    public required string[] Differences { get; init; }
    public required int Undelivered { get; init; }
    public required int Unavailable { get; init; }
    public required long DepositPosted { get; init; }
    public required long DepositHeld { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A day's account on the wire. Amounts are minor units of its currency.</summary>
/// <param name="Ours">As we count.</param>
/// <param name="Theirs">As the partner's host does; null where it keeps no figures or was silent.</param>
/// <param name="Differences">The members in which the two differ.</param>
/// <param name="Undelivered">Messages of that day that the host had not taken when the account was made.</param>
/// <param name="Unavailable">Authorisations of that day that the host did not answer.</param>
/// <param name="Deposit">The partner's deposit when the account was made.</param>
internal sealed record ReconciliationView(
    Guid Id,
    Guid PartnerId,
    Guid ProgramId,
    DateOnly Day,
    string Currency,
    ReconciliationOutcome Outcome,
    DayFigures Ours,
    DayFigures? Theirs,
    IReadOnlyList<string> Differences,
    int Undelivered,
    int Unavailable,
    ReconciliationView.DepositView Deposit,
    DateTimeOffset CreatedAt)
{
    internal sealed record DepositView(long Amount, long Held);

    public static ReconciliationView Of(Reconciliation row) => new(
        row.Id,
        row.PartnerId,
        row.ProgrammeId,
        row.Day,
        row.Currency,
        row.Outcome,
        Read(row.Ours),
        row.Theirs is { } theirs ? Read(theirs) : null,
        row.Differences,
        row.Undelivered,
        row.Unavailable,
        new DepositView(row.DepositPosted, row.DepositHeld),
        row.CreatedAt);

    private static DayFigures Read(string kept) => JsonSerializer.Deserialize(kept, PartnerJson.Default.DayFigures)!;
}

/// <summary>A programme whose balances in a currency the partner holds.</summary>
internal sealed record RemoteProgramme
{
    public required Guid PartnerId { get; init; }
    public required Guid ProgrammeId { get; init; }
    public required string Currency { get; init; }
}

/// <summary>What the ledger says of one day of a <see cref="RemoteProgramme"/>.</summary>
internal sealed record RemoteDay
{
    public long AuthorizedCount { get; init; }
    public long AuthorizedAmount { get; init; }
    public long ClearedCount { get; init; }
    public long ClearedAmount { get; init; }
    public long ReversedCount { get; init; }
    public long ReversedAmount { get; init; }
    public long RefundedCount { get; init; }
    public long RefundedAmount { get; init; }
    public int Undelivered { get; init; }
    public int Unavailable { get; init; }
    public long DepositPosted { get; init; }
    public long DepositHeld { get; init; }

    public DayFigures Figures() => new()
    {
        AuthorizedCount = AuthorizedCount,
        AuthorizedAmount = AuthorizedAmount,
        ClearedCount = ClearedCount,
        ClearedAmount = ClearedAmount,
        ReversedCount = ReversedCount,
        ReversedAmount = ReversedAmount,
        RefundedCount = RefundedCount,
        RefundedAmount = RefundedAmount,
    };
}

internal static class ReconciliationStore
{
    /// <summary>The programmes that had such balances by the end of the day, and have no account of it yet.</summary>
    public static Task<IReadOnlyList<RemoteProgramme>> FindUnreconciled(this NpgsqlDataSource database, DateOnly day, DateTimeOffset end, int limit, CancellationToken cancel) =>
        database.Many<RemoteProgramme>(
            """
            select distinct partner_id, programme_id, currency
            from accounts
            where external_id is not null and holder = 'Partner' and created_at < @end
                and not exists (
                    select from reconciliations
                    where reconciliations.programme_id = accounts.programme_id and reconciliations.day = @day and reconciliations.currency = accounts.currency)
            limit @limit
            """,
            new { day, end, limit },
            cancel);

    /// <param name="firstId">The smallest id of a transaction of that day; ids are UUIDv7.</param>
    /// <param name="endId">The smallest of the day after.</param>
    public static Task<RemoteDay?> SumDay(
        this NpgsqlDataSource database, RemoteProgramme programme, Guid firstId, Guid endId, DateTimeOffset begin, DateTimeOffset end, CancellationToken cancel) =>
        database.One<RemoteDay>(
            """
            select
                decided.authorized_count, decided.authorized_amount, later.cleared_count, later.cleared_amount, later.reversed_count, later.reversed_amount,
                later.refunded_count, later.refunded_amount, told.undelivered, (decided.unavailable + told.advices)::int as unavailable,
                coalesce(deposit.posted, 0) as deposit_posted, coalesce(deposit.held, 0) as deposit_held
            from (
                select count(*) filter (where authorized_amount > 0) as authorized_count, coalesce(sum(authorized_amount), 0)::bigint as authorized_amount,
                    count(*) filter (where reason = 'PARTNER_UNAVAILABLE') as unavailable
                from transactions
                join accounts on accounts.id = transactions.account_id
                where transactions.id >= @firstId and transactions.id < @endId and remote and accounts.programme_id = @ProgrammeId and accounts.currency = @Currency
            ) as decided
            cross join (
                select count(*) filter (where operations.kind = 'Clearing') as cleared_count,
                    coalesce(sum(operations.amount) filter (where operations.kind = 'Clearing'), 0)::bigint as cleared_amount,
                    count(*) filter (where operations.kind in ('Reversal', 'Expiry')) as reversed_count,
                    coalesce(sum(operations.amount) filter (where operations.kind in ('Reversal', 'Expiry')), 0)::bigint as reversed_amount,
                    count(*) filter (where operations.kind = 'Refund') as refunded_count,
                    coalesce(sum(operations.amount) filter (where operations.kind = 'Refund'), 0)::bigint as refunded_amount
                from operations
                join transactions on transactions.id = operations.transaction_id and transactions.remote
                join accounts on accounts.id = transactions.account_id
                where operations.happened_at >= @begin and operations.happened_at < @end and operations.amount > 0
                    and accounts.programme_id = @ProgrammeId and accounts.currency = @Currency
            ) as later
            cross join (
                select (count(*) filter (where remote_messages.state <> 'Taken'))::int as undelivered,
                    count(*) filter (where remote_messages.kind = 'Advice') as advices
                from remote_messages
                join accounts on accounts.id = remote_messages.account_id
                where remote_messages.programme_id = @ProgrammeId and remote_messages.occurred_at >= @begin and remote_messages.occurred_at < @end
                    and accounts.currency = @Currency
            ) as told
            left join accounts as deposit on deposit.partner_id = @PartnerId and deposit.currency = @Currency and deposit.kind = 'Deposit' and deposit.kind <> 'User'
            """,
            new { programme.ProgrammeId, programme.PartnerId, programme.Currency, firstId, endId, begin, end },
            cancel);

    /// <summary>Keeps the account of a day, the first that is made.</summary>
    public static Task Keep(this Work work, Reconciliation account) =>
        work.Change(
            """
            insert into reconciliations (
                id, partner_id, programme_id, day, currency, ours, theirs, outcome, differences, undelivered, unavailable, deposit_posted, deposit_held, created_at)
            values (
                @Id, @PartnerId, @ProgrammeId, @Day, @Currency, @Ours::json, @Theirs::json, @outcome, @Differences, @Undelivered, @Unavailable,
                @DepositPosted, @DepositHeld, @CreatedAt)
            on conflict (programme_id, day, currency) do nothing
            """,
            new
            {
                account.Id,
                account.PartnerId,
                account.ProgrammeId,
                account.Day,
                account.Currency,
                account.Ours,
                account.Theirs,
                outcome = account.Outcome.ToString(),
                account.Differences,
                account.Undelivered,
                account.Unavailable,
                account.DepositPosted,
                account.DepositHeld,
                account.CreatedAt,
            });

    /// <param name="partnerId">Null for every partner's.</param>
    public static Task<IReadOnlyList<Reconciliation>> ListReconciliations(
        this NpgsqlDataSource database, Guid? partnerId, DateOnly from, DateOnly to, PageRequest page, CancellationToken cancel) =>
        database.Many<Reconciliation>(
            """
            select id, partner_id, programme_id, day, currency, ours::text as ours, theirs::text as theirs, outcome, differences, undelivered, unavailable,
                deposit_posted, deposit_held, created_at
            from reconciliations
            where (@partnerId::uuid is null or partner_id = @partnerId) and day >= @from and day <= @to and (day, id) < (@before, @Id)
            order by day desc, id desc
            limit @Rows
            """,
            new { partnerId, from, to, before = DateOnly.FromDateTime(page.After.At.UtcDateTime), page.After.Id, page.Rows },
            cancel);
}
