using Antaca.CardService.Plastic;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Issuing;

/// <summary>Gives a begun card its number and makes it true, once however many try: a virtual card is in use, plastic goes to the bureau.</summary>
internal static class FinishCard
{
    /// <summary>How long an unfinished card is left to the request that works on it.</summary>
    public const int ClaimSeconds = 15;

    /// <summary>For references that nobody is to resolve: they end with their 30 seconds.</summary>
    public const string NobodysBinding = "cardservice:nobody";

    /// <summary>A refusal means that there will be no card.</summary>
    /// <param name="binding">Whom the references in the answer are for.</param>
    public static async Task<PeerAnswer<CardSecretReferences>> Finish(
        Card card, string binding, Peer dataCore, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var allocated = await dataCore.Post<AllocatePan, CardSecretReferences>(
            "/internal/vault/cards", new AllocatePan(card.Id, card.PartnerId, card.ProgramId, card.Exp, binding), cancel);
        await using var work = await Work.Begin(database, cancel);
        if (allocated.Code == "BIN_RANGE_FULL")
        {
            await work.Drop(card.Id);
            await work.FailIssueOrder(card.Id, allocated.Code);
            await work.Commit();
            return allocated;
        }
        if (!allocated.Found)
        {
            throw new PeerUnreachableException("datacore", $"refused a number with {allocated.Status} {allocated.Code}", null);
        }

        var now = clock.GetUtcNow();
        var masked = allocated.Value!.MaskedCardNo;
        if (card.Type == CardType.Physical)
        {
            if (await work.Order(card.Id, masked))
            {
                var orderId = await work.BeginOrder(card.Id);
                work.Owe(new PhysicalCardOrdered(card.PartnerId, card.UserId, card.BalanceId, card.Id, orderId!.Value, card.Type.ToString(), now));
            }
        }
        else if (await work.Activate(card.Id, masked, now))
        {
            work.Owe(new CardIssued(card.PartnerId, card.UserId, card.BalanceId, card.Id, card.Type.ToString(), now));
        }
        await work.Commit();
        return allocated;
    }

    /// <summary>The same for a request, which gives the card back when the vault is away: whoever comes next need not wait for its claim to end.</summary>
    public static async Task<PeerAnswer<CardSecretReferences>> FinishOrRelease(
        Card card, string binding, Peer dataCore, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        try
        {
            return await Finish(card, binding, dataCore, database, clock, cancel);
        }
        catch (PeerUnreachableException)
        {
            await using var work = await Work.Begin(database, cancel);
            await work.Release(card.Id, clock.GetUtcNow());
            await work.Commit();
            throw;
        }
    }

    /// <summary>Takes up a card that was begun and left.</summary>
    /// <returns>False while somebody works on it.</returns>
    public static async Task<bool> TakeUp(Card card, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        var now = clock.GetUtcNow();
        var claimed = await work.Claim(card.Id, now, now.AddSeconds(ClaimSeconds));
        await work.Commit();
        return claimed;
    }
}
