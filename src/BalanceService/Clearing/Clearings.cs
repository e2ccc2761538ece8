using System.Text.Json;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.Rates;
using Antaca.BalanceService.RemoteBalances;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Antaca.BalanceService.Clearing;

/// <summary>One record of a clearing, as a processor presents it.</summary>
/// <param name="TransactionId">The clearing's own; the same again is the same clearing.</param>
/// <param name="AuthorizationId">Null for a clearing without an authorisation.</param>
/// <param name="Final">Whether no more is to come: then what is left of the hold falls away.</param>
internal sealed record ClearingRecord(
    string TransactionId, Guid CardId, Money Amount, MerchantView Merchant, Guid? AuthorizationId = null, Money? OriginalAmount = null, bool Final = true);

/// <summary>A clearing or a refund on the wire.</summary>
/// <param name="TransactionId">The transaction of ours that it belongs to.</param>
/// <param name="Amount">In the balance's currency.</param>
/// <param name="FromPartner">The part that the partner's own balance bore; negative where it gained.</param>
/// <param name="Held">What the authorisation still holds.</param>
internal sealed record ClearingView(Guid Id, Guid TransactionId, TransactionStatus Status, Money Amount, Money FromPartner, Money Held);

internal enum ClearingKind
{
    Posted,
    CardNotFound,
    AuthorizationNotFound,
    TransactionIdReused,
    CurrencyMismatch,
    LimitExceeded,
}

/// <param name="Answer">As it was kept, byte for byte.</param>
internal sealed record ClearingOutcome(ClearingKind Kind, string? Answer = null);

/// <summary>A record that is ready to be posted.</summary>
/// <param name="Accounts">The balance, then its partner's own; locked.</param>
/// <param name="Amount">In the balance's currency.</param>
/// <param name="Rate">What it was converted with; null where it was in that currency.</param>
/// <param name="Authorised">The authorisation that it names.</param>
internal sealed record Presented(
    ClearingRecord Record, Asking Asking, IReadOnlyList<Account> Accounts, long Amount, ExchangeRate? Rate, OpenTransaction? Authorised, DateTimeOffset Now)
{
    public Account Balance => Accounts[0];

    public bool Remote => Balance.Holder == BalanceHolder.Partner;

    /// <summary>The partner's account behind the balance; null where there is none.</summary>
    public Account? Backing => Accounts.FirstOrDefault(account => account.Opened && account.Kind == (Remote ? AccountKind.Deposit : AccountKind.Credit));

    /// <summary>What the merchant took, where that is in another currency or the processor says so.</summary>
    public Money? Original => Record.OriginalAmount ?? (Rate is null ? null : Record.Amount);
}

