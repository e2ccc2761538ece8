using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Clearing;

public sealed class ClearTransactionTests(LedgerSuite suite) : ProcessorTest(suite)
{
    [Theory]
    [InlineData(400, 600, 400, 0)]
    [InlineData(150, 850, 150, 0)]
    [InlineData(700, 300, 700, 0)]
    [InlineData(1_200, 0, 1_200, -200)]
    public async Task As_much_less_or_more_is_posted_and_the_partner_bears_what_is_not_there(long amount, long left, long settled, long partner)
    {
        var (user, balanceId) = await FundedOfNewPartner(1_000);
        var authorisation = await Authorised(user, balanceId, 400);

        Answer cleared = null!;
        var owed = await EventsOwed(async () =>
        {
            cleared = (await Clear(authorisation, user.UserId, Pln(amount))).Must(200);
            return balanceId;
        });

        Assert.Equal((authorisation, "Cleared", amount, -partner), (cleared["transactionId"].GetGuid(), cleared["status"].GetString(), cleared["amount"].GetProperty("amount").GetInt64(), cleared["fromPartner"].GetProperty("amount").GetInt64()));
        Assert.Equal((left, 0, settled, partner), (await Posted(balanceId), await Held(balanceId), await Own(user, "Settlement"), await Own(user, "Partner")));
        Assert.Equal("Cleared", await Status(authorisation));
        var told = Assert.Single(owed, happened => happened.Type == "TransactionCleared").Body;
        Assert.Equal((authorisation, amount, -partner), (told.GetProperty("transactionId").GetGuid(), told.GetProperty("amount").GetInt64(), told.GetProperty("fromPartner").GetInt64()));
        var shown = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions")).Must(200)["items"][0];
        Assert.Equal(("Cleared", amount), (shown.GetProperty("status").GetString(), shown.GetProperty("amount").GetProperty("amount").GetInt64()));
    }

    [Fact]
    public async Task Several_clearings_eat_up_the_hold_and_the_last_lets_go_of_the_rest()
    {
        var (user, balanceId) = await FundedOfNewPartner(1_000);
        var authorisation = await Authorised(user, balanceId, 400);

        var first = (await Clear(authorisation, user.UserId, Pln(150), final: false)).Must(200);
        Assert.Equal(("Authorized", 250), (first["status"].GetString(), first["held"].GetProperty("amount").GetInt32()));
        Assert.Equal((850, 250), (await Posted(balanceId), await Held(balanceId)));
        (await Clear(authorisation, user.UserId, Pln(100))).Must(200);
        Assert.Equal((750, 0), (await Posted(balanceId), await Held(balanceId)));
        (await Clear(authorisation, user.UserId, Pln(50))).Must(200);

        Assert.Equal((700, 0, 300), (await Posted(balanceId), await Held(balanceId), await Own(user, "Settlement")));
    }

    [Fact]
    public async Task Without_an_authorisation_the_card_says_whose_money_it_is()
    {
        var (user, balanceId) = await Funded(1_000);
        var cardId = await Suite.NewCard(user, balanceId);

        var cleared = (await Clear(null, cardId, Pln(300))).Must(200);

        Assert.Equal(700, await Posted(balanceId));
        var shown = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions")).Must(200)["items"][0];
        Assert.Equal((cleared["transactionId"].GetGuid(), "Purchase", "Cleared", 300), (shown.GetProperty("id").GetGuid(), shown.GetProperty("type").GetString(), shown.GetProperty("status").GetString(), shown.GetProperty("amount").GetProperty("amount").GetInt32()));
        (await Clear(null, Guid.CreateVersion7(), Pln(300))).MustRefuse(404, "CARD_NOT_FOUND");
        (await Another.Post("/clearings", new { transactionId = NewId(), cardId, amount = Pln(1), merchant = Merchant })).MustRefuse(404, "CARD_NOT_FOUND");
    }

