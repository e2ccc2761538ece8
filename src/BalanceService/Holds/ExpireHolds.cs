using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.RemoteBalances;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Holds;

/// <summary>Lets go of holds that nobody cleared or reversed in time, in batches, one replica at a time.</summary>
internal sealed partial class ExpireHolds(NpgsqlDataSource database, TimeProvider clock, ILogger<ExpireHolds> log) : BackgroundService
{
    public const string Expired = "HOLD_EXPIRED";
    public const int EverySeconds = 60;
    public const int BatchRows = 500;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(EverySeconds), clock);
        do
        {
            try
            {
                while (await ExpireBatch(stoppingToken))
                {
                }
            }
            catch (NpgsqlException fault)
            {
                ExpiryFailed(log, fault.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> ExpireBatch(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (!await work.TakeExpiry())
        {
            return false;
        }
        var due = await work.FindExpired(now, BatchRows);
        if (due.Count == 0)
        {
            await work.SaveExpiryDone(now);
            await work.Commit();
            return false;
        }
        await work.LockAccountsOf(due);
        foreach (var expired in await work.Expire(due, now))
        {
            if (expired.ExternalId is not null)
            {
                await work.OweToPartner(expired.ForPartner(now));
            }
            work.Owe(new TransactionReversed(
                expired.PartnerId, expired.UserId, expired.AccountId, expired.CardId, expired.TransactionId, expired.Amount, expired.Currency, Expired, now));
        }
        await work.Commit();
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Holds could not be expired and are tried again: {Reason}")]
    private static partial void ExpiryFailed(ILogger log, string reason);
}

internal sealed record ExpiredHold
{
    public required Guid TransactionId { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid UserId { get; init; }
    public required Guid AccountId { get; init; }
    public Guid? CardId { get; init; }
    public required long Amount { get; init; }
    public required string Currency { get; init; }
    public required TransactionType Type { get; init; }
    public string? Processor { get; init; }
    public string? ProcessorTransactionId { get; init; }

    /// <summary>What the partner calls the balance, where it holds it.</summary>
    public string? ExternalId { get; init; }

    public Guid ProgrammeId { get; init; }

    public RemoteMessage ForPartner(DateTimeOffset now)
    {
        var balance = new RemoteBalance { Id = AccountId, PartnerId = PartnerId, ProgrammeId = ProgrammeId, Currency = Currency, ExternalId = ExternalId! };
        var reference = RemoteReference.Of(Processor!, ProcessorTransactionId!, Type.ToString());
        var expiry = new Operation
        {
            Id = Guid.CreateVersion7(now),
            PartnerId = PartnerId,
            TransactionId = TransactionId,
            Kind = OperationKind.Expiry,
            Amount = Amount,
            Held = -Amount,
            Reason = ExpireHolds.Expired,
        };
        return RemoteMessage.Reversal(balance, reference, TransactionId, CardId, expiry, held: 0, now);
    }
}

internal static class ExpiryStore
{
    /// <returns>False while another replica is at it.</returns>
    public static async Task<bool> TakeExpiry(this Work work) => await work.One<bool?>("select true from expiry for update skip locked") == true;

    /// <summary>Holds that have run out since everything before <c>done_until</c> was let go of.</summary>
    public static Task<IReadOnlyList<Guid>> FindExpired(this Work work, DateTimeOffset now, int rows) =>
        work.Many<Guid>(
            "select id from transactions where held > 0 and expires_at > (select done_until from expiry) and expires_at <= @now limit @rows",
            new { now, rows });

    public static Task SaveExpiryDone(this Work work, DateTimeOffset now) => work.Change("update expiry set done_until = @now where done_until < @now", new { now });

    public static Task LockAccountsOf(this Work work, IReadOnlyList<Guid> transactionIds) =>
        work.Change(
            """
            select
            from accounts
            where id in (
                select account_id from transactions where id = any(@ids)
                union
                select backing_id from transactions where id = any(@ids) and backing_id is not null)
            order by kind <> 'User', id
            for no key update
            """,
            new { ids = transactionIds.ToArray() });

    /// <summary>Lets go of what they still hold, now that nobody else can.</summary>
    public static Task<IReadOnlyList<ExpiredHold>> Expire(this Work work, IReadOnlyList<Guid> transactionIds, DateTimeOffset now) =>
        work.Many<ExpiredHold>(
            """
            with due as (
                select id, partner_id, user_id, account_id, card_id, held, currency, type, processor, processor_transaction_id
                from transactions
                where id = any(@ids) and held > 0
                for no key update
            ),
            recorded as (
                insert into operations (id, partner_id, transaction_id, kind, amount, held, reason, happened_at)
                select gen_random_uuid(), partner_id, id, 'Expiry', held, -held, 'HOLD_EXPIRED', @now
                from due
            ),
            released as (
                update transactions
                set held = 0, status = case when transactions.cleared_amount > 0 then 'Cleared' else 'Reversed' end,
                    cleared_at = case when transactions.cleared_amount > 0 then @now end
                from due
                where transactions.id = due.id
            )
            select due.id as transaction_id, due.partner_id, due.user_id, due.account_id, due.card_id, due.held as amount, due.currency, due.type,
                due.processor, due.processor_transaction_id, accounts.programme_id, case accounts.holder when 'Partner' then accounts.external_id end as external_id
            from due
            join accounts on accounts.id = due.account_id
            """,
            new { ids = transactionIds.ToArray(), now });
}