/// <summary>
/// Turns holds into entries. The scheme takes what it takes: of a balance that cannot bear it, and of an exchange rate that has
/// moved, the partner's own balance bears the difference.
/// </summary>
internal sealed class Clearings(
    [FromKeyedServices("cardservice")] Peer cardService, ExchangeRates rates, NpgsqlDataSource database, IOptions<JsonOptions> json, TimeProvider clock)
{
    private static readonly AccountKind[] _own = [AccountKind.Partner, AccountKind.Credit, AccountKind.Deposit, AccountKind.Funding, AccountKind.Settlement];

    public Task<ClearingOutcome> Clear(ClearingRecord record, string processor, CancellationToken cancel) =>
        Present(record, processor, OperationKind.Clearing, PostClearing, cancel);

    /// <summary>Gives money back that was cleared: to the balance, or where that is closed, to the partner.</summary>
    public Task<ClearingOutcome> Refund(ClearingRecord record, string processor, CancellationToken cancel) =>
        Present(record, processor, OperationKind.Refund, PostRefund, cancel);

    /// <summary>The account of a card; null where the processor does not serve it.</summary>
    public async Task<Guid?> AccountOf(Guid cardId, string processor, CancellationToken cancel) =>
        (await cardService.FindCard(cardId, processor, cancel))?.BalanceId;

    /// <summary>What clearings and refunds have in common: once for each id, on locked accounts, in the balance's currency, for the card's own authorisation.</summary>
    private async Task<ClearingOutcome> Present(
        ClearingRecord record, string processor, OperationKind kind, Func<Work, Presented, Task<ClearingOutcome>> post, CancellationToken cancel)
    {
        var asking = Asking.For(processor, record.TransactionId, record, json.Value.SerializerOptions);
        if (await AccountOf(record.AuthorizationId, record.CardId, processor, cancel) is not { } accountId)
        {
            return new ClearingOutcome(record.AuthorizationId is null ? ClearingKind.CardNotFound : ClearingKind.AuthorizationNotFound);
        }

        await using var work = await Work.Begin(database, cancel);
        var accounts = await work.LockAccounts(accountId, _own);
        if (await work.FindAnswered(asking, kind) is { } before)
        {
            return before.IsFor(asking) ? new ClearingOutcome(ClearingKind.Posted, before.Answer) : new ClearingOutcome(ClearingKind.TransactionIdReused);
        }
        var balance = accounts[0];
        var rate = await rates.FindFor(record.Amount, balance.Currency, cancel);
        if (rate.In(record.Amount, balance.Currency) is not { } amount)
        {
            return new ClearingOutcome(ClearingKind.CurrencyMismatch);
        }
        var authorised = record.AuthorizationId is { } id ? await work.FindOpen(id, processor) : null;
        if (authorised is not null && authorised.CardId != record.CardId)
        {
            return new ClearingOutcome(ClearingKind.AuthorizationNotFound);
        }
        return await post(work, new Presented(record, asking, accounts, amount, rate, authorised, clock.GetUtcNow()));
    }

    private async Task<ClearingOutcome> PostClearing(Work work, Presented presented)
    {
        var (record, asking, accounts, amount, rate, authorised, now) = presented;
        var (balance, remote, backing, original) = (presented.Balance, presented.Remote, presented.Backing, presented.Original);
        // What was declined may be presented all the same; it is another transaction then.
        var transaction = authorised is { IsAboutMoney: true } ? authorised : null;
        var transactionId = transaction?.Id ?? Guid.CreateVersion7(now);
        var posting = ClearingPosting.Of(new ClearingInputs
        {
            Amount = amount,
            Expected = transaction is null ? null : ExpectedOf(transaction, original),
            Held = transaction?.Held ?? 0,
            Backed = backing is not null && transaction?.BackingId == backing.Id,
            Final = record.Final,
            Available = remote ? null : balance.Available,
            Backing = backing?.Available,
        });

        var moves = new Moves(accounts);
        moves.Add(remote ? backing : balance, -posting.FromUser);
        moves.Add(AccountKind.Partner, -posting.FromPartner);
        moves.Add(AccountKind.Settlement, amount);
        if (backing is not null && !remote)
        {
            moves.Add(backing, -posting.FromCredit);
            moves.Add(AccountKind.Partner, posting.FromCredit - amount);
            moves.Add(AccountKind.Funding, amount);
        }
        if (!moves.MayPost())
        {
            return new ClearingOutcome(ClearingKind.LimitExceeded);
        }

        if (transaction is null)
        {
            await work.RecordUnauthorised(transactionId, TransactionType.Purchase, balance, record.CardId, amount, original, rate?.Id, record.Merchant, now);
        }
        var held = (transaction?.Held ?? 0) - posting.Released;
        var status = held > 0 ? TransactionStatus.Authorized : TransactionStatus.Cleared;
        var operationId = Guid.CreateVersion7(now);
        var answer = JsonSerializer.Serialize(
            new ClearingView(
                operationId, transactionId, status, Money.Of(amount, balance.Currency), Money.Of(posting.FromPartner, balance.Currency), Money.Of(held, balance.Currency)),
            json.Value.SerializerOptions);
        var clearing = new Operation
        {
            Id = operationId,
            PartnerId = balance.PartnerId,
            TransactionId = transactionId,
            Kind = OperationKind.Clearing,
            Amount = amount,
            Held = -posting.Released,
            OriginalAmount = original?.Amount,
            OriginalCurrency = original?.Currency,
            RateId = rate?.Id,
        };
        if (!await work.Record(clearing, asking, answer, status, cleared: transaction is null ? 0 : amount, refunded: 0, now))
        {
            return new ClearingOutcome(ClearingKind.TransactionIdReused);
        }
        await work.Post(balance.PartnerId, transactionId, operationId, balance.Currency, moves.Entries, now);
        if (remote)
        {
            await work.OweToPartner(RemoteMessage.Notice(RemoteBalance.Of(balance), RemoteMessageKind.Clearing, operationId, transactionId, new PartnerNotice(transaction?.Reference ?? transactionId, transaction?.Id, balance.ExternalId!, record.CardId, now)
            {
                Amount = Money.Of(amount, balance.Currency),
                Held = Money.Of(held, balance.Currency),
                OriginalAmount = original,
                Merchant = record.Merchant,
            }));
        }
        work.Owe(new TransactionCleared(
            balance.PartnerId, balance.UserId!.Value, balance.Id, record.CardId, transactionId, operationId, amount, posting.FromPartner, balance.Currency, now));
        await work.Commit();
        return new ClearingOutcome(ClearingKind.Posted, answer);
    }

    private async Task<ClearingOutcome> PostRefund(Work work, Presented presented)
    {
        var (record, asking, accounts, amount, rate, refunded, now) = presented;
        var (balance, remote, backing, original) = (presented.Balance, presented.Remote, presented.Backing, presented.Original);
        var taker = remote ? backing : balance;
        var moves = new Moves(accounts);
        moves.Add(AccountKind.Settlement, -amount);
        if (taker is null or { State: AccountState.Closed })
        {
            moves.Add(AccountKind.Partner, amount);
        }
        else
        {
            moves.Add(taker, amount);
        }
        if (backing is not null && !remote)
        {
            moves.Add(backing, amount);
            moves.Add(AccountKind.Funding, -amount);
        }
        if (!moves.MayPost())
        {
            return new ClearingOutcome(ClearingKind.LimitExceeded);
        }

        var transactionId = Guid.CreateVersion7(now);
        await work.RecordUnauthorised(transactionId, TransactionType.Refund, balance, record.CardId, amount, original, rate?.Id, record.Merchant, now);
        if (refunded is { ClearedAmount: > 0 })
        {
            await work.NoteRefund(refunded.Id, Math.Min(amount, refunded.ClearedAmount - refunded.RefundedAmount));
        }
        var operationId = Guid.CreateVersion7(now);
        var answer = JsonSerializer.Serialize(
            new ClearingView(
                operationId, transactionId, TransactionStatus.Cleared, Money.Of(amount, balance.Currency), Money.Of(0, balance.Currency), Money.Of(0, balance.Currency)),
            json.Value.SerializerOptions);
        var operation = new Operation
        {
            Id = operationId,
            PartnerId = balance.PartnerId,
            TransactionId = transactionId,
            Kind = OperationKind.Refund,
            Amount = amount,
            Held = 0,
            OriginalAmount = original?.Amount,
            OriginalCurrency = original?.Currency,
            RateId = rate?.Id,
        };
        if (!await work.Record(operation, asking, answer, TransactionStatus.Cleared, cleared: 0, refunded: 0, now))
        {
            return new ClearingOutcome(ClearingKind.TransactionIdReused);
        }
        await work.Post(balance.PartnerId, transactionId, operationId, balance.Currency, moves.Entries, now);
        if (remote)
        {
            await work.OweToPartner(RemoteMessage.Notice(RemoteBalance.Of(balance), RemoteMessageKind.Refund, operationId, transactionId, new PartnerNotice(transactionId, refunded?.Id, balance.ExternalId!, record.CardId, now)
            {
                Amount = Money.Of(amount, balance.Currency),
                OriginalAmount = original,
                Merchant = record.Merchant,
                OriginalTransactionId = refunded?.Reference,
            }));
        }
        work.Owe(new TransactionRefunded(balance.PartnerId, balance.UserId!.Value, balance.Id, record.CardId, transactionId, amount, balance.Currency, now));
        await work.Commit();
        return new ClearingOutcome(ClearingKind.Posted, answer);
    }

    /// <summary>Whose account it is about: of the authorisation that is named, or of a card that the processor serves.</summary>
    private async Task<Guid?> AccountOf(Guid? authorizationId, Guid cardId, string processor, CancellationToken cancel)
    {
        if (authorizationId is { } id)
        {
            var authorised = await database.FindCardOf(id, processor, cancel);
            return authorised?.CardId == cardId ? authorised.AccountId : null;
        }
        return await AccountOf(cardId, processor, cancel);
    }

    /// <summary>
    /// What the user owes where the merchant took what was authorised, or a part of it, in the merchant's currency: what it was worth when
    /// it was authorised. Null where that cannot be said.
    /// </summary>
    private static long? ExpectedOf(OpenTransaction transaction, Money? original) =>
        original is { } money && money.Currency == transaction.OriginalCurrency && money.Currency != transaction.Currency && transaction.OriginalAmount > 0
            ? (long)Math.Round((decimal)transaction.Amount * money.Amount / transaction.OriginalAmount.Value, MidpointRounding.AwayFromZero)
            : null;
}

