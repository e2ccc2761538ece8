using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Antaca.Client;
using static Antaca.Demo.Walk;

namespace Antaca.Demo;

/// <summary>
/// The first act, as the partner's server and the processor: a user, a balance with money, a virtual card that pays, is reported lost and pays no more; a second
/// card that is suspected of fraud, cleared of it, and pays again.
/// </summary>
internal static class Journey
{
    private const long Reloaded = 500_00;
    private const long Purchase = 125_00;
    private const int EventTimeoutSeconds = 30;
    private const int EventPollMilliseconds = 250;

    private static readonly Merchant _merchant = new("000000012345678", "Corner Bookshop", "5942", "PL");

    /// <summary>Whom and what the next acts are about.</summary>
    public sealed record Outcome(NewUser Holder, User User, Balance Balance, IssuedCard Second);

    public static async Task<Outcome> Make(Walk walk, Sandbox sandbox, CancellationToken cancel)
    {
        var partner = walk.Partner;
        Act("The partner's server");

        await walk.Step(
            "The suite's key for encrypted calls",
            $"as the sandbox's partner, by its certificate, at {sandbox.PartnerAddress}",
            () => partner.GetPublicKey(cancel),
            key => $"{key.Alg}, {key.Enc}, kid {key.Kid}");

        var newUser = SomeUser(sandbox.ProgramId);
        var user = await walk.Step(
            "Register a user",
            $"{newUser.FirstName} {newUser.LastName}, {newUser.Phone}, external id {newUser.ExternalId}",
            () => partner.CreateUser(newUser, cancel: cancel),
            user => $"user {user.Id}, {user.Status}, KYC {user.KycStatus}");
        Expect(user.Status == UserStatus.Active, $"A new user should be Active, not {user.Status}.");

        await walk.Refused(
            "A balance before verification",
            "open a balance",
            () => partner.OpenBalance(user.Id, cancel: cancel),
            "KYC_REQUIRED");

        await walk.Step(
            "The partner verified the user itself",
            "KYC Accepted, reference demo-check",
            async () =>
            {
                await partner.SetKyc(user.Id, KycOutcome.Accepted, "demo-check", cancel);
                return "recorded";
            },
            answer => answer);

        var balance = await walk.Step(
            "Open a balance",
            "in the programme's currency",
            () => partner.OpenBalance(user.Id, cancel: cancel),
            Describe);
        Expect(balance is { Amount: 0, Available: 0, State: BalanceState.Open }, "A new balance should be open and empty.");
        var currency = balance.Currency;

        var reload = await walk.Step(
            "Add money",
            $"{Show(Reloaded, currency)}, under an Idempotency-Key",
            () => partner.Reload(user.Id, balance.Id, new Money(Reloaded, currency), "demo reload", cancel: cancel),
            reload => $"transaction {reload.Id}, {reload.Type}, {Show(reload.Amount.Amount, reload.Amount.Currency)}");
        Expect(reload.Amount == new Money(Reloaded, currency), "The reload should be of the amount that was sent.");

        var card = await IssueCard(walk, user, balance, "Issue a virtual card", cancel);

        var shown = await walk.Step(
            "Show the full card data",
            "the answer comes encrypted for our key alone",
            () => partner.GetCard(user.Id, card.Id, cancel),
            shown => shown.ToString());
        Expect(shown.CardNo == card.CardNo && shown.Cvv == card.Cvv && shown.Exp == card.Exp, "The full data should be that of the issued card.");

        var summary = await walk.Step(
            "Show the card without its secrets",
            $"card {card.Id}",
            () => partner.GetCardSummary(user.Id, card.Id, cancel),
            summary => $"{summary.MaskedCardNo}, {summary.Exp:MM/yy}, {summary.Status}");
        Expect(summary.MaskedCardNo == card.CardNo[..6] + "******" + card.CardNo[^4..], "The masked number should be that of the card.");
        Expect(summary.Status == CardStatus.Active, $"A new virtual card should be Active, not {summary.Status}.");

        var approved = await Authorise(walk, "Pay with it", card, currency, card.Cvv, cancel);
        Expect(approved is { Decision: Decision.Approved, ActionCode: "0000" }, $"The purchase should be approved, not {approved.Reason}.");
        Expect(approved.Available == new Money(Reloaded - Purchase, currency), $"{Show(Reloaded - Purchase, currency)} should be left.");

        var wrongCvv = card.Cvv == "000" ? "001" : "000";
        var declined = await Authorise(walk, "Pay with a wrong CVV", card, currency, wrongCvv, cancel);
        Expect(declined is { Decision: Decision.Declined, ActionCode: "1022" }, $"A wrong CVV should be declined with 1022, not {declined.ActionCode}.");

        await ExpectBalance(walk, user, balance, held: Purchase, cancel);

        var locked = await walk.Step(
            "The card is lost",
            "lock with code 1",
            () => partner.LockCard(user.Id, card.Id, LockCode.Lost, cancel: cancel),
            Describe);
        Expect(locked is { Status: CardStatus.Locked, Lock: { Code: LockCode.Lost, Irreversible: true } }, "The card should be locked for good, as lost.");

        declined = await Authorise(walk, "Pay with the lost card", card, currency, card.Cvv, cancel);
        Expect(declined is { Decision: Decision.Declined, ActionCode: "2008" }, $"A lost card should be declined with 2008, not {declined.ActionCode}.");

        await walk.Refused(
            "Unlock the lost card",
            "unlock",
            () => partner.UnlockCard(user.Id, card.Id, cancel: cancel),
            "LOCK_IRREVERSIBLE");

        var second = await IssueCard(walk, user, balance, "Issue a second card", cancel);
        Expect(second.CardNo != card.CardNo, "The second card should have a number of its own.");

        await walk.Step(
            "Something looks like fraud",
            "lock the second card with code 7",
            () => partner.LockCard(user.Id, second.Id, LockCode.SuspectedFraud, cancel: cancel),
            Describe);
        declined = await Authorise(walk, "Pay with the suspected card", second, currency, second.Cvv, cancel);
        Expect(declined is { Decision: Decision.Declined, ActionCode: "1002" }, $"A suspected card should be declined with 1002, not {declined.ActionCode}.");

        var unlocked = await walk.Step(
            "It was no fraud",
            "unlock the second card",
            () => partner.UnlockCard(user.Id, second.Id, cancel: cancel),
            Describe);
        Expect(unlocked is { Status: CardStatus.Active, Lock: null }, "The second card should be active again.");

        approved = await Authorise(walk, "Pay with the second card", second, currency, second.Cvv, cancel);
        Expect(approved is { Decision: Decision.Approved, ActionCode: "0000" }, $"The purchase should be approved, not {approved.Reason}.");
        await ExpectBalance(walk, user, balance, held: 2 * Purchase, cancel);

        await walk.Step(
            "The lock of the first card as an event",
            "read the partner's event log until it is there",
            () => WaitFor(partner, "card.locked", card.Id, cancel),
            told => $"{told.Type}, number {told.Sequence}, {told.OccurredAt:yyyy-MM-dd HH:mm:ss} UTC");

        CardPicture.Draw(unlocked, newUser);
        return new Outcome(newUser, user, balance, second);
    }

