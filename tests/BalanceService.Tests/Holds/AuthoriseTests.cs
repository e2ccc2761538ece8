using System.Text.Json;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Holds;

public sealed class AuthoriseTests(LedgerSuite suite) : LedgerTest(suite)
{
    private readonly Api _cardService = suite.Neighbour("cardservice", "balanceservice");

    [Theory]
    [InlineData("Purchase")]
    [InlineData("Cash")]
    public async Task Money_that_is_there_is_held(string type)
    {
        var (user, balanceId) = await Funded(1_000);

        var answer = (await Ask(Payment.Of(user, balanceId, amount: 400, type))).Must(200);

        Assert.True(answer["approved"].GetBoolean());
        Assert.Equal("0000", answer["actionCode"].GetString());
        Assert.Equal("APPROVED", answer["reason"].GetString());
        Assert.Matches("^[0-9]{6}$", answer["approvalCode"].GetString());
        Assert.Equal(600, answer["available"].GetInt64());
        Assert.Equal("PLN", answer["currency"].GetString());
        Assert.Equal(1_000, await Posted(balanceId));
        Assert.Equal(400, await Held(balanceId));
        Assert.Equal(
            TimeSpan.FromDays(7),
            await Look<TimeSpan>("select expires_at - placed_at from holds where transaction_id = @id", ("id", answer["authorizationId"].GetGuid())));
        var shown = (await BalancesOf(user).Get("/balances")).Must(200)["items"][0];
        Assert.Equal(1_000, shown.GetProperty("amount").GetInt64());
        Assert.Equal(400, shown.GetProperty("held").GetInt64());
        Assert.Equal(600, shown.GetProperty("available").GetInt64());
    }