    [Fact]
    public async Task What_was_declined_may_be_presented_and_is_another_transaction()
    {
        var (user, balanceId) = await Funded(100);
        var declined = (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 400))).Must(200)["authorizationId"].GetGuid();

        var cleared = (await Clear(declined, user.UserId, Pln(60))).Must(200);

        Assert.NotEqual(declined, cleared["transactionId"].GetGuid());
        Assert.Equal(("Declined", 40), (await Status(declined), await Posted(balanceId)));
    }

    [Fact]
    public async Task The_same_again_posts_once_and_another_under_its_id_is_refused()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);
        var id = NewId();

        var first = (await Clear(authorisation, user.UserId, Pln(400), id)).Must(200);

        Assert.Equal(first.Bytes, (await Clear(authorisation, user.UserId, Pln(400), id)).Must(200).Bytes);
        (await Clear(authorisation, user.UserId, Pln(401), id)).MustRefuse(409, "TRANSACTION_ID_REUSED");
        (await Clear(await Authorised(user, balanceId, 100), user.UserId, Pln(400), id)).MustRefuse(409, "TRANSACTION_ID_REUSED");
        Assert.Equal(600, await Posted(balanceId));
    }

    [Fact]
    public async Task The_same_twice_at_once_posts_once()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);
        var id = NewId();

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 2,
            () => Clear(authorisation, user.UserId, Pln(400), id),
            () => Clear(authorisation, user.UserId, Pln(400), id));

        Assert.Equal(answers[0].Must(200).Bytes, answers[1].Must(200).Bytes);
        Assert.Equal(600, await Posted(balanceId));
    }

    [Fact]
    public async Task One_id_for_two_balances_at_once_posts_one_of_them()
    {
        var (user, balanceId) = await Funded(1_000);
        var (other, otherId) = await Funded(1_000);
        var (mine, theirs) = (await Authorised(user, balanceId, 400), await Authorised(other, otherId, 400));
        var id = NewId();

        var answers = await Races.AtOnce(
            Ledger, "lock table operations in share mode", waiters: 2, () => Clear(mine, user.UserId, Pln(400), id), () => Clear(theirs, other.UserId, Pln(400), id));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Single(answers, answer => answer.Status == 409).MustRefuse(409, "TRANSACTION_ID_REUSED");
        Assert.Equal(1_600, await Posted(balanceId) + await Posted(otherId));
    }

    [Fact]
    public async Task Where_the_exchange_rate_has_moved_the_partner_bears_the_difference()
    {
        var (user, balanceId) = await FundedOfNewPartner(100_000);
        await SetRate("EUR", "PLN", 4.25m);
        var answer = (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 1_000).With("currency", "EUR"))).Must(200);
        Assert.Equal((4_250, 95_750), (answer["amount"].GetInt32(), answer["available"].GetInt32()));
        var authorisation = answer["authorizationId"].GetGuid();
        await SetRateLater("EUR", "PLN", 4.40m);

        var cleared = (await Clear(authorisation, user.UserId, new { amount = 1_000, currency = "EUR" })).Must(200);

        Assert.Equal((4_400, 150), (cleared["amount"].GetProperty("amount").GetInt32(), cleared["fromPartner"].GetProperty("amount").GetInt32()));
        Assert.Equal((95_750, 4_400, -150), (await Posted(balanceId), await Own(user, "Settlement"), await Own(user, "Partner")));
        var shown = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions")).Must(200)["items"][0].GetProperty("originalAmount");
        Assert.Equal((1_000, "EUR"), (shown.GetProperty("amount").GetInt32(), shown.GetProperty("currency").GetString()));
    }

    [Fact]
    public async Task Where_the_rate_moved_the_other_way_the_partner_gains_and_half_of_it_is_half()
    {
        var (user, balanceId) = await FundedOfNewPartner(100_000);
        var payment = Payment.Of(user, balanceId, 4_400).With("originalAmount", 1_000).With("originalCurrency", "USD");
        var authorisation = (await CardService.Post("/internal/authorisations", payment)).Must(200)["authorizationId"].GetGuid();

        (await Clear(authorisation, user.UserId, Pln(2_100), final: false, originalAmount: new { amount = 500, currency = "USD" })).Must(200);

        Assert.Equal((97_800, 2_200, 2_100, 100), (await Posted(balanceId), await Held(balanceId), await Own(user, "Settlement"), await Own(user, "Partner")));
    }

    [Fact]
    public async Task A_currency_without_a_rate_is_refused()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);

        (await Clear(authorisation, user.UserId, new { amount = 1_000, currency = "JPY" })).MustRefuse(409, "CURRENCY_MISMATCH");

        Assert.Equal((1_000, 400), (await Posted(balanceId), await Held(balanceId)));
    }

    [Fact]
    public async Task The_partners_credit_is_spent_with_the_balance()
    {
        var (user, balanceId) = await FundedOfNewPartner(1_000);
        var before = await Authorised(user, balanceId, 100);
        var credit = await OpenCredit(user, 500);
        var authorisation = await Authorised(user, balanceId, 400);
        Assert.Equal(400, await Held(credit));

        (await Clear(authorisation, user.UserId, Pln(300))).Must(200);
        Assert.Equal((200, 0, 700), (await Posted(credit), await Held(credit), await Posted(balanceId)));
        // Authorised before there was a credit; it bears what it can.
        (await Clear(before, user.UserId, Pln(250))).Must(200);

        Assert.Equal((0, 450, 550, -50), (await Posted(credit), await Posted(balanceId), await Own(user, "Settlement"), await Own(user, "Partner")));
    }

    [Fact]
    public async Task What_the_partners_credit_cannot_bear_is_declined()
    {
        var (user, balanceId) = await FundedOfNewPartner(1_000);
        await OpenCredit(user, 500);
        (await Authorised(user, balanceId, 400)).ToString();

        var declined = (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 101))).Must(200);

        Assert.Equal(("1000", "PARTNER_LIMIT"), (declined["actionCode"].GetString(), declined["reason"].GetString()));
        Assert.True((await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 100))).Must(200)["approved"].GetBoolean());
    }

    [Theory]
    [InlineData("transactionId", "")]
    [InlineData("amount", 0L)]
    [InlineData("amount", -5L)]
    public async Task What_cannot_be_accepted_is_named(string field, object value)
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);

        var refused = await Clear(authorisation, user.UserId, Pln(value is long amount ? amount : 100), id: field == "transactionId" ? (string)value : null);

        Assert.Equal(field, Assert.Single(refused.MustRefuse(422, "VALIDATION_FAILED")["errors"].EnumerateObject()).Name);
        (await Clear(authorisation, Guid.CreateVersion7(), Pln(100))).MustRefuse(404, "AUTHORIZATION_NOT_FOUND");
        Assert.Equal((1_000, 400), (await Posted(balanceId), await Held(balanceId)));
    }

    private async Task SetRateLater(string from, string to, decimal rate)
    {
        Suite.Clock.Advance(TimeSpan.FromSeconds(10));
        await SetRate(from, to, rate);
    }
}

