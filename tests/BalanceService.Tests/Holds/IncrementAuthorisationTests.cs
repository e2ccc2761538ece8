using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Holds;

public sealed class IncrementAuthorisationTests(LedgerSuite suite) : ProcessorTest(suite)
{
    [Fact]
    public async Task An_increment_holds_more_and_is_cleared_with_the_rest()
    {
        var (balanceId, cardId, authorisation) = await Authorised(1_000, 400);
        var id = NewId();

        var raised = (await Increment(authorisation, 250, id)).Must(200);

        Assert.Equal(("Approved", "0000", 650, 350), (raised["decision"].GetString(), raised["actionCode"].GetString(), raised["held"].GetProperty("amount").GetInt32(), raised["available"].GetProperty("amount").GetInt32()));
        Assert.Matches("^[0-9]{6}$", raised["approvalCode"].GetString());
        Assert.Equal(raised.Bytes, (await Increment(authorisation, 250, id)).Must(200).Bytes);
        (await Increment(authorisation, 251, id)).MustRefuse(409, "TRANSACTION_ID_REUSED");
        Assert.Equal(650, await Held(balanceId));
        (await Clear(authorisation, cardId, Pln(650))).Must(200);
        Assert.Equal((350, 0), (await Posted(balanceId), await Held(balanceId)));
    }

    [Fact]
    public async Task What_is_not_there_is_declined_and_stays_declined()
    {
        var (balanceId, _, authorisation) = await Authorised(1_000, 400);
        var id = NewId();

        var declined = (await Increment(authorisation, 601, id)).Must(200);

        Assert.Equal(("Declined", "1016", "INSUFFICIENT_FUNDS"), (declined["decision"].GetString(), declined["actionCode"].GetString(), declined["reason"].GetString()));
        Assert.Equal(declined.Bytes, (await Increment(authorisation, 601, id)).Must(200).Bytes);
        Assert.Equal(400, await Held(balanceId));
    }

    [Fact]
    public async Task A_locked_card_and_a_blocked_balance_say_no()
    {
        var (user, balanceId) = await Funded(1_000);
        var cardId = await Suite.NewCard(user, balanceId);
        var authorisation = await Authorised(user, balanceId, cardId, 400);
        await Do("update accounts set state = 'Blocked' where id = @id", ("id", balanceId));
        Assert.Equal("BALANCE_NOT_OPEN", (await Increment(authorisation, 1)).Must(200)["reason"].GetString());
        await Do("update accounts set state = 'Open' where id = @id", ("id", balanceId));

        (await Suite.As(user.Caller, "cardservice").Post($"/cards/{cardId}/lock", new { code = 1 })).Must(200);

        var declined = (await Increment(authorisation, 1)).Must(200);
        Assert.Equal(("2008", "CARD_LOST"), (declined["actionCode"].GetString(), declined["reason"].GetString()));
        Assert.Equal(400, await Held(balanceId));
    }

    [Fact]
    public async Task What_holds_nothing_and_what_is_not_there_cannot_be_raised()
    {
        var (balanceId, _, authorisation) = await Authorised(1_000, 400);
        (await Reverse(authorisation)).Must(200);

        (await Increment(authorisation, 100)).MustRefuse(409, "NOTHING_TO_INCREASE");
        (await Increment(Guid.CreateVersion7(), 100)).MustRefuse(404, "AUTHORIZATION_NOT_FOUND");
        (await Another.Post($"/authorizations/{authorisation}/increments", new { transactionId = NewId(), amount = Pln(1) })).MustRefuse(404, "AUTHORIZATION_NOT_FOUND");
        (await Increment(authorisation, 0)).MustRefuse(422, "VALIDATION_FAILED");
        (await Processor.Post($"/authorizations/{authorisation}/increments", new { transactionId = NewId(), amount = new { amount = 1, currency = "JPY" } })).MustRefuse(409, "CURRENCY_MISMATCH");
        Assert.Equal(0, await Held(balanceId));
    }

    [Fact]
    public async Task Two_that_the_money_suffices_for_one_of_at_once_raise_once()
    {
        var (balanceId, _, authorisation) = await Authorised(1_000, 400);

        var answers = await Races.AtOnce(
            Ledger, $"select from accounts where id = '{balanceId}' for update", waiters: 2, () => Increment(authorisation, 400), () => Increment(authorisation, 400));

        Assert.Single(answers, answer => answer.Must(200)["decision"].GetString() == "Approved");
        Assert.Equal(800, await Held(balanceId));
    }

    private Task<Answer> Increment(Guid authorizationId, long amount, string? id = null) =>
        Processor.Post($"/authorizations/{authorizationId}/increments", new { transactionId = id ?? NewId(), amount = Pln(amount) });

    private async Task<(Guid BalanceId, Guid CardId, Guid Authorisation)> Authorised(long money, long amount)
    {
        var (user, balanceId) = await Funded(money);
        var cardId = await Suite.NewCard(user, balanceId);
        return (balanceId, cardId, await Authorised(user, balanceId, cardId, amount));
    }

    private async Task<Guid> Authorised(TestUser user, Guid balanceId, Guid cardId, long amount) =>
        (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, amount).With("cardId", cardId))).Must(200)["authorizationId"].GetGuid();
}
