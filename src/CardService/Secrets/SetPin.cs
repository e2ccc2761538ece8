using Antaca.CardService.Viewing;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Antaca.CardService.Secrets;

/// <summary>
/// Sets the PIN of a card of plastic, and gives its tries back. The PIN goes past here as a one-time reference. A lock stays:
/// it is lifted by whoever may. An app sends an approval of its user's.
/// </summary>
internal static class SetPin
{
    internal sealed record Request(VaultReference Pin);

    public static void MapSetPin(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/{cardId:guid}/pin", Handle).Produces<CardView>()
            .WithSummary("Sets the PIN of a card").WithDescription("Of a physical or Digital First card; four digits that are not the first to be guessed. An app sends an approval for card.pin, which is used up.")
            .Example(new { pin = "7391" })
            .Refuses(CardProblems.NotFound(), CardProblems.HasNoPin(), CardProblems.NotAlive(CardStatus.Removed))
            .Refuses(403, "APPROVAL_REQUIRED")
            .Refuses(422, "PIN_TOO_SIMPLE");

    private static async Task<IResult> Handle(
        Guid cardId,
        Request request,
        [FromHeader(Name = GetCard.ApprovalHeader)] string? approval,
        Caller caller,
        Idempotency once,
        NpgsqlDataSource database,
        [FromKeyedServices("datacore")] Peer dataCore,
        CancellationToken cancel)
    {
        // Not held while the vault is asked: whoever locks or removes the card meanwhile need not wait, and the vault sets no PIN
        // of a card whose number it has destroyed.
        if (await database.Find(cardId, caller, cancel) is not { } card)
        {
            return CardProblems.NotFound();
        }
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, cardId) is { } earlier)
        {
            return earlier;
        }
        if (!card.MayHavePin)
        {
            return CardProblems.HasNoPin();
        }
        if (!card.IsAlive)
        {
            return CardProblems.NotAlive(card.Status);
        }

        Work.Audit(userId: card.UserId, partnerId: card.PartnerId);
        var asked = new SetCardPin(card.Id, card.PartnerId, card.UserId, request.Pin, caller.Binding, StepUps.Of(caller, approval));
        var set = await dataCore.Post<SetCardPin, CardPinSet>("/internal/vault/cards/pin", asked, cancel);
        if (set.Value is not { } pin)
        {
            return set.Refusal();
        }
        await work.SavePin(card.Id, card.PartnerId, pin.SetAt);
        return await work.Answer(once, StatusCodes.Status200OK, CardView.Of(card with { PinTriesLeft = Card.PinTries }, caller));
    }
}
