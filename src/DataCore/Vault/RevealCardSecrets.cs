using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>Refers to a card's secrets for a caller that the card service has let through; the edge resolves them.</summary>
internal static class RevealCardSecrets
{
    public static void MapRevealCardSecrets(this IEndpointRouteBuilder vault) => vault.MapPost("/cards/reveal", Handle);

    private static async Task<Results<Ok<CardSecretReferences>, ProblemHttpResult>> Handle(
        RevealCard request, Hsm hsm, VaultKeys keys, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel) =>
        await database.FindVaultCard(request.CardId, request.PartnerId, cancel) is { } card
            ? TypedResults.Ok(await CardSecrets.Refer(card, request.Binding, hsm, keys, clock.GetUtcNow(), cancel))
            : VaultProblems.CardNotFound();
}
