using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Authorisations;

/// <summary>What the PIN of a transaction was found to be.</summary>
internal enum PinOutcome
{
    Right,
    Wrong,

    /// <summary>No PIN can be read from the block: it says nothing of the PIN, and costs no try.</summary>
    Unreadable,
    NotSet,

    /// <summary>The last try was wrong, or there was none left.</summary>
    Exceeded,
}

/// <param name="Format"><c>ISO-0</c> or <c>ISO-4</c> (ISO 9564-1).</param>
/// <param name="Block">As hexadecimal, where the caller wrote it.</param>
/// <param name="KeyId">The processor's PIN key that the block is under.</param>
internal sealed record PinBlock(string Format, VaultReference Block, Guid KeyId);

/// <summary>
/// Has PINs judged and counts the tries. A try is taken before the vault looks, so that however many come at once no more
/// than three PINs are ever looked at between two right ones; the last wrong one stops the card. The same transaction hears
/// the same again, and costs nothing.
/// </summary>
internal sealed class PinChecks([FromKeyedServices("datacore")] Peer dataCore, NpgsqlDataSource database, TimeProvider clock)
{
    /// <summary>Which check this is: a transaction has one.</summary>
    public sealed record Check(string Processor, string TransactionId, string Type);

    /// <returns>Why the transaction is declined, or null for the right PIN.</returns>
    public async Task<(DeclineReason? Decline, ProblemHttpResult? Refusal)> Judge(Card card, Check check, PinBlock block, string binding, CancellationToken cancel)
    {
        if (await TakeTry(card, check, cancel) is { } known)
        {
            return (Reason(known), null);
        }
        var asked = new VerifyCardPin(card.Id, card.PartnerId, check.Processor, block.Format, block.KeyId, block.Block, binding);
        var verified = await dataCore.Post<VerifyCardPin, CardPinVerified>("/internal/vault/pins/verify", asked, cancel);
        if (verified.Value is not { } judged)
        {
            // Nothing was learnt of the PIN.
            await Conclude(card, check, PinOutcome.Unreadable, record: false, cancel);
            return (null, verified.Refusal());
        }
        return (Reason(await Conclude(card, check, Enum.Parse<PinOutcome>(judged.Outcome), record: true, cancel)), null);
    }

    /// <returns>What is known without looking at the PIN; null where a try was taken for it.</returns>
    private async Task<PinOutcome?> TakeTry(Card card, Check check, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.BeginPinCheck(check, card.Id, now) is { } before)
        {
            return Enum.Parse<PinOutcome>(before);
        }
        PinOutcome? known = null;
        if (card.PinTriesLeft is null)
        {
            known = PinOutcome.NotSet;
        }
        else if (!await work.TakePinTry(card.Id))
        {
            known = PinOutcome.Exceeded;
            await Stop(work, card, now);
        }
        if (known is { } outcome)
        {
            await work.SavePinCheck(check, outcome);
        }
        await work.Commit();
        return known;
    }

    private async Task<PinOutcome> Conclude(Card card, Check check, PinOutcome judged, bool record, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        var outcome = judged;
        switch (judged)
        {
            case PinOutcome.Right:
                await work.GivePinTriesBack(card.Id, Card.PinTries);
                break;
            case PinOutcome.Wrong when await Stop(work, card, clock.GetUtcNow()):
                outcome = PinOutcome.Exceeded;
                break;
            case PinOutcome.Unreadable or PinOutcome.NotSet:
                await work.GivePinTriesBack(card.Id, 1);
                break;
        }
        if (record)
        {
            await work.SavePinCheck(check, outcome);
        }
        await work.Commit();
        return outcome;
    }

    /// <summary>Stops the card if it is in use and has no try left.</summary>
    private static async Task<bool> Stop(Work work, Card card, DateTimeOffset now)
    {
        if (!await work.LockForPin(card.Id, now))
        {
            return false;
        }
        work.Owe(new CardLocked(card.PartnerId, card.UserId, card.Id, Locks.LockReason.PinTriesExceeded, now));
        return true;
    }

    private static DeclineReason? Reason(PinOutcome outcome) => outcome switch
    {
        PinOutcome.Right => null,
        PinOutcome.Wrong => new DeclineReason(ActionCodes.WrongPin, "WRONG_PIN"),
        PinOutcome.Exceeded => new DeclineReason(ActionCodes.PinTriesExceeded, "PIN_TRIES_EXCEEDED"),
        PinOutcome.NotSet => new DeclineReason(ActionCodes.Other, "PIN_NOT_SET"),
        PinOutcome.Unreadable => new DeclineReason(ActionCodes.Other, "PIN_BLOCK_INVALID"),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };
}

internal static class PinCheckStore
{
    /// <summary>Begins the check of a transaction, or says what an earlier one found.</summary>
    public static Task<string?> BeginPinCheck(this Work work, PinChecks.Check check, Guid cardId, DateTimeOffset now) =>
        work.One<string?>(
            """
            insert into pin_checks (processor, transaction_id, type, card_id, checked_at)
            values (@Processor, @TransactionId, @Type, @cardId, @now)
            on conflict (processor, transaction_id, type) do update set outcome = pin_checks.outcome
            returning outcome
            """,
            new { check.Processor, check.TransactionId, check.Type, cardId, now });

    public static Task SavePinCheck(this Work work, PinChecks.Check check, PinOutcome outcome) =>
        work.Change(
            "update pin_checks set outcome = @outcome where processor = @Processor and transaction_id = @TransactionId and type = @Type and outcome is null",
            new { check.Processor, check.TransactionId, check.Type, outcome = outcome.ToString() });

    public static Task ForgetPinChecks(this Work work, DateTimeOffset before) =>
        work.Change("delete from pin_checks where checked_at < @before", new { before });

    /// <returns>False when none is left.</returns>
    public static async Task<bool> TakePinTry(this Work work, Guid cardId) =>
        await work.Change("update cards set pin_tries_left = pin_tries_left - 1 where id = @cardId and status = 'Active' and pin_tries_left > 0", new { cardId }) == 1;

    public static Task GivePinTriesBack(this Work work, Guid cardId, short tries) =>
        work.Change(
            "update cards set pin_tries_left = least(pin_tries_left + @tries, @most) where id = @cardId and status = 'Active'",
            new { cardId, tries, most = Card.PinTries });

    public static async Task<bool> LockForPin(this Work work, Guid cardId, DateTimeOffset now) =>
        await work.Change(
            """
            update cards
            set status = 'Locked', lock_code = @code, lock_source = 'System', locked_at = @now
            where id = @cardId and status = 'Active' and pin_tries_left = 0
            """,
            new { cardId, code = Locks.LockReason.PinTriesExceeded, now }) == 1;
}
