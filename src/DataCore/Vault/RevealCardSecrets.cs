using Antaca.Contracts.Requests;
using Antaca.DataCore.Credentials;
using Antaca.DataCore.Sessions;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>
/// Refers to a card's secrets for a caller that the card service has let through; the edge resolves them.
/// An app's call uses up an approval of this card, or sees nothing: the session alone is not enough.
/// </summary>
internal static class RevealCardSecrets
{
    public static void MapRevealCardSecrets(this IEndpointRouteBuilder vault) => vault.MapPost("/cards/reveal", Handle);

    private static async Task<Results<Ok<CardSecretReferences>, ProblemHttpResult>> Handle(
        RevealCard request, Hsm hsm, VaultKeys keys, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (await database.FindVaultCard(request.CardId, request.PartnerId, cancel) is not { } card)
        {
            return VaultProblems.CardNotFound();
        }
        var now = clock.GetUtcNow();
        if (request.Approval is not { } stepUp)
        {
            return TypedResults.Ok(await CardSecrets.Refer(card, request.Binding, hsm, keys, now, cancel));
        }

        // Where a key must be made or read first, that takes a connection of its own.
        await keys.VerificationKeyOf(card.ProgrammeId, cancel);
        await keys.Know(card.KeyVersion, cancel);
        await using var work = await Work.Begin(database, cancel);
        if (!await work.UseApproval(Token.HashOf(stepUp.Approval), stepUp.InstallationId, CreateApproval.Reveal, card.CardId, now))
        {
            return VaultProblems.ApprovalRequired();
        }
        var references = await CardSecrets.Refer(card, request.Binding, hsm, keys, now, cancel);
        await work.Commit();
        return TypedResults.Ok(references);
    }
}
