using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>Refers to all that the plastic of a card bears, for the bureau that the card service has let through; the edge resolves it.</summary>
internal static class PersonaliseCard
{
    /// <summary>ISO/IEC 7813: a chip that works everywhere, authorised as usual, for goods, services and cash.</summary>
    private const string ServiceCode = "201";

    public static void MapPersonaliseCard(this IEndpointRouteBuilder vault) => vault.MapPost("/cards/personalisation", Handle);

    private static async Task<Results<Ok<PersonalisationReferences>, ProblemHttpResult>> Handle(
        Contracts.Requests.PersonaliseCard request, Hsm hsm, VaultKeys keys, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (await database.FindVaultCard(request.CardId, request.PartnerId, cancel) is not { } card)
        {
            return VaultProblems.CardNotFound();
        }
        var now = clock.GetUtcNow();
        var key = await keys.VerificationKeyOf(card.ProgrammeId, cancel);
        var pan = await keys.PanOf(card, cancel);
        return TypedResults.Ok(new PersonalisationReferences(
            ServiceCode,
            Refer(SecretKind.CardNo, pan.Reveal()),
            Refer(SecretKind.Cvv1, hsm.Cvv1(key.Id, pan, card.Expiry, key.Order, ServiceCode).Reveal()),
            Refer(SecretKind.Icvv, hsm.Icvv(key.Id, pan, card.Expiry, key.Order).Reveal()),
            request.Printed ? Refer(SecretKind.Cvv, hsm.Cvv2(key.Id, pan, card.Expiry, key.Order, card.CvvCounter).Reveal()) : null,
            card.Pvv is { } pvv ? Refer(SecretKind.Pvv, pvv) : null));

        VaultReference Refer(SecretKind kind, string secret) => new(hsm.SealReference(kind, secret, request.Binding, card.CardId, now));
    }
}