    [Fact]
    public async Task The_last_of_the_money_may_be_held_and_not_one_more()
    {
        var (user, balanceId) = await Funded(1_000);

        Assert.Equal(0, (await Ask(Payment.Of(user, balanceId, amount: 1_000))).Must(200)["available"].GetInt64());
        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 1)), "1016", "INSUFFICIENT_FUNDS", available: 0);
    }

    [Fact]
    public async Task Money_that_is_not_there_is_declined_with_1016_and_recorded()
    {
        var (user, balanceId) = await Funded(1_000);

        var answer = await Ask(Payment.Of(user, balanceId, amount: 1_001));

        MustDecline(answer, "1016", "INSUFFICIENT_FUNDS", available: 1_000);
        Assert.Equal("Declined", await Look<string>("select status from transactions where id = @id", ("id", answer["authorizationId"].GetGuid())));
        Assert.Equal(0, await Holds(balanceId));
    }

    [Theory]
    [InlineData("Blocked", 1_000)]
    [InlineData("Closed", 0)]
    public async Task A_balance_that_is_not_open_declines_with_1000(string state, long money)
    {
        var (user, balanceId) = await Funded(money);
        await Do("update accounts set state = @state where id = @id", ("state", state), ("id", balanceId));

        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400)), "1000", "BALANCE_NOT_OPEN", available: money);
    }

    [Fact]
    public async Task Another_currency_is_declined_with_1000_and_answered_in_the_balances_own()
    {
        var (user, balanceId) = await Funded(1_000);

        var answer = await Ask(Payment.Of(user, balanceId, amount: 400).With("currency", "EUR"));

        MustDecline(answer, "1000", "CURRENCY_MISMATCH", available: 1_000);
        Assert.Equal("PLN", answer["currency"].GetString());
        Assert.Equal("EUR", await Look<string>("select currency from transactions where id = @id", ("id", answer["authorizationId"].GetGuid())));
    }

    [Fact]
    public async Task Another_currency_is_declined_where_the_partner_has_a_credit_balance_too()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var balanceId = await Suite.NewBalance(user, 1_000);
        await NewPartnerBalance(user.PartnerId, "Credit", 1_000);

        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400).With("currency", "EUR")), "1000", "CURRENCY_MISMATCH", available: 1_000);
    }

    [Fact]
    public async Task A_card_that_says_no_has_the_first_word()
    {
        var (user, balanceId) = await Funded(1_000);
        await Do("update accounts set state = 'Blocked' where id = @id", ("id", balanceId));

        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400).With("decline", CardLost)), "2008", "CARD_LOST", available: 1_000);
    }

    [Fact]
    public async Task A_verification_is_approved_and_holds_nothing()
    {
        var (user, balanceId) = await Funded(0);

        var answer = (await Ask(Payment.Of(user, balanceId, amount: 0, "Verification"))).Must(200);

        Assert.True(answer["approved"].GetBoolean());
        Assert.Matches("^[0-9]{6}$", answer["approvalCode"].GetString());
        Assert.Equal(0, await Holds(balanceId));
        Assert.Equal(1, await Transactions(balanceId));
    }

    [Fact]
    public async Task Approval_and_decline_owe_their_events()
    {
        var (user, balanceId) = await Funded(1_000);
        var ids = new List<Guid>();

        var owed = await EventsOwed(async () =>
        {
            ids.Add((await Ask(Payment.Of(user, balanceId, amount: 400))).Must(200)["authorizationId"].GetGuid());
            ids.Add((await Ask(Payment.Of(user, balanceId, amount: 700))).Must(200)["authorizationId"].GetGuid());
            return balanceId;
        });

        var approved = Assert.Single(owed, happened => happened.Type == "AuthorisationApproved").Body;
        var declined = Assert.Single(owed, happened => happened.Type == "AuthorisationDeclined").Body;
        Assert.Equal(ids[0], approved.GetProperty("transactionId").GetGuid());
        Assert.Equal(400, approved.GetProperty("amount").GetInt64());
        Assert.Equal(user.PartnerId, approved.GetProperty("partnerId").GetGuid());
        Assert.Equal(user.UserId, approved.GetProperty("cardId").GetGuid());
        Assert.Equal(ids[1], declined.GetProperty("transactionId").GetGuid());
        Assert.Equal("1016", declined.GetProperty("actionCode").GetString());
        Assert.Equal("INSUFFICIENT_FUNDS", declined.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_balance_that_is_not_that_users_is_not_there()
    {
        var (user, balanceId) = await Funded(1_000);
        var other = await Suite.NewAcceptedUser();
        var payment = Payment.Of(user, balanceId, amount: 400);

        (await Ask(payment.With("userId", other.UserId))).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await Ask(payment.With("partnerId", Guid.CreateVersion7()))).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await Ask(payment.With("balanceId", Guid.CreateVersion7()))).MustRefuse(404, "BALANCE_NOT_FOUND");

        Assert.Equal(0, await Holds(balanceId));
    }

    [Theory]
    [InlineData("type", "Refund", "type")]
    [InlineData("type", "purchase", "type")]
    [InlineData("type", "Verification", "amount")]
    [InlineData("amount", -1L, "amount")]
    [InlineData("amount", 1_000_000_000_000_001L, "amount")]
    [InlineData("amount", 1e30, "amount")]
    [InlineData("amount", 1.5, "amount")]
    [InlineData("currency", "XXX", "currency")]
    [InlineData("processor", "", "processor")]
    [InlineData("transactionId", "", "transactionId")]
    [InlineData("transactionId", "a\0b", "transactionId")]
    [InlineData("transactionId", null, "transactionId")]
    [InlineData("entryChannel", "", "entryChannel")]
    [InlineData("entryChannel", "Pos\nAtm", "entryChannel")]
    [InlineData("cvv", "123", "cvv")]
    [InlineData("transmittedAt", "2026-11-22T10:00:00", "transmittedAt")]
    public async Task What_cannot_be_accepted_is_named_and_holds_nothing(string field, object? value, string named)
    {
        var (user, balanceId) = await Funded(1_000);

        var refused = (await Ask(Payment.Of(user, balanceId, amount: 400).With(field, value))).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(named, Assert.Single(refused["errors"].EnumerateObject()).Name);
        Assert.Equal(0, await Holds(balanceId));
    }

    [Fact]
    public async Task A_merchant_or_decline_that_cannot_be_kept_is_named()
    {
        var (user, balanceId) = await Funded(1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);

        var merchant = (await Ask(payment.With("merchant", new { mid = "", name = "a\0b", mcc = "", country = "" }))).MustRefuse(422, "VALIDATION_FAILED");
        var decline = (await Ask(payment.With("decline", new { actionCode = "0000", reason = "" }))).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(["merchant.mid", "merchant.name", "merchant.mcc", "merchant.country"], merchant["errors"].EnumerateObject().Select(error => error.Name));
        Assert.Equal(["decline.actionCode", "decline.reason"], decline["errors"].EnumerateObject().Select(error => error.Name));
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("datacore")]
    [InlineData("kycservice")]
    public async Task Only_CardService_may_ask(string neighbour)
    {
        var (user, balanceId) = await Funded(1_000);

        (await Suite.Neighbour(neighbour, "balanceservice").Post("/internal/authorisations", Payment.Of(user, balanceId, amount: 400))).MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");
    }

    [Fact]
    public async Task Asked_again_it_answers_as_it_first_did_whatever_has_changed()
    {
        var (user, balanceId) = await Funded(1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);

        var first = (await Ask(payment)).Must(200);
        (await Ask(Payment.Of(user, balanceId, amount: 600))).Must(200);
        var emptied = (await Ask(payment)).Must(200);
        var locked = (await Ask(payment.With("decline", CardLost))).Must(200);
        var repeated = (await Ask(payment.With("transmittedAt", "2026-11-22T10:00:30Z"))).Must(200);
        await Do("update accounts set state = 'Blocked' where id = @id", ("id", balanceId));
        var closed = (await Ask(payment)).Must(200);

        Assert.All([emptied, locked, repeated, closed], again => Assert.Equal(first.Bytes, again.Bytes));
        Assert.Equal(2, await Holds(balanceId));
    }

    [Fact]
    public async Task A_decline_asked_again_stays_one()
    {
        var (user, balanceId) = await Funded(100);
        var (poor, lost, foreign) = (
            Payment.Of(user, balanceId, amount: 400),
            Payment.Of(user, balanceId, amount: 50).With("decline", CardLost),
            Payment.Of(user, balanceId, amount: 50).With("currency", "EUR"));
        var first = new[] { await Ask(poor), await Ask(lost), await Ask(foreign) };
        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", new { amount = new { amount = 10_000, currency = "PLN" }, reference = "test" }, NewKey())).Must(201);

        var again = new[] { await Ask(poor), await Ask(lost.With("decline", null)), await Ask(foreign) };

        Assert.Equal(first.Select(answer => answer.Must(200).Text), again.Select(answer => answer.Must(200).Text));
        Assert.Equal(0, await Holds(balanceId));
    }

    [Theory]
    [InlineData("amount", 401)]
    [InlineData("currency", "EUR")]
    [InlineData("cardId", "0190a000-0000-7000-8000-00000000000f")]
    [InlineData("entryChannel", "Atm")]
    [InlineData("merchant", """{"mid": "M-2", "name": "Żabka 7", "mcc": "5411", "country": "PL"}""")]
    [InlineData("merchant", """{"mid": "M-1", "name": "Żabka 8", "mcc": "5411", "country": "PL"}""")]
    [InlineData("merchant", """{"mid": "M-1", "name": "Żabka 7", "mcc": "6011", "country": "PL"}""")]
    [InlineData("merchant", """{"mid": "M-1", "name": "Żabka 7", "mcc": "5411", "country": "DE"}""")]
    public async Task A_transaction_id_serves_one_authorisation_only(string field, object value)
    {
        var (user, balanceId) = await Funded(1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);
        (await Ask(payment)).Must(200);

        var other = value is string text && text.StartsWith('{') ? JsonSerializer.Deserialize<JsonElement>(text) : value;
        (await Ask(payment.With(field, other))).MustRefuse(409, "TRANSACTION_ID_REUSED");

        Assert.Equal(400, await Held(balanceId));
    }

    [Fact]
    public async Task A_transaction_id_serves_one_balance_only()
    {
        var (user, balanceId) = await Funded(1_000);
        var (other, otherId) = await Funded(1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);
        (await Ask(payment)).Must(200);

        (await Ask(payment.With("userId", other.UserId).With("balanceId", otherId))).MustRefuse(409, "TRANSACTION_ID_REUSED");

        Assert.Equal(0, await Held(otherId));
    }

    [Fact]
    public async Task Another_type_and_another_processor_have_ids_of_their_own()
    {
        var (user, balanceId) = await Funded(1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);

        var answers = new[]
        {
            (await Ask(payment)).Must(200),
            (await Ask(payment.With("type", "Cash"))).Must(200),
            (await Ask(payment.With("processor", "other").With("amount", 200))).Must(200),
        };

        Assert.Equal(3, answers.Select(answer => answer["authorizationId"].GetGuid()).Distinct().Count());
        Assert.Equal(1_000, await Held(balanceId));
    }

    [Fact]
    public async Task Two_that_are_the_same_at_once_place_one_hold_and_hear_the_same()
    {
        var (user, balanceId) = await Funded(1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);

        var answers = await Races.InTurn(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            () => Ask(payment),
            () => Ask(payment.With("decline", null)));

        Assert.Equal(answers[0].Must(200).Bytes, answers[1].Must(200).Bytes);
        Assert.Equal(1, await Holds(balanceId));
        Assert.Equal(400, await Held(balanceId));
    }

    [Fact]
    public async Task One_id_for_two_balances_at_once_serves_the_first_and_refuses_the_second()
    {
        var (user, balanceId) = await Funded(1_000);
        var (other, otherId) = await Funded(1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);

        var answers = await Races.InTurn(
            Ledger,
            "lock table transactions in share mode",
            () => Ask(payment),
            () => Ask(payment.With("userId", other.UserId).With("balanceId", otherId)));

        Assert.Single(answers, answer => answer.Status == 200).Must(200);
        Assert.Single(answers, answer => answer.Status == 409).MustRefuse(409, "TRANSACTION_ID_REUSED");
        Assert.Equal(400, await Held(balanceId) + await Held(otherId));
    }

    [Fact]
    public async Task Two_that_the_money_suffices_for_one_of_at_once_hold_one()
    {
        var (user, balanceId) = await Funded(1_000);

        var answers = await Races.InTurn(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            () => Ask(Payment.Of(user, balanceId, amount: 600)),
            () => Ask(Payment.Of(user, balanceId, amount: 600)));

        Assert.Single(answers, answer => answer.Must(200)["approved"].GetBoolean());
        MustDecline(Assert.Single(answers, answer => !answer["approved"].GetBoolean()), "1016", "INSUFFICIENT_FUNDS", available: 400);
    }

    [Fact]
    public async Task A_balance_blocked_while_an_authorisation_waits_declines_it()
    {
        var (user, balanceId) = await Funded(1_000);
        await using var closing = await Ledger.OpenConnectionAsync();
        await using var transaction = await closing.BeginTransactionAsync();
        await using (var close = closing.CreateCommand())
        {
            close.CommandText = $"update accounts set state = 'Blocked' where id = '{balanceId}'";
            await close.ExecuteNonQueryAsync();
        }

        var asking = Ask(Payment.Of(user, balanceId, amount: 400));
        await Eventually.Holds(
            async () => await Look<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 1,
            "the authorisation to wait");
        await transaction.CommitAsync();

        MustDecline(await asking, "1000", "BALANCE_NOT_OPEN", available: 1_000);
    }

    [Fact]
    public async Task Fifty_at_once_on_a_balance_that_affords_ten_approve_exactly_ten()
    {
        var (user, balanceId) = await Funded(1_000);

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 1, // the others wait in the queue, or with it
            [.. Enumerable.Range(0, 50).Select(_ => (Func<Task<Answer>>)(() => Ask(Payment.Of(user, balanceId, amount: 100))))]);

        var approved = answers.Where(answer => answer.Must(200)["approved"].GetBoolean()).ToArray();
        Assert.Equal([0, 100, 200, 300, 400, 500, 600, 700, 800, 900], approved.Select(answer => answer["available"].GetInt64()).Order());
        Assert.All(answers.Except(approved), answer => MustDecline(answer, "1016", "INSUFFICIENT_FUNDS", available: 0));
        Assert.Equal(1_000, await Held(balanceId));
        Assert.Equal(51, await Transactions(balanceId));
    }

    [Fact]
    public async Task Reloads_and_authorisations_that_mix_leave_books_that_add_up()
    {
        var (user, balanceId) = await Funded(500);
        var (other, otherId) = await Funded(500);

        var answers = await Task.WhenAll(Enumerable.Range(0, 120).Select(number => Task.Run(() => (number % 3) switch
        {
            0 => AskUntilHeard(Payment.Of(user, balanceId, amount: 100 + number)),
            1 => AskUntilHeard(Payment.Of(other, otherId, amount: 100 + number)),
            _ => BalancesOf(number % 2 == 0 ? user : other).Post(
                $"/balances/{(number % 2 == 0 ? balanceId : otherId)}/reload",
                new { amount = new { amount = 50 + number, currency = "PLN" }, reference = "test" },
                NewKey()),
        })));

        Assert.All(answers, answer => Assert.True(answer.Status is 200 or 201, answer.Text));
        Assert.Equal(122, await Transactions(balanceId) + await Transactions(otherId));
    }

    private static object CardLost => new { actionCode = "2008", reason = "CARD_LOST" };

    private Task<Answer> Ask(Dictionary<string, object?> payment) => _cardService.Post("/internal/authorisations", payment);

    /// <summary>A balance that is kept by many reloads on a slow machine may be refused: nothing was decided, and it may be asked again.</summary>
    private async Task<Answer> AskUntilHeard(Dictionary<string, object?> payment)
    {
        for (var turn = 0; ; turn++)
        {
            var answer = await Ask(payment);
            if (answer.Code != "LEDGER_BUSY" || turn == 10)
            {
                return answer;
            }
        }
    }

    private async Task<(TestUser User, Guid BalanceId)> Funded(long amount)
    {
        var user = await Suite.NewAcceptedUser();
        return (user, await Suite.NewBalance(user, amount));
    }

    private static void MustDecline(Answer answer, string actionCode, string reason, long available)
    {
        answer.Must(200);
        Assert.False(answer["approved"].GetBoolean());
        Assert.Equal(actionCode, answer["actionCode"].GetString());
        Assert.Equal(reason, answer["reason"].GetString());
        Assert.Equal(JsonValueKind.Null, answer["approvalCode"].ValueKind);
        Assert.Equal(available, answer["available"].GetInt64());
    }
}