/// <summary>What a posting moves, account by account.</summary>
internal sealed class Moves(IReadOnlyList<Account> accounts)
{
    private readonly Dictionary<Guid, long> _amounts = [];

    public IReadOnlyCollection<(Guid AccountId, long Amount)> Entries => [.. _amounts.Where(move => move.Value != 0).Select(move => (move.Key, move.Value))];

    public void Add(AccountKind own, long amount) => Add(accounts.Single(account => account.Kind == own), amount);

    public void Add(Account? account, long amount)
    {
        if (account is not null)
        {
            _amounts[account.Id] = _amounts.GetValueOrDefault(account.Id) + amount;
        }
    }

    /// <summary>Whether every account still counts exactly.</summary>
    public bool MayPost() => accounts.All(account => account.MayPost(_amounts.GetValueOrDefault(account.Id)));
}

internal static class ClearingStore
{
    /// <summary>A transaction that no authorisation came before.</summary>
    public static Task RecordUnauthorised(
        this Work work, Guid id, TransactionType type, Account balance, Guid cardId, long amount, Money? original, Guid? rateId, MerchantView merchant, DateTimeOffset now) =>
        work.Change(
            """
            insert into transactions (
                id, partner_id, user_id, account_id, card_id, type, status, amount, currency, authorized_at, cleared_at, cleared_amount,
                merchant_mid, merchant_name, merchant_mcc, merchant_country, remote, original_amount, original_currency, rate_id)
            values (
                @id, @PartnerId, @UserId, @accountId, @cardId, @type, 'Cleared', @amount, @Currency, @now, @now, @amount,
                @Mid, @Name, @Mcc, @Country, @remote, @originalAmount, @originalCurrency, @rateId)
            """,
            new
            {
                id,
                balance.PartnerId,
                balance.UserId,
                accountId = balance.Id,
                cardId,
                type = type.ToString(),
                amount,
                balance.Currency,
                now,
                merchant.Mid,
                merchant.Name,
                merchant.Mcc,
                merchant.Country,
                remote = balance.Holder == BalanceHolder.Partner,
                originalAmount = original?.Amount,
                originalCurrency = original?.Currency,
                rateId,
            });

    /// <summary>Notes at a transaction what of it was given back: it no longer counts as spent.</summary>
    public static Task NoteRefund(this Work work, Guid transactionId, long amount) =>
        work.Change("update transactions set refunded_amount = refunded_amount + @amount where id = @transactionId", new { transactionId, amount });
}
