using System.Diagnostics;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Programmes;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>Gives a card its PAN, once: the next number of the programme's range through the keyed permutation, stored encrypted.</summary>
internal static class AllocateCardPan
{
    public static void MapAllocateCardPan(this IEndpointRouteBuilder vault) => vault.MapPost("/cards", Handle);

    private static async Task<Results<Ok<CardSecretReferences>, ProblemHttpResult>> Handle(
        AllocatePan request, Hsm hsm, VaultKeys keys, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var card = await database.FindVaultCard(request.CardId, request.PartnerId, cancel);
        if (card is null)
        {
            if (await database.IsDestroyed(request.CardId, cancel))
            {
                return VaultProblems.CardRemoved();
            }
            if (await database.FindProgramme(request.ProgramId, request.PartnerId, cancel) is null)
            {
                return VaultProblems.ProgramNotFound();
            }
            card = await AllocateUnderKeyInUse(request, hsm, keys, database, clock.GetUtcNow(), cancel);
            if (card is null)
            {
                return VaultProblems.RangeFull();
            }
        }
        return TypedResults.Ok(await CardSecrets.Refer(card, request.Binding, hsm, keys, clock.GetUtcNow(), cancel));
    }

    /// <summary>A replica that has not heard yet that the data key was replaced and retired reads the new one, and allocates again.</summary>
    private static async Task<VaultCard?> AllocateUnderKeyInUse(
        AllocatePan request, Hsm hsm, VaultKeys keys, NpgsqlDataSource database, DateTimeOffset now, CancellationToken cancel)
    {
        try
        {
            return await Allocate(request, hsm, database, now, cancel);
        }
        catch (PostgresException refused) when (refused.ConstraintName == VaultStore.KeyInUse)
        {
            await keys.Refresh(cancel);
            return await Allocate(request, hsm, database, now, cancel);
        }
    }

    private static async Task<VaultCard?> Allocate(AllocatePan request, Hsm hsm, NpgsqlDataSource database, DateTimeOffset now, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.TakeNextNumber(request.ProgramId, request.PartnerId) is not { } ticket
            || !PanRange.TryParse(ticket.Range, out var range)
            || !hsm.TryAllocatePan(range, ticket.Index, out var pan))
        {
            return null;
        }
        var encrypted = hsm.EncryptPan(request.CardId, pan);
        var card = new VaultCard
        {
            CardId = request.CardId,
            ProgrammeId = request.ProgramId,
            KeyVersion = encrypted.KeyVersion,
            Pan = encrypted.Ciphertext,
            MaskedPan = pan.ToString(),
            Expiry = request.Expiry,
            CvvCounter = 0,
        };
        if (await work.AddVaultCard(card, request.PartnerId, hsm.Lookup(pan), now))
        {
            await work.Commit();
            return card;
        }

        // The same allocation was asked for at once and won: this number goes back, and its PAN is the answer.
        return await database.FindVaultCard(request.CardId, request.PartnerId, cancel)
            ?? throw new UnreachableException("A card id that is taken belongs to another partner.");
    }
}
