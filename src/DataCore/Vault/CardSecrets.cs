using Antaca.Contracts.Requests;

namespace Antaca.DataCore.Vault;

/// <summary>One-time references to a card's number and CVV2, bound to the caller and the card.</summary>
internal static class CardSecrets
{
    public static async Task<CardSecretReferences> Refer(VaultCard card, string binding, Hsm hsm, VaultKeys keys, DateTimeOffset now, CancellationToken cancel)
    {
        var pan = await keys.PanOf(card, cancel);
        var key = await keys.VerificationKeyOf(card.ProgrammeId, cancel);
        var cvv = hsm.Cvv2(key.Id, pan, card.Expiry, key.Order, card.CvvCounter);
        return new CardSecretReferences(
            card.MaskedPan,
            new VaultReference(hsm.SealReference(SecretKind.CardNo, pan.Reveal(), binding, card.CardId, now)),
            new VaultReference(hsm.SealReference(SecretKind.Cvv, cvv.Reveal(), binding, card.CardId, now)));
    }
}
