using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.Holds;

internal static class HoldStore
{
    /// <summary>The balance that an authorisation is decided from, locked until it is.</summary>
    public static Task<Account?> FindForAuthorisation(this Work work, DecideAuthorisation asked) =>
        work.One<Account>(
            """
            select id, partner_id, kind, user_id, programme_id, currency, state, posted, held, created_at
            from accounts
            where id = @BalanceId and user_id = @UserId and partner_id = @PartnerId and kind = 'User'
            for no key update
            """,
            new { asked.BalanceId, asked.UserId, asked.PartnerId });

    /// <summary>Records the decision, and with an approved one that is about money the hold.</summary>
    /// <returns>False when the processor's transaction has been decided before: then nothing is written.</returns>
    public static async Task<bool> Record(this Work work, DecideAuthorisation asked, Authorisation decided, Guid holdId, DateTimeOffset now, DateTimeOffset expiresAt) =>
        await work.One<bool>(
            """
            with recorded as (
                insert into transactions (
                    id, partner_id, user_id, account_id, card_id, type, status, amount, currency, authorized_at,
                    processor, processor_transaction_id, fingerprint, merchant_mid, merchant_name, merchant_mcc, merchant_country,
                    entry_channel, transmitted_at, action_code, reason, approval_code, available)
                values (
                    @Id, @PartnerId, @UserId, @BalanceId, @CardId, @Type, @status, @Amount, @Currency, @now,
                    @Processor, @TransactionId, @Fingerprint, @Mid, @Name, @Mcc, @Country,
                    @EntryChannel, @transmittedAt, @ActionCode, @Reason, @ApprovalCode, @Available)
                on conflict (processor, processor_transaction_id, type) do nothing
                returning id
            ),
            placed as (
                insert into holds (id, partner_id, account_id, transaction_id, amount, currency, placed_at, expires_at)
                select @holdId, @PartnerId, @BalanceId, recorded.id, @held, @Currency, @now, @expiresAt
                from recorded
                where @held > 0
            )
            select exists (select from recorded)
            """,
            new
            {
                decided.Id,
                asked.PartnerId,
                asked.UserId,
                asked.BalanceId,
                asked.CardId,
                asked.Type,
                status = (decided.Approved ? TransactionStatus.Authorized : TransactionStatus.Declined).ToString(),
                asked.Amount,
                asked.Currency,
                now,
                asked.Processor,
                asked.TransactionId,
                decided.Fingerprint,
                asked.Merchant.Mid,
                asked.Merchant.Name,
                asked.Merchant.Mcc,
                asked.Merchant.Country,
                asked.EntryChannel,
                transmittedAt = asked.TransmittedAt.ToUniversalTime(),
                decided.ActionCode,
                decided.Reason,
                decided.ApprovalCode,
                decided.Available,
                holdId,
                held = decided.Approved ? asked.Amount : 0,
                expiresAt,
            });

    /// <summary>How the processor's transaction was decided when it first came.</summary>
    public static Task<Authorisation?> FindDecided(this Work work, DecideAuthorisation asked) =>
        work.One<Authorisation>(
            """
            select decided.id, decided.fingerprint, decided.action_code, decided.reason, decided.approval_code, decided.available, balance.currency,
                case when decided.action_code = '0000' then decided.amount else 0 end as amount
            from transactions as decided
            join accounts as balance on balance.id = decided.account_id
            where decided.processor = @Processor and decided.processor_transaction_id = @TransactionId and decided.type = @Type
            """,
            new { asked.Processor, asked.TransactionId, asked.Type });
}
