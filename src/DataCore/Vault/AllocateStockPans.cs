using System.Diagnostics;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Programmes;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>Gives cards of a programme's stock their PANs, once and all at once: the next numbers of its range through the keyed permutation.</summary>
internal static class AllocateStockPans
{
    private const int MaxCards = 1_000;

    public static void MapAllocateStockPans(this IEndpointRouteBuilder vault) => vault.MapPost("/stock", Handle);

    private static async Task<Results<Ok<AllocatedStock>, ProblemHttpResult>> Handle(
        AllocateStock request, Hsm hsm, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (request.CardIds.Count is 0 or > MaxCards || request.CardIds.Distinct().Count() != request.CardIds.Count)
        {
            return Problems.Invalid("cardIds", $"must be 1 to {MaxCards} different ids");
        }
        if (await Known(request, database, cancel) is { } known)
        {
            return TypedResults.Ok(known);
        }
        if (await database.FindProgramme(request.ProgramId, request.PartnerId, cancel) is null)
        {
            return VaultProblems.ProgramNotFound();
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.TakeNextNumbers(request.ProgramId, request.PartnerId, request.CardIds.Count) is not { } ticket || !PanRange.TryParse(ticket.Range, out var range))
        {
            return VaultProblems.RangeFull();
        }
        var cards = new List<(VaultCard Card, byte[] PanHmac)>(request.CardIds.Count);
        foreach (var (place, cardId) in request.CardIds.Index())
        {
            if (!hsm.TryAllocatePan(range, ticket.Index + place, out var pan))
            {
                return VaultProblems.RangeFull();
            }
            var encrypted = hsm.EncryptPan(cardId, pan);
            var card = new VaultCard
            {
                CardId = cardId,
                ProgrammeId = request.ProgramId,
                KeyVersion = encrypted.KeyVersion,
                Pan = encrypted.Ciphertext,
                MaskedPan = pan.ToString(),
                Expiry = request.Expiry,
                CvvCounter = 0,
            };
            cards.Add((card, hsm.Lookup(pan)));
        }
        if (await work.AddVaultCards(cards, request.PartnerId, now, cancel))
        {
            await work.Commit();
            return TypedResults.Ok(new AllocatedStock([.. cards.Select(card => card.Card.MaskedPan)]));
        }

        // The same request was made at once and won: these numbers go back, and its PANs are the answer.
        return TypedResults.Ok(await Known(request, database, cancel) ?? throw new UnreachableException("Card ids that are taken belong to another partner."));
    }

    /// <summary>What these ids were given before; null when they are new.</summary>
    private static async Task<AllocatedStock?> Known(AllocateStock request, NpgsqlDataSource database, CancellationToken cancel)
    {
        var known = (await database.ListMaskedPans([.. request.CardIds], request.PartnerId, cancel)).ToDictionary(card => card.CardId, card => card.MaskedPan);
        return known.Count == request.CardIds.Count ? new AllocatedStock([.. request.CardIds.Select(id => known[id])]) : null;
    }
}
