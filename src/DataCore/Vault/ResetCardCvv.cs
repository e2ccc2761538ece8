using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Credentials;
using Antaca.DataCore.Sessions;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>Gives a card another CVV2, once for each request, and refers to its secrets. The old one is no good from here on.</summary>
internal static class ResetCardCvv
{
    public static void MapResetCardCvv(this IEndpointRouteBuilder vault) => vault.MapPost("/cards/cvv", Handle);

    private static async Task<Results<Ok<CardSecretReferences>, ProblemHttpResult>> Handle(
        Contracts.Requests.ResetCardCvv request, Hsm hsm, VaultKeys keys, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (await database.FindVaultCard(request.CardId, request.PartnerId, cancel) is not { } found)
        {
            return VaultProblems.CardNotFound();
        }
        // Where a key must be made or read first, that takes a connection of its own.
        var key = await keys.VerificationKeyOf(found.ProgrammeId, cancel);
        await keys.Know(found.KeyVersion, cancel);

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (request.Approval is { } stepUp
            && !await work.UseApproval(Token.HashOf(stepUp.Approval), stepUp.InstallationId, CreateApproval.Reveal, request.CardId, now))
        {
            return VaultProblems.ApprovalRequired();
        }
        if (await work.FindVaultCardForChange(request.CardId, request.PartnerId) is not { } card)
        {
            return VaultProblems.CardNotFound();
        }
        if (await work.AddCvvReset(request.RequestId, card.CardId, now))
        {
            var counter = hsm.NextCvvCounter(key.Id, await keys.PanOf(card, cancel), card.Expiry, key.Order, card.CvvCounter);
            await work.SaveCvvCounter(card.CardId, counter);
            work.Owe(new CvvReset(request.PartnerId, request.UserId, card.CardId, now));
            card = card with { CvvCounter = counter };
        }
        var references = await CardSecrets.Refer(card, request.Binding, hsm, keys, now, cancel);
        await work.Commit();
        return TypedResults.Ok(references);
    }
}
