using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Holds;

public sealed class ReverseAuthorisationTests(LedgerSuite suite) : ProcessorTest(suite)
{
    [Fact]
    public async Task A_reversal_lets_go_of_all_that_is_held()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);

        Answer reversed = null!;
        var owed = await EventsOwed(async () =>
        {
            reversed = (await Reverse(authorisation)).Must(200);
            return balanceId;
        });

        Assert.Equal(("Reversed", 400, 0, 1_000), (reversed["status"].GetString(), reversed["amount"].GetProperty("amount").GetInt32(), reversed["held"].GetProperty("amount").GetInt32(), reversed["available"].GetProperty("amount").GetInt32()));
        Assert.Equal(0, await Held(balanceId));
        Assert.Equal("Reversed", await Status(authorisation));
        var told = Assert.Single(owed, happened => happened.Type == "TransactionReversed").Body;
        Assert.Equal((authorisation, 400, "REVERSED"), (told.GetProperty("transactionId").GetGuid(), told.GetProperty("amount").GetInt32(), told.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task Parts_are_let_go_of_until_nothing_is_held()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);

        Assert.Equal("Authorized", (await Reverse(authorisation, 150)).Must(200)["status"].GetString());
        Assert.Equal(250, await Held(balanceId));
        (await Reverse(authorisation, 251)).MustRefuse(409, "MORE_THAN_HELD");
        Assert.Equal("Reversed", (await Reverse(authorisation, 250)).Must(200)["status"].GetString());
        (await Reverse(authorisation)).MustRefuse(409, "NOTHING_TO_REVERSE");
        Assert.Equal(0, await Held(balanceId));
    }

    [Fact]
    public async Task The_same_again_hears_the_same_and_another_under_its_id_is_refused()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);
        var other = await Authorised(user, balanceId, 100);
        var id = NewId();

        var first = (await Reverse(authorisation, 150, id)).Must(200);
        (await Reverse(authorisation, 50)).Must(200);

        Assert.Equal(first.Bytes, (await Reverse(authorisation, 150, id)).Must(200).Bytes);
        (await Reverse(authorisation, 151, id)).MustRefuse(409, "TRANSACTION_ID_REUSED");
        (await Reverse(other, 50, id)).MustRefuse(409, "TRANSACTION_ID_REUSED");
        Assert.Equal(300, await Held(balanceId));
    }

    [Fact]
    public async Task The_same_twice_at_once_lets_go_once()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);
        var id = NewId();

        var answers = await Races.AtOnce(
            Ledger, $"select from accounts where id = '{balanceId}' for update", waiters: 2, () => Reverse(authorisation, 150, id), () => Reverse(authorisation, 150, id));

        Assert.Equal(answers[0].Must(200).Bytes, answers[1].Must(200).Bytes);
        Assert.Equal(250, await Held(balanceId));
    }

    [Fact]
    public async Task Two_of_all_that_is_held_at_once_let_go_once()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);

        var answers = await Races.AtOnce(
            Ledger, $"select from accounts where id = '{balanceId}' for update", waiters: 2, () => Reverse(authorisation), () => Reverse(authorisation));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Single(answers, answer => answer.Status == 409).MustRefuse(409, "NOTHING_TO_REVERSE");
        Assert.Equal(0, await Held(balanceId));
    }

    [Fact]
    public async Task Another_processors_authorisation_is_not_there()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);

        (await Another.Post($"/authorizations/{authorisation}/reversals", new { transactionId = NewId() })).MustRefuse(404, "AUTHORIZATION_NOT_FOUND");
        (await Reverse(Guid.CreateVersion7())).MustRefuse(404, "AUTHORIZATION_NOT_FOUND");
        Assert.Equal(400, await Held(balanceId));
    }

    [Theory]
    [InlineData("", 100L)]
    [InlineData("a\0b", 100L)]
    [InlineData("t", 0L)]
    [InlineData("t", -1L)]
    public async Task What_cannot_be_accepted_is_named(string id, long amount)
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);

        (await Reverse(authorisation, amount, id)).MustRefuse(422, "VALIDATION_FAILED");
        (await Processor.Post($"/authorizations/{authorisation}/reversals", new { transactionId = NewId(), amount = new { amount = 100, currency = "EUR" } })).MustRefuse(409, "CURRENCY_MISMATCH");
        Assert.Equal(400, await Held(balanceId));
    }

    [Fact]
    public async Task A_reversal_against_a_clearing_at_once_leaves_one_of_the_two()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = await Authorised(user, balanceId, 400);

        var answers = await Races.AtOnce(
            Ledger, $"select from accounts where id = '{balanceId}' for update", waiters: 2, () => Reverse(authorisation), () => Clear(authorisation, user.UserId, Pln(400)));

        // A clearing after the reversal is still the scheme's money.
        answers[1].Must(200);
        Assert.Contains(answers[0].Status, new[] { 200, 409 });
        Assert.Equal(600, await Posted(balanceId));
        Assert.Equal(0, await Held(balanceId));
    }
}

