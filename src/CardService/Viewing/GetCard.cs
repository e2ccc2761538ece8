using Antaca.CardService.Secrets;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Antaca.CardService.Viewing;

/// <summary>
/// The full data of a card, its secrets as one-time references that only this caller's answer can resolve. An app sends an
/// approval of its user's, which the vault uses up. No operator ever sees it.
/// </summary>
internal static class GetCard
{
    public const string ApprovalHeader = "Approval";

    internal sealed record FullCard(Guid Id, CardType Type, VaultReference Cvv, VaultReference CardNo, DateOnly Exp);

    public static void MapGetCard(this IEndpointRouteBuilder cards) =>
        cards.MapGet("/{cardId:guid}", Handle)
            .WithSummary("Shows the full data of a card").WithDescription("With number, CVV and expiry. An app sends an approval of its user's, which is used up. No operator ever sees it.")
            .Refuses(CardProblems.NotFound())
            .Refuses(403, "APPROVAL_REQUIRED");

    private static async Task<Results<Ok<FullCard>, ProblemHttpResult>> Handle(
        Guid cardId,
        [FromHeader(Name = ApprovalHeader)] string? approval,
        Caller caller,
        NpgsqlDataSource database,
        [FromKeyedServices("datacore")] Peer dataCore,
        CancellationToken cancel)
    {
        var card = await database.Find(cardId, caller, cancel);
        if (card is null)
        {
            return CardProblems.NotFound();
        }

        var revealed = await dataCore.Post<RevealCard, CardSecretReferences>(
            "/internal/vault/cards/reveal", new RevealCard(card.Id, card.PartnerId, caller.Binding, StepUps.Of(caller, approval)), cancel);
        if (revealed.Code == "APPROVAL_REQUIRED")
        {
            return revealed.Refusal();
        }
        return revealed.ValueOrNothing is { } secrets
            ? TypedResults.Ok(new FullCard(card.Id, card.Type, secrets.Cvv, secrets.CardNo, card.Exp))
            : CardProblems.NotFound();
    }
}