    private static Task<IssuedCard> IssueCard(Walk walk, User user, Balance balance, string title, CancellationToken cancel) => walk.Step(
        title,
        "balance and cardholder's name, sealed for the suite's key",
        () => walk.Partner.CreateVirtualCard(user.Id, balance.Id, $"{user.FirstName} {user.LastName}", cancel: cancel),
        card => card.ToString());

    private static Task<Authorisation> Authorise(Walk walk, string title, IssuedCard card, string currency, string cvv, CancellationToken cancel) => Authorise(
        walk,
        title,
        $"{Masked(card.CardNo)}, {card.Exp:MM/yy}, CVV ***",
        new Money(Purchase, currency),
        payment => payment with { CardNo = card.CardNo, Exp = card.Exp, Cvv = cvv },
        cancel);

    /// <param name="walk">Takes the step.</param>
    /// <param name="title">What is done, for people.</param>
    /// <param name="card">The card for people, its secrets masked.</param>
    /// <param name="amount">What is paid.</param>
    /// <param name="with">Names the card.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public static Task<Authorisation> Authorise(
        Walk walk, string title, string card, Money amount, Func<AuthorisationRequest, AuthorisationRequest> with, CancellationToken cancel)
    {
        var request = with(new AuthorisationRequest
        {
            TransactionId = "demo-" + RandomNumberGenerator.GetHexString(16, lowercase: true),
            Type = AuthorisationType.Purchase,
            Amount = amount,
            Merchant = _merchant,
            Channel = EntryChannel.Ecommerce,
            TransmittedAt = TimeProvider.System.GetUtcNow(),
        });
        return walk.Step(
            title,
            $"as the processor: {card}, {Show(amount.Amount, amount.Currency)} at {_merchant.Name}",
            () => walk.Processor.Authorise(request, cancel),
            answer => answer.Decision == Decision.Approved
                ? $"Approved {answer.ActionCode}, approval code {answer.ApprovalCode}, {Show(answer.Available!.Value.Amount, amount.Currency)} left"
                : $"{answer.Decision} {answer.ActionCode} {answer.Reason}");
    }

    private static async Task ExpectBalance(Walk walk, User user, Balance balance, long held, CancellationToken cancel)
    {
        var now = await walk.Step("The balance", $"balance {balance.Id}", () => walk.Partner.GetBalance(user.Id, balance.Id, cancel), Describe);
        Expect(
            now.Amount == Reloaded && now.Held == held && now.Available == Reloaded - held,
            $"The balance should hold {Show(held, now.Currency)} of {Show(Reloaded, now.Currency)}, not {Show(now.Held, now.Currency)} of {Show(now.Amount, now.Currency)}.");
    }

    /// <summary>The event of this type about this card, once the partner's log has it.</summary>
    public static async Task<PartnerEvent> WaitFor(AntacaClient partner, string type, Guid cardId, CancellationToken cancel)
    {
        var since = Stopwatch.GetTimestamp();
        var after = 0L;
        while (Stopwatch.GetElapsedTime(since).TotalSeconds < EventTimeoutSeconds)
        {
            var page = await partner.ListEvents(after, AntacaClient.MaxPageSize, cancel);
            if (page.Items.FirstOrDefault(told => told.Type == type && told.Data.GetProperty("cardId").GetGuid() == cardId) is { } found)
            {
                return found;
            }
            if (page.Items.Count > 0)
            {
                after = page.Items[^1].Sequence;
            }
            if (page.Items.Count < AntacaClient.MaxPageSize)
            {
                await Task.Delay(EventPollMilliseconds, cancel);
            }
        }
        throw new DemoException($"The event {type} should have come within {EventTimeoutSeconds} seconds.");
    }

    private static string Describe(Balance balance) =>
        $"balance {balance.Id}, {Show(balance.Amount, balance.Currency)}, held {Show(balance.Held, balance.Currency)}, available {Show(balance.Available, balance.Currency)}";

    public static string Describe(Card card) =>
        $"{card.MaskedCardNo}, {card.Status}{(card.Lock is { } stopped ? $": {stopped.Reason}{(stopped.Irreversible ? ", irreversible" : "")}" : "")}";

    public static string Masked(string cardNo) => cardNo[..6] + "******" + cardNo[^4..];

    private static NewUser SomeUser(Guid programId)
    {
        // Another user each time: phone, e-mail and external id are unique in the programme.
        var number = RandomNumberGenerator.GetInt32(100_000_000).ToString("D8", CultureInfo.InvariantCulture);
        return new NewUser
        {
            ProgramId = programId,
            ExternalId = "demo-" + RandomNumberGenerator.GetHexString(12, lowercase: true),
            Phone = "+486" + number,
            Email = $"anna.{RandomNumberGenerator.GetHexString(12, lowercase: true)}@example.com",
            FirstName = "Anna",
            LastName = "Nowak",
            BirthDate = new DateOnly(1990, 5, 17),
            Nationality = "PL",
            Address = new Address("ul. Prosta 1", "Warszawa", "00-001", "PL"),
        };
    }
}