public sealed class ReverseTransactionTests(LedgerSuite suite) : ProcessorTest(suite)
{
    [Fact]
    public async Task An_authorisation_whose_answer_was_lost_is_reversed_by_its_own_id()
    {
        var (user, balanceId, cardId) = await WithCard(1_000);
        var payment = Payment.Of(user, balanceId, 400).With("cardId", cardId);
        (await CardService.Post("/internal/authorisations", payment)).Must(200);

        var reversed = (await ReverseLost(payment, cardId)).Must(200);

        Assert.Equal(("Reversed", 400), (reversed["status"].GetString(), reversed["amount"].GetProperty("amount").GetInt32()));
        Assert.Equal(0, await Held(balanceId));
    }

    [Fact]
    public async Task A_reversal_before_its_authorisation_declines_it_when_it_comes()
    {
        var (user, balanceId, cardId) = await WithCard(1_000);
        var payment = Payment.Of(user, balanceId, 400).With("cardId", cardId);
        var id = NewId();

        var reversed = (await ReverseLost(payment, cardId, id)).Must(200);
        var late = (await CardService.Post("/internal/authorisations", payment)).Must(200);

        Assert.Equal(("1000", "REVERSED_FIRST", false), (late["actionCode"].GetString(), late["reason"].GetString(), late["approved"].GetBoolean()));
        Assert.Equal(reversed.Bytes, (await ReverseLost(payment, cardId, id)).Must(200).Bytes);
        Assert.Equal(late.Bytes, (await CardService.Post("/internal/authorisations", payment)).Must(200).Bytes);
        Assert.Equal(0, await Held(balanceId));
        Assert.DoesNotContain(
            (await BalancesOf(user).Get($"/balances/{balanceId}/transactions")).Must(200)["items"].EnumerateArray(), shown => shown.GetProperty("type").GetString() == "Purchase");
    }

    [Fact]
    public async Task A_reversal_and_its_authorisation_at_once_leave_nothing_held()
    {
        var (user, balanceId, cardId) = await WithCard(1_000);

        for (var turn = 0; turn < 2; turn++)
        {
            var payment = Payment.Of(user, balanceId, 400).With("cardId", cardId);
            Func<Task<Answer>>[] both = [() => ReverseLost(payment, cardId), () => CardService.Post("/internal/authorisations", payment)];
            if (turn == 1)
            {
                Array.Reverse(both);
            }
            var answers = await Races.InTurn(Ledger, $"select from accounts where id = '{balanceId}' for update", both);
            Assert.All(answers, answer => answer.Must(200));
            Assert.Equal(0, await Held(balanceId));
        }
    }

    [Fact]
    public async Task A_card_that_the_processor_does_not_serve_is_not_there()
    {
        var (user, balanceId, cardId) = await WithCard(1_000);
        var payment = Payment.Of(user, balanceId, 400);

        (await ReverseLost(payment, Guid.CreateVersion7())).MustRefuse(404, "CARD_NOT_FOUND");
        (await Another.Post("/reversals", Lost(payment, cardId, NewId()))).MustRefuse(404, "CARD_NOT_FOUND");
        (await Processor.Post("/reversals", new { transactionId = NewId(), authorization = new { transactionId = "t", type = "Refund" }, cardId })).MustRefuse(422, "VALIDATION_FAILED");
    }

    private Task<Answer> ReverseLost(Dictionary<string, object?> payment, Guid cardId, string? id = null) => Processor.Post("/reversals", Lost(payment, cardId, id ?? NewId()));

    private static object Lost(Dictionary<string, object?> payment, Guid cardId, string id) =>
        new { transactionId = id, authorization = new { transactionId = payment["transactionId"], type = payment["type"] }, cardId };

    private async Task<(TestUser User, Guid BalanceId, Guid CardId)> WithCard(long amount)
    {
        var (user, balanceId) = await Funded(amount);
        return (user, balanceId, await Suite.NewCard(user, balanceId));
    }
}
