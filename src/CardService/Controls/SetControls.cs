using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Controls;

/// <summary>
/// Says what a card may be used for, in place of all that the same side said before. A user's rules are one side's, the
/// partner's and the operators' the other's: each can only make the card stricter than the other has it.
/// </summary>
internal static class SetControls
{
    private const string User = "User";
    private const string Issuer = "Issuer";

    public static void MapSetControls(this IEndpointRouteBuilder cards) =>
        cards.MapPut("/{cardId:guid}/controls", Handle).AdmitsOperators(Role.Manager, Role.Admin)
            .WithSummary("Says what a card may be used for")
            .WithDescription("All rules at once: those that are not named are gone. An app sets its user's rules, a partner or an operator the issuer's; both hold, and the programme's besides. A transaction that a rule forbids is declined with 1000 and says which.")
            .Example(new SpendRules(
                [new LimitRule(SpendWindow.Month, Amount: 200_000), new LimitRule(SpendWindow.Day, Uses: 20)],
                new ChannelRule(Atm: false),
                Mcc: new AllowDenyRule(Deny: ["7995"]),
                Countries: new AllowDenyRule(Allow: ["PL", "DE"])))
            .Refuses(CardProblems.NotFound(), CardProblems.NotAlive(CardStatus.Removed));

    private static async Task<Results<Ok<ControlsView>, ProblemHttpResult>> Handle(
        Guid cardId, SpendRules rules, Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var faults = new Faults().UnlessSpendRules(rules);
        if (faults.Any)
        {
            return faults.Problem();
        }

        await using var work = await Work.Begin(database, cancel);
        if (await work.FindControlsForChange(cardId, caller) is not { } card)
        {
            return CardProblems.NotFound();
        }
        if (!card.MayBeControlled)
        {
            return CardProblems.NotAlive(card.Status);
        }
        Work.Audit(userId: card.UserId, partnerId: card.PartnerId);
        var kept = rules.Kept();
        var owner = caller.Channel == Channel.Customers ? User : Issuer;
        var changed = owner == User ? await work.SaveUserControls(card.Id, kept) : await work.SaveIssuerControls(card.Id, kept);
        if (changed)
        {
            work.Owe(new CardControlsChanged(card.PartnerId, card.UserId, card.Id, owner, clock.GetUtcNow()));
        }
        await work.Commit();
        return TypedResults.Ok(ControlsView.Of(owner == User ? card with { UserControls = kept } : card with { IssuerControls = kept }));
    }
}