public sealed class RefundTransactionTests(LedgerSuite suite) : ProcessorTest(suite)
{
    [Fact]
    public async Task A_refund_gives_back_and_no_longer_counts_as_spent()
    {
        var (user, balanceId) = await FundedOfNewPartner(1_000);
        var authorisation = await Authorised(user, balanceId, 400);
        (await Clear(authorisation, user.UserId, Pln(400))).Must(200);
        var id = NewId();

        var refunded = (await Refund(authorisation, user.UserId, Pln(150), id)).Must(200);

        Assert.Equal(refunded.Bytes, (await Refund(authorisation, user.UserId, Pln(150), id)).Must(200).Bytes);
        (await Refund(authorisation, user.UserId, Pln(151), id)).MustRefuse(409, "TRANSACTION_ID_REUSED");
        Assert.Equal((750, 250), (await Posted(balanceId), await Own(user, "Settlement")));
        Assert.Equal(150, await Look<long>("select refunded_amount from transactions where id = @id", ("id", authorisation)));
        var shown = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions")).Must(200)["items"][0];
        Assert.Equal(("Refund", "Cleared", 150), (shown.GetProperty("type").GetString(), shown.GetProperty("status").GetString(), shown.GetProperty("amount").GetProperty("amount").GetInt32()));
    }

    [Fact]
    public async Task What_comes_back_to_a_closed_balance_is_the_partners()
    {
        var (user, balanceId) = await FundedOfNewPartner(400);
        var authorisation = await Authorised(user, balanceId, 400);
        (await Clear(authorisation, user.UserId, Pln(400))).Must(200);
        await Do("update accounts set state = 'Closed' where id = @id", ("id", balanceId));

        (await Refund(authorisation, user.UserId, Pln(150))).Must(200);

        Assert.Equal((0, 250, 150), (await Posted(balanceId), await Own(user, "Settlement"), await Own(user, "Partner")));
    }

    [Fact]
    public async Task The_same_twice_at_once_gives_back_once()
    {
        var (user, balanceId) = await Funded(1_000);
        var cardId = await Suite.NewCard(user, balanceId);
        var id = NewId();

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 2,
            () => Refund(null, cardId, Pln(150), id),
            () => Refund(null, cardId, Pln(150), id));

        Assert.Equal(answers[0].Must(200).Bytes, answers[1].Must(200).Bytes);
        Assert.Equal(1_150, await Posted(balanceId));
    }
}
