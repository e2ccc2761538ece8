using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Antaca.BalanceService.RemoteBalances;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.Ledger;

internal enum OperationKind
{
    Increment,
    Reversal,
    Clearing,
    Refund,
    Expiry,
}

/// <summary>A transaction as what becomes of it is decided from. Read after its account was locked.</summary>
internal sealed record OpenTransaction
{
    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid UserId { get; init; }
    public required Guid AccountId { get; init; }
    public Guid? CardId { get; init; }
    public required TransactionType Type { get; init; }
    public required TransactionStatus Status { get; init; }

    /// <summary>What was asked for, in minor units of <see cref="Currency"/>.</summary>
    public required long Amount { get; init; }

    public required string Currency { get; init; }
    public required long Held { get; init; }
    public required bool Remote { get; init; }
    public Guid? BackingId { get; init; }
    public required long ClearedAmount { get; init; }
    public required long RefundedAmount { get; init; }
    public long? OriginalAmount { get; init; }
    public string? OriginalCurrency { get; init; }


    /// <summary>The attempts of the processor that its answer went to.</summary>
    public Guid? DecidedFor { get; init; }

    public Guid[]? Told { get; init; }

    public string? Processor { get; init; }
    public string? ProcessorTransactionId { get; init; }

    /// <summary>What a partner's host knows it by.</summary>
    public Guid Reference => Processor is null ? Id : RemoteReference.Of(Processor, ProcessorTransactionId!, Type.ToString());

    /// <summary>Whether another of the processor's attempts was told the answer.</summary>
    public bool WasToldBesides(Guid attempt) => (DecidedFor is { } first && first != attempt) || Told?.Any(told => told != attempt) == true;

    /// <summary>Whether money may still come of it: not of a decline, and not of a question about the card.</summary>
    public bool IsAboutMoney => Status != TransactionStatus.Declined && Type is TransactionType.Purchase or TransactionType.Cash;
}

/// <summary>Something that became of a transaction. Asked for by a processor, it keeps its answer for whoever asks again.</summary>
internal sealed record Operation
{
    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid TransactionId { get; init; }
    public required OperationKind Kind { get; init; }

    /// <summary>Minor units of the transaction's currency.</summary>
    public required long Amount { get; init; }

    /// <summary>What it changes of the hold.</summary>
    public required long Held { get; init; }

    public string? Reason { get; init; }
    public long? OriginalAmount { get; init; }
    public string? OriginalCurrency { get; init; }
    public Guid? RateId { get; init; }
}

/// <summary>Under what a processor asked, and what it asked, hashed.</summary>
internal sealed record Asking(string Processor, string TransactionId, byte[] Fingerprint)
{
    public static Asking For<T>(string processor, string transactionId, T request, JsonSerializerOptions json, string target = "") =>
        new(processor, transactionId, SHA256.HashData([.. Encoding.UTF8.GetBytes(target + "\n"), .. JsonSerializer.SerializeToUtf8Bytes(request, json)]));
}

internal static class OperationStore
{
    private const string OpenColumns =
        "id, partner_id, user_id, account_id, card_id, type, status, amount, currency, held, remote, backing_id, cleared_amount, refunded_amount, original_amount, original_currency, decided_for, told, "
        + "processor, processor_transaction_id";

    /// <summary>A processor's authorisation: which account to lock before anything is decided.</summary>
    public static Task<Guid?> FindAccountOf(this Work work, Guid transactionId, string processor) =>
        work.One<Guid?>("select account_id from transactions where id = @transactionId and processor = @processor", new { transactionId, processor });

    public static Task<OpenTransaction?> FindOpen(this Work work, Guid transactionId, string processor) =>
        work.One<OpenTransaction>(
            "select " + OpenColumns + " from transactions where id = @transactionId and processor = @processor for no key update",
            new { transactionId, processor });

    /// <summary>The same by the processor's own name for it.</summary>
    public static Task<OpenTransaction?> FindOpen(this Work work, string processorTransactionId, string type, string processor) =>
        work.One<OpenTransaction>(
            "select " + OpenColumns + " from transactions where processor_transaction_id = @processorTransactionId and type = @type and processor = @processor for no key update",
            new { processorTransactionId, type, processor });

    /// <summary>What was answered when the processor asked first; null where it has not.</summary>
    public static Task<KeptOperation?> FindAnswered(this Work work, Asking asking, OperationKind kind) =>
        work.One<KeptOperation>(
            "select fingerprint, answer from operations where processor_transaction_id = @TransactionId and processor = @Processor and kind = @kind",
            new { asking.TransactionId, asking.Processor, kind = kind.ToString() });

    /// <summary>One attempt was not answered in time after all.</summary>
    public static Task ForgetAttempt(this Work work, Guid transactionId, Guid attempt) =>
        work.Change(
            "update transactions set decided_for = nullif(decided_for, @attempt), told = array_remove(told, @attempt) where id = @transactionId",
            new { transactionId, attempt });

    /// <summary>Records an operation with what it changes of its transaction, and moves the hold.</summary>
    /// <param name="asking">Null for what we do by ourselves.</param>
    /// <returns>False when the processor has used the id for another transaction: then nothing is written.</returns>
    public static async Task<bool> Record(
        this Work work, Operation operation, Asking? asking, string? answer, TransactionStatus status, long cleared, long refunded, DateTimeOffset now) =>
        await work.One<bool>(
            """
            with recorded as (
                insert into operations (
                    id, partner_id, transaction_id, kind, processor, processor_transaction_id, fingerprint, amount, held,
                    original_amount, original_currency, rate_id, answer, reason, happened_at)
                values (
                    @Id, @PartnerId, @TransactionId, @kind, @processor, @askedAs, @fingerprint, @Amount, @Held,
                    @OriginalAmount, @OriginalCurrency, @RateId, @answer, @Reason, @now)
                on conflict (processor_transaction_id, processor, kind) where processor is not null do nothing
                returning transaction_id
            ),
            changed as (
                update transactions
                set held = held + @Held, status = @status, cleared_amount = cleared_amount + @cleared, refunded_amount = refunded_amount + @refunded,
                    cleared_at = case when @status = 'Cleared' then coalesce(cleared_at, @now) end
                from recorded
                where transactions.id = recorded.transaction_id
            )
            select exists (select from recorded)
            """,
            new
            {
                operation.Id,
                operation.PartnerId,
                operation.TransactionId,
                kind = operation.Kind.ToString(),
                processor = asking?.Processor,
                askedAs = asking?.TransactionId,
                fingerprint = asking?.Fingerprint,
                operation.Amount,
                operation.Held,
                operation.OriginalAmount,
                operation.OriginalCurrency,
                operation.RateId,
                answer,
                operation.Reason,
                now,
                status = status.ToString(),
                cleared,
                refunded,
            });
}

internal sealed record KeptOperation
{
    public required byte[] Fingerprint { get; init; }
    public required string Answer { get; init; }

    public bool IsFor(Asking asking) => Fingerprint.AsSpan().SequenceEqual(asking.Fingerprint);
}
