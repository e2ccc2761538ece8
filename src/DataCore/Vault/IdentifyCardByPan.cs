using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>Finds the card of a number from outside, and says whether expiry and CVV2 are its own. The number stays here.</summary>
internal static class IdentifyCardByPan
{
    public static void MapIdentifyCardByPan(this IEndpointRouteBuilder vault) => vault.MapPost("/identify", Handle);

    private static async Task<Results<Ok<IdentifiedCard>, ProblemHttpResult>> Handle(
        IdentifyCard request, Hsm hsm, VaultKeys keys, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        List<OpenedReference> opened = [];
        foreach (var (reference, kind) in new[] { (request.CardNo, SecretKind.CardNo), (request.Cvv, SecretKind.Cvv) })
        {
            if (reference is null)
            {
                continue;
            }
            if (hsm.OpenReference(reference.Vault, request.Binding, Guid.Empty, now) is not { } open || open.Kind != kind)
            {
                return VaultProblems.ReferenceInvalid();
            }
            opened.Add(open);
        }

        await using var work = await Work.Begin(database, cancel);
        var card = Pan.TryParse(opened[0].Secret, out var pan) ? await work.FindByPanHmac(hsm.Lookup(pan)) : null;
        if (!await work.UseOnce(opened, card?.CardId, request.Binding, "Identify", now))
        {
            return VaultProblems.ReferenceInvalid();
        }
        await work.Commit();
        if (card is null)
        {
            return VaultProblems.NumberNotFound();
        }
        bool? cvvMatches = null;
        if (request.Cvv is not null)
        {
            var key = await keys.VerificationKeyOf(card.ProgrammeId, cancel);
            cvvMatches = Cvv.TryParse(opened[1].Secret, out var cvv) && hsm.VerifyCvv2(key.Id, pan, card.Expiry, key.Order, card.CvvCounter, cvv);
        }
        return TypedResults.Ok(new IdentifiedCard(card.CardId, request.Expiry is { } expiry ? expiry == card.Expiry : null, cvvMatches));
    }
}
