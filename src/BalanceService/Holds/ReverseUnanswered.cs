using System.Diagnostics.Metrics;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.RemoteBalances;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.BalanceService.Holds;

/// <summary>
/// Lets go of what an authorisation holds that CardService had no answer to in time: the processor was told that there is none, so
/// no money may stay behind. Where it has not been decided yet, it is declined when it is; where the processor has asked again since
/// and was told, it stands.
/// </summary>
internal sealed class ReverseUnanswered(NpgsqlDataSource database, TimeProvider clock) : IConsumer<AuthorisationUnanswered>
{
    public const string AnsweredLate = "ANSWERED_LATE";

    /// <summary>How long the processor has to ask again and hear the decision, before it is taken back.</summary>
    public const int GraceSeconds = 5;

    private static readonly Counter<long> _late = LedgerMeter.Meter.CreateCounter<long>("antaca.authorisations.late", "{authorisation}", "Authorisations that were decided too late for the processor, and reversed.");

    public async Task Consume(ConsumeContext<AuthorisationUnanswered> context)
    {
        var unanswered = context.Message;
        var grace = unanswered.OccurredAt.AddSeconds(GraceSeconds) - clock.GetUtcNow();
        if (grace > TimeSpan.Zero)
        {
            await Task.Delay(grace, clock, context.CancellationToken);
        }
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, context.CancellationToken);
        if (!await work.FirstTime(context.EventId(), nameof(ReverseUnanswered), now))
        {
            return;
        }
        var accounts = await work.LockAccounts(unanswered.BalanceId, AccountKind.Credit, AccountKind.Deposit);
        var balance = accounts.FirstOrDefault(account => account.Kind == AccountKind.User && account.PartnerId == unanswered.PartnerId);
        if (balance is null)
        {
            return;
        }
        var authorisation = await work.FindOpen(unanswered.TransactionId, unanswered.Type, unanswered.Processor);
        if (authorisation is null)
        {
            var id = Guid.CreateVersion7(now);
            await work.DeclineInAdvance(id, balance, unanswered.CardId, unanswered.Processor, unanswered.TransactionId, unanswered.Type, now);
            if (balance.Holder == BalanceHolder.Partner)
            {
                var reference = RemoteReference.Of(unanswered.Processor, unanswered.TransactionId, unanswered.Type);
                await work.OweToPartner(RemoteMessage.Undo(RemoteBalance.Of(balance), reference, id, unanswered.CardId, null, null, AnsweredLate, now));
            }
        }
        else if (authorisation.WasToldBesides(unanswered.Attempt))
        {
            await work.ForgetAttempt(authorisation.Id, unanswered.Attempt);
        }
        else if (authorisation is { Held: > 0, ClearedAmount: 0 })
        {
            var reversal = new Operation
            {
                Id = Guid.CreateVersion7(now),
                PartnerId = authorisation.PartnerId,
                TransactionId = authorisation.Id,
                Kind = OperationKind.Reversal,
                Amount = authorisation.Held,
                Held = -authorisation.Held,
                Reason = AnsweredLate,
            };
            await work.Record(reversal, asking: null, answer: null, TransactionStatus.Reversed, cleared: 0, refunded: 0, now);
            if (authorisation.Remote)
            {
                await work.OweToPartner(RemoteMessage.Reversal(RemoteBalance.Of(balance), authorisation.Reference, authorisation.Id, authorisation.CardId, reversal, held: 0, now));
            }
            work.Owe(ReverseAuthorisation.Event(authorisation, authorisation.Held, AnsweredLate, now));
            _late.Add(1);
        }
        await work.Commit();
    }
}
