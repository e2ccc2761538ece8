using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Credentials;
using Antaca.DataCore.Sessions;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>Takes a PIN out of its reference and keeps the PVV of it alone. An app's call uses up an approval of this card.</summary>
internal static class SetCardPin
{
    private const int Digits = 4;

    public static void MapSetCardPin(this IEndpointRouteBuilder vault) => vault.MapPost("/cards/pin", Handle);

    private static async Task<Results<Ok<CardPinSet>, ProblemHttpResult>> Handle(
        Contracts.Requests.SetCardPin request, Hsm hsm, VaultKeys keys, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (await database.FindVaultCard(request.CardId, request.PartnerId, cancel) is not { } found)
        {
            return VaultProblems.CardNotFound();
        }
        if (hsm.OpenReference(request.Pin.Vault, request.Binding, Guid.Empty, now) is not { Kind: SecretKind.Pin } opened)
        {
            return VaultProblems.ReferenceInvalid();
        }
        if (opened.Secret.Length != Digits || !Pin.TryParse(opened.Secret, out var pin))
        {
            return VaultProblems.PinMalformed();
        }
        using (pin)
        {
            if (pin.IsSimple())
            {
                return VaultProblems.PinTooSimple();
            }
            // Where a key must be made or read first, that takes a connection of its own.
            var key = await keys.PinKeyOf(found.ProgrammeId, cancel);
            await keys.Know(found.KeyVersion, cancel);

            await using var work = await Work.Begin(database, cancel);
            if (request.Approval is { } stepUp
                && !await work.UseApproval(Token.HashOf(stepUp.Approval), stepUp.InstallationId, CreateApproval.Pin, request.CardId, now))
            {
                return VaultProblems.ApprovalRequired();
            }
            if (await work.FindVaultCardForChange(request.CardId, request.PartnerId) is not { } card)
            {
                return VaultProblems.CardNotFound();
            }
            if (!await work.UseOnce([opened], card.CardId, request.Binding, "SetPin", now))
            {
                return VaultProblems.ReferenceInvalid();
            }
            await work.SavePvv(card.CardId, hsm.Pvv(key, await keys.PanOf(card, cancel), pin).Reveal(), now);
            work.Owe(new PinSet(request.PartnerId, request.UserId, card.CardId, now));
            await work.Commit();
            return TypedResults.Ok(new CardPinSet(now));
        }
    }
}
