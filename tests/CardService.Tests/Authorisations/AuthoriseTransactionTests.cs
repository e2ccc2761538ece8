using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;
using static Antaca.CardService.Tests.Authorisations.Requests;

namespace Antaca.CardService.Tests.Authorisations;

public sealed class AuthoriseTransactionTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task A_card_by_number_expiry_and_CVV_is_approved_and_its_money_held()
    {
        var (user, balance, card) = await NewCard(10_000);
        var (cardNo, cvv) = await suite.Open(user.Caller, card);

        var approved = (await Authorise(await ByNumber(cardNo, card["exp"].GetString(), cvv, amount: 3_000))).Must(200);

        Assert.Equal(("Approved", "0000", "APPROVED"), Decision(approved));
        Assert.Matches("^[0-9]{6}$", approved["approvalCode"].GetString());
        Assert.NotEqual(Guid.Empty, approved["authorizationId"].GetGuid());
        Assert.Equal("""{"amount":7000,"currency":"PLN"}""", approved["available"].GetRawText());
        Assert.Equal(7_000, await Available(user, balance));
    }

    [Fact]
    public async Task A_card_by_id_is_approved()
    {
        var (user, balance, card) = await NewCard(10_000);

        Assert.Equal("Approved", (await Authorise(Purchase(card.Id, 10_000))).Must(200)["decision"].GetString());
        Assert.Equal(("Declined", "1016", "INSUFFICIENT_FUNDS"), Decision((await Authorise(Purchase(card.Id, 1))).Must(200)));
        Assert.Equal(0, await Available(user, balance));
    }

    [Fact]
    public async Task A_verification_holds_nothing()
    {
        var (user, balance, card) = await NewCard(100);
        var request = Purchase(card.Id, 0);
        request["type"] = "Verification";

        Assert.Equal("Approved", (await Authorise(request)).Must(200)["decision"].GetString());
        Assert.Equal(100, await Available(user, balance));
    }

    [Fact]
    public async Task A_wrong_expiry_or_CVV_is_declined_and_recorded()
    {
        var (user, balance, card) = await NewCard(10_000);
        var (cardNo, cvv) = await suite.Open(user.Caller, card);
        var exp = DateOnly.Parse(card["exp"].GetString()!, null);
        var wrongCvv = cvv == "000" ? "001" : "000";

        var wrongMonth = (await Authorise(await ByNumber(cardNo, Text(exp.AddMonths(1)), cvv))).Must(200);
        var wrongCode = (await Authorise(await ByNumber(cardNo, Text(exp), wrongCvv))).Must(200);
        var anyDayOfTheMonth = (await Authorise(await ByNumber(cardNo, Text(new DateOnly(exp.Year, exp.Month, 1)), cvv))).Must(200);
        var withoutCvv = (await Authorise(await ByNumber(cardNo, Text(exp), cvv: null))).Must(200);

        Assert.Equal(("Declined", "1001", "EXPIRY_MISMATCH"), Decision(wrongMonth));
        Assert.Equal(("Declined", "1022", "WRONG_CVV"), Decision(wrongCode));
        Assert.NotEqual(Guid.Empty, wrongCode["authorizationId"].GetGuid());
        Assert.Equal(JsonValueKind.Null, wrongCode["approvalCode"].ValueKind);
        Assert.Equal("Approved", anyDayOfTheMonth["decision"].GetString());
        Assert.Equal("Approved", withoutCvv["decision"].GetString());
        Assert.Equal(9_800, await Available(user, balance));
    }

    [Fact]
    public async Task A_card_nobody_has_is_declined_without_a_trace()
    {
        var byNumber = (await Authorise(await ByNumber("4111111111111111", "2029-11-30", "123"))).Must(200);
        var noNumber = (await Authorise(await ByNumber("5105100000000001", "2029-11-30", "123"))).Must(200);
        var byId = (await Authorise(Purchase(Guid.CreateVersion7(), 100))).Must(200);

        Assert.Equal(("Declined", "1011", "CARD_UNKNOWN"), Decision(byNumber));
        Assert.Equal(("Declined", "1011", "CARD_UNKNOWN"), Decision(noNumber));
        Assert.Equal(("Declined", "1018", "CARD_UNKNOWN"), Decision(byId));
        foreach (var field in new[] { "authorizationId", "approvalCode", "available" })
        {
            Assert.Equal(JsonValueKind.Null, byNumber[field].ValueKind);
            Assert.Equal(JsonValueKind.Null, byId[field].ValueKind);
        }
    }

    [Fact]
    public async Task AnotherProcessors_card_is_unknown()
    {
        var (partner, program) = await suite.NewPartner(processor: "elsewhere");
        var (user, balance, card) = await NewCard(10_000, partner, program);
        var (cardNo, cvv) = await suite.Open(user.Caller, card);

        var byNumber = (await Authorise(await ByNumber(cardNo, card["exp"].GetString(), cvv))).Must(200);
        var byId = (await Authorise(Purchase(card.Id, 100))).Must(200);
        var byItsOwn = (await Authorise(Purchase(card.Id, 100), Processor with { Processor = "elsewhere" })).Must(200);

        Assert.Equal(("Declined", "1011", "CARD_UNKNOWN"), Decision(byNumber));
        Assert.Equal(("Declined", "1018", "CARD_UNKNOWN"), Decision(byId));
        Assert.Equal("Approved", byItsOwn["decision"].GetString());
        Assert.Equal(9_900, await Available(user, balance));
    }

    [Fact]
    public async Task A_programme_that_moves_to_anotherProcessor_is_followed_within_seconds()
    {
        var (partner, program) = await suite.NewPartner();
        var (_, _, card) = await NewCard(10_000, partner, program);
        Assert.Equal("Approved", (await Authorise(Purchase(card.Id, 100))).Must(200)["decision"].GetString());

        await suite.Database("datacore").Execute("update programmes set processor = 'elsewhere' where id = $1", program);
        suite.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(("Declined", "1018", "CARD_UNKNOWN"), Decision((await Authorise(Purchase(card.Id, 100))).Must(200)));
    }

    [Theory]
    [InlineData("Removed", "1011", "CARD_REMOVED")]
    [InlineData("Inactive", "1018", "CARD_NOT_ACTIVATED")]
    [InlineData("Ordered", "1018", "CARD_NOT_ACTIVATED")]
    [InlineData("Expired", "1001", "CARD_EXPIRED")]
    public async Task A_card_that_is_not_in_use_is_declined(string status, string actionCode, string reason)
    {
        var (user, balance, card) = await NewCard(10_000);
        await _cards.Execute("update cards set status = $2 where id = $1", card.Id, status);

        var declined = (await Authorise(Purchase(card.Id, 100))).Must(200);

        Assert.Equal(("Declined", actionCode, reason), Decision(declined));
        Assert.NotEqual(Guid.Empty, declined["authorizationId"].GetGuid());
        Assert.Equal("""{"amount":10000,"currency":"PLN"}""", declined["available"].GetRawText());
        Assert.Equal(10_000, await Available(user, balance));
    }

    [Fact]
    public async Task A_card_that_is_being_issued_is_unknown()
    {
        var card = await _cards.Put(new CardRow { Status = "Issuing" }, claimedUntil: suite.Clock.GetUtcNow().AddDays(1));

        Assert.Equal(("Declined", "1018", "CARD_UNKNOWN"), Decision((await Authorise(Purchase(card.Id, 100))).Must(200)));
    }

    [Fact]
    public async Task A_card_works_until_the_end_of_its_last_day_in_UTC()
    {
        var (_, _, card) = await NewCard(10_000);
        var today = DateOnly.FromDateTime(suite.Clock.GetUtcNow().UtcDateTime);
        var thisMonth = new DateOnly(today.Year, today.Month, DateTime.DaysInMonth(today.Year, today.Month));
        var lastMonth = new DateOnly(today.Year, today.Month, 1).AddDays(-1);

        await _cards.Execute("update cards set exp = $2 where id = $1", card.Id, thisMonth);
        Assert.Equal("Approved", (await Authorise(Purchase(card.Id, 100))).Must(200)["decision"].GetString());

        await _cards.Execute("update cards set exp = $2 where id = $1", card.Id, lastMonth);
        Assert.Equal(("Declined", "1001", "CARD_EXPIRED"), Decision((await Authorise(Purchase(card.Id, 100))).Must(200)));
    }

    [Fact]
    public async Task A_locked_card_answers_with_its_lock_whatever_else_is_wrong()
    {
        var (user, _, card) = await NewCard(0);
        var (cardNo, _) = await suite.Open(user.Caller, card);
        (await suite.As(user.Caller, "cardservice").Post($"/cards/{card.Id}/lock", new { code = 2 })).Must(200);
        await _cards.Execute("update cards set exp = date '2020-01-31' where id = $1", card.Id);

        var declined = (await Authorise(await ByNumber(cardNo, "2031-01-31", "000"))).Must(200);

        Assert.Equal(("Declined", "2009", "CARD_STOLEN"), Decision(declined));
    }

    [Fact]
    public async Task A_transaction_that_is_repeated_hears_its_first_answer_even_after_a_lock()
    {
        var (user, balance, card) = await NewCard(10_000);
        var request = Purchase(card.Id, 100);

        var first = (await Authorise(request)).Must(200);
        (await suite.As(user.Caller, "cardservice").Post($"/cards/{card.Id}/lock", new { code = 1 })).Must(200);
        var again = (await Authorise(request)).Must(200);
        request["amount"] = new { amount = 101, currency = "PLN" };

        Assert.Equal(first.Bytes, again.Bytes);
        (await Authorise(request)).MustRefuse(409, "TRANSACTION_ID_REUSED");
        Assert.Equal(9_900, await Available(user, balance));
    }

    [Fact]
    public async Task A_transaction_twice_at_once_is_decided_once()
    {
        var (user, balance, card) = await NewCard(10_000);
        var request = Purchase(card.Id, 100);

        var answers = await Races.AtOnce(
            suite.Database("balances"), $"select from accounts where id = '{balance}' for update", 2, () => Authorise(request), () => Authorise(request));

        Assert.Equal(answers[0].Must(200).Text, answers[1].Must(200).Text);
        Assert.Equal(9_900, await Available(user, balance));
    }

    [Fact]
    public async Task An_answer_that_would_come_too_late_is_a_timeout_and_the_repeat_hears_the_one_decision()
    {
        var (user, balance, card) = await NewCard(10_000);
        var request = Purchase(card.Id, 100);

        await using (var held = await Races.Hold(suite.Database("balances"), $"select from accounts where id = '{balance}' for update"))
        {
            var since = Stopwatch.GetTimestamp();
            (await Authorise(request)).MustRefuse(504, "AUTHORIZATION_TIMEOUT");
            Assert.InRange(Stopwatch.GetElapsedTime(since).TotalMilliseconds, 1_400, 3_000);
            await held.Release();
        }

        Assert.Equal("Approved", (await Authorise(request)).Must(200)["decision"].GetString());
        Assert.Equal(9_900, await Available(user, balance));
    }

    [Fact]
    public async Task It_takes_no_longer_than_the_gateway_has_left()
    {
        var (_, balance, card) = await NewCard(10_000);
        using var content = JsonContent.Create(Purchase(card.Id, 100));

        await using var held = await Races.Hold(suite.Database("balances"), $"select from accounts where id = '{balance}' for update");
        var since = Stopwatch.GetTimestamp();
        var late = await suite.As(Processor, "cardservice").Send(HttpMethod.Post, "/authorizations", content, headers: ("Time-Left", "200"));
        late.MustRefuse(504, "AUTHORIZATION_TIMEOUT");
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalMilliseconds, 150, 1_400);
        await held.Release();
    }

    [Fact]
    public async Task Without_BalanceService_nothing_is_decided()
    {
        var (user, balance, card) = await NewCard(10_000);
        var request = Purchase(card.Id, 100);

        await suite.Stop("balanceservice");
        var refused = await Authorise(request);
        await suite.Start("balanceservice");

        Assert.Contains((refused.Status, refused.Code), new (int, string?)[] { (503, "SERVICE_UNAVAILABLE"), (504, "AUTHORIZATION_TIMEOUT") });
        await Eventually.Holds(async () => (await Authorise(request)).Status == 200, "BalanceService to be asked again");
        Assert.Equal(9_900, await Available(user, balance));
    }

    [Fact]
    public async Task A_reference_works_once()
    {
        var (user, _, card) = await NewCard(10_000);
        var (cardNo, cvv) = await suite.Open(user.Caller, card);
        var request = await ByNumber(cardNo, card["exp"].GetString(), cvv);
        (await Authorise(request)).Must(200);
        request["transactionId"] = "another";

        (await Authorise(request)).MustRefuse(409, "REFERENCE_INVALID");
    }

    [Theory]
    [InlineData("transactionId", "\"\"")]
    [InlineData("transactionId", "\"a\\u0007\"")]
    [InlineData("transactionId", "null")]
    [InlineData("type", "\"Refund\"")]
    [InlineData("amount", """{"amount": -1, "currency": "PLN"}""")]
    [InlineData("amount", """{"amount": 0, "currency": "PLN"}""")]
    [InlineData("amount", """{"amount": 1.5, "currency": "PLN"}""")]
    [InlineData("amount", """{"amount": 1e30, "currency": "PLN"}""")]
    [InlineData("amount", """{"amount": 1, "currency": "XXX"}""")]
    [InlineData("amount", "100")]
    [InlineData("originalAmount", """{"amount": -1, "currency": "EUR"}""")]
    [InlineData("merchant.mcc", """{"mid": "1", "name": "Kiosk", "mcc": "59a4", "country": "PL"}""")]
    [InlineData("merchant.mcc", """{"mid": "1", "name": "Kiosk", "mcc": "59940", "country": "PL"}""")]
    [InlineData("merchant.country", """{"mid": "1", "name": "Kiosk", "mcc": "5994", "country": "pl"}""")]
    [InlineData("merchant.country", """{"mid": "1", "name": "Kiosk", "mcc": "5994", "country": "POL"}""")]
    [InlineData("merchant.mid", """{"mid": "", "name": "Kiosk", "mcc": "5994", "country": "PL"}""")]
    [InlineData("merchant.name", """{"mid": "1", "name": "a\nb", "mcc": "5994", "country": "PL"}""")]
    [InlineData("channel", "\"Mail\"")]
    [InlineData("transmittedAt", "\"yesterday\"")]
    [InlineData("cardId", "null")]
    [InlineData("cardNo", "\"4111111111111111\"")]
    [InlineData("cardId", """{"vault": "x"}""")]
    [InlineData("exp", "\"2029-11-30\"")]
    [InlineData("cvv", """{"vault": "x"}""")]
    [InlineData("wallet", "true")]
    public async Task A_field_that_cannot_be_right_is_named(string field, string value)
    {
        var request = Purchase(Guid.CreateVersion7(), 100);
        request[field.Split('.')[0]] = JsonElement.Parse(value);

        var refused = (await Authorise(request)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Contains(refused["errors"].EnumerateObject(), error => error.Name.StartsWith(field.Split('.')[0], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_transaction_names_its_card_in_one_way()
    {
        var both = Purchase(Guid.CreateVersion7(), 100);
        both["cardNo"] = new { vault = "x" };
        both["exp"] = "2029-11-30";
        var withoutExpiry = Purchase(Guid.CreateVersion7(), 100);
        withoutExpiry.Remove("cardId");
        withoutExpiry["cardNo"] = new { vault = "x" };

        Assert.True((await Authorise(both)).MustRefuse(422, "VALIDATION_FAILED")["errors"].TryGetProperty("cardId", out _));
        Assert.True((await Authorise(withoutExpiry)).MustRefuse(422, "VALIDATION_FAILED")["errors"].TryGetProperty("exp", out _));
    }

    [Fact]
    public async Task A_verification_is_of_nothing_and_a_transaction_id_fits()
    {
        var verification = Purchase(Guid.CreateVersion7(), 100);
        verification["type"] = "Verification";
        var longId = Purchase(Guid.CreateVersion7(), 100);
        longId["transactionId"] = new string('1', 65);

        Assert.True((await Authorise(verification)).MustRefuse(422, "VALIDATION_FAILED")["errors"].TryGetProperty("amount", out _));
        Assert.True((await Authorise(longId)).MustRefuse(422, "VALIDATION_FAILED")["errors"].TryGetProperty("transactionId", out _));
        longId["transactionId"] = new string('1', 64);
        (await Authorise(longId)).Must(200);
    }

    [Fact]
    public async Task Nobody_but_aProcessor_authorises()
    {
        var (user, balance, card) = await NewCard(10_000);

        foreach (var somebody in new[] { user.Caller, user.App, user.App with { SessionId = null }, user.Operator(Role.Admin) })
        {
            (await Authorise(Purchase(card.Id, 100), somebody with { Processor = "sandbox" })).MustRefuse(403, "FORBIDDEN");
        }

        Assert.Equal(10_000, await Available(user, balance));
    }

    private static string Text(DateOnly day) => day.ToString("O", null);

    private async Task<Dictionary<string, object?>> ByNumber(string cardNo, string? exp, string? cvv, long amount = 100)
    {
        var request = Purchase(cardId: null, amount);
        request["cardNo"] = await suite.Refer(Processor, "cardNo", cardNo);
        request["exp"] = exp;
        if (cvv is not null)
        {
            request["cvv"] = await suite.Refer(Processor, "cvv", cvv);
        }
        return request;
    }

    private Task<Answer> Authorise(Dictionary<string, object?> request, Caller? caller = null) => suite.As(caller ?? Processor, "cardservice").Post("/authorizations", request);

    private async Task<(TestUser User, Guid Balance, Answer Card)> NewCard(long amount, Guid? partner = null, Guid? program = null)
    {
        var user = await suite.NewAcceptedUser(partner, program);
        var balance = await suite.NewBalance(user, amount);
        return (user, balance, (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance })).Must(201));
    }

    private async Task<long> Available(TestUser user, Guid balance) =>
        (await suite.As(user.Caller, "balanceservice").Get($"/balances/{balance}")).Must(200)["available"].GetInt64();
}
