using Antaca.CardService.Viewing;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Antaca.CardService.Secrets;

/// <summary>
/// Gives a card that nobody printed a CVV on another one; the old one is declined from here on. An app sends an approval of
/// its user's, and sees the new one; an operator sees the card alone.
/// </summary>
internal static class ResetCvv
{
    public static void MapResetCvv(this IEndpointRouteBuilder cards) =>
        cards.MapPost("/{cardId:guid}/cvv", Handle).AdmitsEveryOperator()
            .WithSummary("Resets the CVV of a card").WithDescription("Of a virtual or Digital First card; the old CVV is declined from here on. An app sends an approval for card.reveal, which is used up, and sees the new one. Operators hear of the card without it.")
            .Produces<GetCard.FullCard>(200).AnswersOperators<CardView>(200)
            .Refuses(CardProblems.NotFound(), CardProblems.CvvPrinted(), CardProblems.NotAlive(CardStatus.Removed))
            .Refuses(403, "APPROVAL_REQUIRED");

    private static async Task<Results<Ok<GetCard.FullCard>, Ok<CardView>, ProblemHttpResult>> Handle(
        Guid cardId,
        [FromHeader(Name = GetCard.ApprovalHeader)] string? approval,
        Caller caller,
        Idempotency once,
        NpgsqlDataSource database,
        [FromKeyedServices("datacore")] Peer dataCore,
        CancellationToken cancel)
    {
        if (caller.Channel == Channel.Secure)
        {
            return Problems.OfStatus(StatusCodes.Status403Forbidden);
        }
        if (await database.Find(cardId, caller, cancel) is not { } card)
        {
            return CardProblems.NotFound();
        }
        if (!card.MayResetCvv)
        {
            return CardProblems.CvvPrinted();
        }
        if (!card.IsAlive)
        {
            return CardProblems.NotAlive(card.Status);
        }

        Work.Audit(userId: card.UserId, partnerId: card.PartnerId);
        var asked = new ResetCardCvv(card.Id, card.PartnerId, card.UserId, once.RequestId(), caller.Binding, StepUps.Of(caller, approval));
        var reset = await dataCore.Post<ResetCardCvv, CardSecretReferences>("/internal/vault/cards/cvv", asked, cancel);
        if (reset.Code == "APPROVAL_REQUIRED")
        {
            return reset.Refusal();
        }
        if (reset.ValueOrNothing is not { } secrets)
        {
            return CardProblems.NotFound();
        }
        // The write was the vault's; its audit entry goes with ours.
        await using (var work = await Work.Begin(database, cancel))
        {
            await work.Commit();
        }
        return caller.IsOperator
            ? TypedResults.Ok(CardView.Of(card, caller))
            : TypedResults.Ok(new GetCard.FullCard(card.Id, card.Type, secrets.Cvv, secrets.CardNo, card.Exp));
    }
}
