using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>Judges the PIN block of a transaction by the card's PVV. The PIN stays here, and the tries are counted by whoever asks.</summary>
internal static class VerifyCardPin
{
    private const string NotSet = "NotSet";

    public static void MapVerifyCardPin(this IEndpointRouteBuilder vault) => vault.MapPost("/pins/verify", Handle);

    private static async Task<Results<Ok<CardPinVerified>, ProblemHttpResult>> Handle(
        Contracts.Requests.VerifyCardPin request, Hsm hsm, VaultKeys keys, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (request.Format is not (PinBlockFormats.Iso0 or PinBlockFormats.Iso4))
        {
            return Problems.Invalid("pinBlock.format", "must be ISO-0 or ISO-4");
        }
        if (await database.FindVaultCard(request.CardId, request.PartnerId, cancel) is not { } card)
        {
            return VaultProblems.CardNotFound();
        }
        if (hsm.OpenReference(request.Block.Vault, request.Binding, Guid.Empty, now) is not { Kind: SecretKind.PinBlock } opened)
        {
            return VaultProblems.ReferenceInvalid();
        }
        var outcome = NotSet;
        if (card.Pvv is { } pvv)
        {
            var key = await keys.PinKeyOf(card.ProgrammeId, cancel);
            var pan = await keys.PanOf(card, cancel);
            var format = request.Format == PinBlockFormats.Iso0 ? PinBlockFormat.Iso0 : PinBlockFormat.Iso4;
            outcome = await keys.IsZoneKeyOf(request.Processor, request.KeyId, cancel)
                ? hsm.VerifyPinBlock(request.KeyId, format, Convert.FromHexString(opened.Secret), key, pan, Pvv.Parse(pvv)).ToString()
                : nameof(PinCheck.Unreadable);
        }

        await using var work = await Work.Begin(database, cancel);
        if (!await work.UseOnce([opened], card.CardId, request.Binding, "VerifyPin", now))
        {
            return VaultProblems.ReferenceInvalid();
        }
        await work.Commit();
        return TypedResults.Ok(new CardPinVerified(outcome));
    }
}
