using System.Diagnostics;
using Antaca.Client;
using static Antaca.Demo.Walk;

namespace Antaca.Demo;

/// <summary>
/// The fourth act, a card's life: plastic is ordered, made by the bureau, activated and given a PIN; a virtual card is asked for
/// without waiting, gets another CVV in the app, follows on the second card of the first act, and that one is removed.
/// </summary>
internal static class CardLifeJourney
{
    private const long Purchase = 20_00;
    private const int ShownTimeoutSeconds = 30;
    private const int ShownPollMilliseconds = 100;

    /// <summary>What terminals are to ask for. It is shown nowhere.</summary>
    private const string CardPin = "7391";

    public static async Task Make(Walk walk, Journey.Outcome outcome, InMemoryKeyStore phone, CancellationToken cancel)
    {
        Act("A card's life");
        var plastic = await Plastic(walk, outcome, cancel);
        var follower = await AnotherCvv(walk, outcome, phone, cancel);
        await Replace(walk, outcome, follower, cancel);

        var told = await walk.Step(
            "The activation of the plastic as an event",
            "read the partner's event log until it is there",
            () => Journey.WaitFor(walk.Partner, "card.activated", plastic.Id, cancel),
            told => $"{told.Type}, number {told.Sequence}, {told.OccurredAt:yyyy-MM-dd HH:mm:ss} UTC");
        Expect(told.Sequence > 0, "Events should be numbered from 1.");
        CardPicture.Draw(plastic, outcome.Holder);
    }

    private static async Task<Card> Plastic(Walk walk, Journey.Outcome outcome, CancellationToken cancel)
    {
        var (partner, user) = (walk.Partner, outcome.User);
        var wanted = new NewPhysicalCard
        {
            BalanceId = outcome.Balance.Id,
            EmbossName = $"{outcome.Holder.FirstName} {outcome.Holder.LastName}".ToUpperInvariant(),
            DeliveryAddress = outcome.Holder.Address,
        };
        var order = await walk.Step(
            "Order a card of plastic",
            $"{wanted.EmbossName}, to {wanted.DeliveryAddress.City}, sealed for the suite's key",
            () => partner.OrderPhysicalCard(user.Id, wanted, cancel: cancel),
            order => $"order {order.OrderId}, {order.Status}");

        var made = await walk.Step(
            "The bureau has made it",
            $"as the processor: confirm order {order.OrderId}",
            () => walk.Processor.ConfirmPersonalisation(order.OrderId, cancel),
            made => $"{made.Kind} card, {made.Status}");
        Expect(made.Status == OrderStatus.Personalised, $"The order should be Personalised, not {made.Status}.");

        var card = await walk.Step(
            "The user has it in hand",
            $"card {order.CardId}, until it is shown",
            () => WaitForCard(partner, user.Id, order.CardId, cancel),
            Journey.Describe);
        Expect(card is { Type: CardType.Physical, Status: CardStatus.Inactive }, $"New plastic should be Inactive, not {card.Status}.");

        var declined = await AtTerminal("Pay before it is activated");
        Expect(declined is { Decision: Decision.Declined, ActionCode: "1018" }, $"Inactive plastic should be declined with 1018, not {declined.ActionCode}.");

        card = await walk.Step("Activate it", $"card {card.Id}", () => partner.ActivateCard(user.Id, card.Id, cancel: cancel), Journey.Describe);
        Expect(card is { Status: CardStatus.Active, ActivationDate: not null }, $"The card should be Active, not {card.Status}.");

        await walk.Refused(
            "A PIN that anybody would guess",
            "PIN ****, sealed for the suite's key",
            () => partner.SetPin(user.Id, card.Id, "1234", cancel: cancel),
            "PIN_TOO_SIMPLE");
        card = await walk.Step(
            "Set its PIN",
            "PIN ****, sealed for the suite's key",
            () => partner.SetPin(user.Id, card.Id, CardPin, cancel: cancel),
            card => $"{Journey.Describe(card)}, PIN {(card.Pin!.Set ? "set" : "not set")}, {card.Pin.TriesLeft} tries");
        Expect(card.Pin is { Set: true, TriesLeft: 3 }, "The PIN should be set, with three tries.");

        var approved = await AtTerminal("Pay with it");
        Expect(approved is { Decision: Decision.Approved, ActionCode: "0000" }, $"The purchase should be approved, not {approved.Reason}.");
        return card;

        Task<Authorisation> AtTerminal(string title) => Journey.Authorise(
            walk,
            title,
            $"card {card.Id} at a terminal",
            new Money(Purchase, outcome.Balance.Currency),
            payment => payment with { CardId = card.Id, Channel = EntryChannel.Pos },
            cancel);
    }

    private static async Task<Guid> AnotherCvv(Walk walk, Journey.Outcome outcome, InMemoryKeyStore phone, CancellationToken cancel)
    {
        var (partner, user) = (walk.Partner, outcome.User);
        var asked = await walk.Step(
            "Ask for a virtual card without waiting",
            "balance and cardholder's name",
            () => partner.RequestVirtualCard(user.Id, outcome.Balance.Id, $"{user.FirstName} {user.LastName}", cancel: cancel),
            asked => $"request {asked.RequestId}, {asked.Status}");
        var done = await walk.Step(
            "It has come",
            $"ask for request {asked.RequestId} until it is over",
            () => partner.WaitForCard(user.Id, asked.RequestId, cancel: cancel),
            done => $"{done.Status}, card {done.CardId}");
        Expect(done is { Status: CardRequestStatus.Done, CardId: not null }, $"The request should be Done, not {done.Status} {done.Code}.");
        var cardId = done.CardId!.Value;
        var former = await walk.Step("Show it in full", "the answer comes encrypted for our key alone", () => partner.GetCard(user.Id, cardId, cancel), shown => shown.ToString());

        var app = walk.App(phone);
        await walk.Step(
            "The user opens the app again",
            "a challenge, signed with the device's key (ES256)",
            () => app.SignIn(cancel: cancel),
            info => $"session until {info.ExpiresAt:HH:mm:ss} UTC");
        var renewed = await walk.Step(
            "Another CVV, by the device's key",
            "a step-up for this card, once; then the reset, its answer sealed for the device's key",
            () => app.ResetCvv(cardId, cancel: cancel),
            renewed => renewed.ToString());
        Expect(renewed.CardNo == former.CardNo && renewed.Cvv != former.Cvv, "The card should have its number still, and another CVV.");

        var declined = await Online("Pay with the old CVV", former);
        Expect(declined is { Decision: Decision.Declined, ActionCode: "1022" }, $"The old CVV should be declined with 1022, not {declined.ActionCode}.");
        var approved = await Online("Pay with the new CVV", renewed);
        Expect(approved is { Decision: Decision.Approved, ActionCode: "0000" }, $"The purchase should be approved, not {approved.Reason}.");
        await walk.Step(
            "The user closes the app",
            "end the session",
            async () =>
            {
                await app.Logout(cancel);
                return "signed out";
            },
            answer => answer);
        return cardId;

        Task<Authorisation> Online(string title, CardSecrets card) => Journey.Authorise(
            walk,
            title,
            $"{Journey.Masked(card.CardNo)}, {card.Exp:MM/yy}, CVV ***",
            new Money(Purchase, outcome.Balance.Currency),
            payment => payment with { CardNo = card.CardNo, Exp = card.Exp, Cvv = card.Cvv },
            cancel);
    }

    private static async Task Replace(Walk walk, Journey.Outcome outcome, Guid follower, CancellationToken cancel)
    {
        var (partner, user, second) = (walk.Partner, outcome.User, outcome.Second);
        var replaced = await walk.Step(
            "The new card follows on the second one",
            $"lock the second with code 8, replaced by {follower}",
            () => partner.LockCard(user.Id, second.Id, LockCode.Replaced, follower, cancel: cancel),
            card => $"{Journey.Describe(card)}, followed by {card.ReplacedBy}");
        Expect(replaced.Lock is { Code: LockCode.Replaced, Irreversible: true } && replaced.ReplacedBy == follower, "The second card should be replaced by the new one, for good.");

        var declined = await Journey.Authorise(
            walk,
            "Pay with the replaced card",
            $"{Journey.Masked(second.CardNo)}, {second.Exp:MM/yy}, CVV ***",
            new Money(Purchase, outcome.Balance.Currency),
            payment => payment with { CardNo = second.CardNo, Exp = second.Exp, Cvv = second.Cvv },
            cancel);
        Expect(declined is { Decision: Decision.Declined, ActionCode: "1011" }, $"A replaced card should be declined with 1011, not {declined.ActionCode}.");

        var removed = await walk.Step(
            "Remove the replaced card",
            $"card {second.Id}",
            async () =>
            {
                await partner.RemoveCard(user.Id, second.Id, cancel);
                return await partner.GetCardSummary(user.Id, second.Id, cancel);
            },
            Journey.Describe);
        Expect(removed.Status == CardStatus.Removed, $"The card should be Removed, not {removed.Status}.");
    }

    /// <summary>Plastic is shown to its user when the bureau's word has gone round.</summary>
    private static async Task<Card> WaitForCard(AntacaClient partner, Guid userId, Guid cardId, CancellationToken cancel)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await partner.GetCardSummary(userId, cardId, cancel);
            }
            catch (AntacaException refusal) when (refusal.Code == "CARD_NOT_FOUND" && Stopwatch.GetElapsedTime(since).TotalSeconds < ShownTimeoutSeconds)
            {
                await Task.Delay(ShownPollMilliseconds, cancel);
            }
        }
    }
}
