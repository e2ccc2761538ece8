using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Issuing;

public sealed class IssueVirtualCardTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");
    private readonly NpgsqlDataSource _vault = suite.Database("datacore");

    [Fact]
    public async Task An_accepted_user_gets_a_virtual_card_on_an_open_balance()
    {
        var (user, balance) = await NewBalance();

        var card = (await Issue(user, balance)).Must(201);

        Assert.Equal(["id", "type", "cardNo", "cvv", "exp", "balanceId", "status"], card.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal("Virtual", card["type"].GetString());
        Assert.Equal("Active", card["status"].GetString());
        Assert.Equal(balance, card["balanceId"].GetGuid());
        Assert.Equal(LastDayOfMonthIn(36), card["exp"].GetString());
        var (cardNo, cvv) = await suite.Open(user.Caller, card);
        Assert.Matches("^510510[0-9]{10}$", cardNo);
        Assert.True(PassesLuhn(cardNo));
        Assert.Matches("^[0-9]{3}$", cvv);
    }

    [Fact]
    public async Task Nothing_but_the_masked_number_is_kept()
    {
        var (user, balance) = await NewBalance();
        var card = (await Issue(user, balance)).Must(201);
        var (cardNo, _) = await suite.Open(user.Caller, card);

        var row = await _cards.One<string>("select cards::text from cards where id = $1", card.Id);

        Assert.Contains($"{cardNo[..6]}******{cardNo[^4..]}", row, StringComparison.Ordinal);
        Assert.DoesNotContain(cardNo, row, StringComparison.Ordinal);
        Assert.DoesNotContain(suite.Log.Lines, line => line.Contains(cardNo, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_partner_hears_of_the_card_once()
    {
        var (user, balance) = await NewBalance(await suite.NewPartner());
        var card = (await Issue(user, balance, "key")).Must(201);
        (await Issue(user, balance, "key")).Must(201);
        (await suite.As(user.Caller, "cardservice").Post($"/cards/{card.Id}/lock", new { code = 1 })).Must(200);

        var heard = await Eventually.Get(
            async () => await suite.EventsOf(user.PartnerId) is { } events && events.Exists(IsOf("card.locked")) ? events : null,
            "card.locked");

        var issued = Assert.Single(heard, IsOf("card.issued")).GetProperty("data");
        Assert.Equal(card.Id, issued.GetProperty("cardId").GetGuid());
        Assert.Equal(balance, issued.GetProperty("balanceId").GetGuid());
        Assert.Equal(user.UserId, issued.GetProperty("customerId").GetGuid());
    }

    [Fact]
    public async Task A_user_nobody_knows_gets_no_card()
    {
        var (user, balance) = await NewBalance();
        var (stranger, _) = await suite.NewPartner();

        await Refused(user with { UserId = Guid.CreateVersion7() }, balance, 404, "USER_NOT_FOUND");
        await Refused(user with { PartnerId = stranger }, balance, 404, "USER_NOT_FOUND");
    }

    [Fact]
    public async Task A_locked_user_gets_no_card()
    {
        var (user, balance) = await NewBalance();
        await _vault.Execute("update users set status = 'Locked' where id = $1", user.UserId);

        await Refused(user, balance, 409, "USER_LOCKED");
    }

    [Fact]
    public async Task A_user_who_is_not_verified_gets_no_card()
    {
        var (user, balance) = await NewBalance();
        (await suite.As(user.Caller, "kycservice").Put("/kyc", new { status = "Rejected", reference = "again" })).Must(200);

        await Refused(user, balance, 409, "KYC_REQUIRED");
        await Refused(await suite.NewUser(), balance, 409, "KYC_REQUIRED");
    }

    [Fact]
    public async Task Anothers_balance_is_not_there()
    {
        var (user, _) = await NewBalance();
        var (_, others) = await NewBalance();

        await Refused(user, others, 404, "BALANCE_NOT_FOUND");
        await Refused(user, Guid.CreateVersion7(), 404, "BALANCE_NOT_FOUND");
    }

    [Theory]
    [InlineData("Blocked")]
    [InlineData("Closed")]
    public async Task A_balance_that_is_not_open_gets_no_card(string state)
    {
        var (user, balance) = await NewBalance();
        await suite.Database("balances").Execute("update accounts set state = $2 where id = $1", balance, state);

        await Refused(user, balance, 409, "BALANCE_NOT_OPEN");
    }

    [Fact]
    public async Task A_balance_in_another_currency_gets_no_card()
    {
        var user = await suite.NewAcceptedUser();
        var balance = (await suite.As(user.Caller, "balanceservice").Post("/balances", new { currency = "EUR" })).Must(201);

        await Refused(user, balance.Id, 409, "BALANCE_CURRENCY_MISMATCH");
    }

    [Fact]
    public async Task A_full_range_of_numbers_refuses_and_leaves_the_key_free()
    {
        var (user, balance) = await NewBalance(await suite.NewPartner());
        await _vault.Execute("update bin_ranges set next_index = size where partner_id = $1", user.PartnerId);

        (await Issue(user, balance, "key")).MustRefuse(409, "BIN_RANGE_FULL");
        await NothingLeft(user);
        await _vault.Execute("update bin_ranges set next_index = 0 where partner_id = $1", user.PartnerId);
        (await Issue(user, balance, "key")).Must(201);
    }

    [Theory]
    [InlineData("""{"balanceId": "B", "cardholderName": "4111111111111111"}""", "cardholderName")]
    [InlineData("""{"balanceId": "B", "cardholderName": ""}""", "cardholderName")]
    [InlineData("""{"balanceId": "B", "cardholderName": " Anna"}""", "cardholderName")]
    [InlineData("""{"balanceId": "B", "cardholderName": "Anna\u0000"}""", "cardholderName")]
    [InlineData("""{"balanceId": "B", "cardholderName": "Abcdefghijklmnopqrstuvwxyza"}""", "cardholderName")]
    [InlineData("""{"balanceId": "B", "cardNo": "4111111111111111"}""", "cardNo")]
    [InlineData("""{"balanceId": "1"}""", "balanceId")]
    [InlineData("""{"balanceId": null}""", "balanceId")]
    [InlineData("{}", "balanceId")]
    public async Task A_field_that_cannot_be_right_is_named(string body, string field)
    {
        var (user, balance) = await NewBalance();

        var refused = (await suite.As(user.Caller, "cardservice").PostText("/cards/virtual", body.Replace("\"B\"", $"\"{balance}\"", StringComparison.Ordinal)))
            .MustRefuse(422, "VALIDATION_FAILED");

        Assert.True(refused["errors"].TryGetProperty(field, out _), refused.Text);
        await NothingLeft(user);
    }

    [Fact]
    public async Task The_same_key_shows_the_same_card_with_fresh_references()
    {
        var (user, balance) = await NewBalance();

        var first = (await Issue(user, balance, "key-" + balance)).Must(201);
        (await suite.As(user.Caller, "cardservice").Post($"/cards/{first.Id}/lock", new { code = 1 })).Must(200);
        var again = (await Issue(user, balance, "key-" + balance)).Must(201);

        Assert.Null(first.Header("Idempotent-Replayed"));
        Assert.Equal("true", again.Header("Idempotent-Replayed"));
        foreach (var field in new[] { "id", "type", "exp", "balanceId", "status" })
        {
            Assert.Equal(first[field].GetString(), again[field].GetString());
        }
        Assert.NotEqual(first["cardNo"].GetRawText(), again["cardNo"].GetRawText());
        Assert.Equal(await suite.Open(user.Caller, first), await suite.Open(user.Caller, again));
        Assert.Equal(1, await CardsOf(user));
    }

    [Fact]
    public async Task A_key_serves_one_request_only()
    {
        var (user, balance) = await NewBalance(await suite.NewPartner());
        (await Issue(user, balance, "key")).Must(201);
        var other = await suite.NewAcceptedUser(user.PartnerId, user.ProgramId);

        (await Issue(user, await suite.NewBalance(user), "key")).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        (await Issue(other, balance, "key")).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");

        Assert.Equal(1, await CardsOf(user));
    }

    [Fact]
    public async Task Anothers_key_is_anothers()
    {
        var (user, balance) = await NewBalance(await suite.NewPartner());
        var (other, otherBalance) = await NewBalance(await suite.NewPartner());

        Assert.NotEqual((await Issue(user, balance, "key")).Must(201).Id, (await Issue(other, otherBalance, "key")).Must(201).Id);
    }

    [Fact]
    public async Task Without_a_key_every_request_is_a_card()
    {
        var (user, balance) = await NewBalance();

        var first = (await Issue(user, balance)).Must(201);
        var second = (await Issue(user, balance)).Must(201);

        Assert.NotEqual(await suite.Open(user.Caller, first), await suite.Open(user.Caller, second));
        Assert.Equal(2, await CardsOf(user));
    }

    [Fact]
    public async Task Two_requests_with_one_key_at_once_make_one_card()
    {
        var (user, balance) = await NewBalance();

        var answers = await Races.AtOnce(
            _cards, "lock table cards in exclusive mode", 2, () => Issue(user, balance, "at-once-" + balance), () => Issue(user, balance, "at-once-" + balance));

        var card = Assert.Single(answers, answer => answer.Status == 201);
        Assert.Single(answers, answer => answer.Code == "IDEMPOTENCY_IN_PROGRESS");
        Assert.Equal(card.Id, (await Issue(user, balance, "at-once-" + balance)).Must(201).Id);
        Assert.Equal(1, await CardsOf(user));
    }

    [Fact]
    public async Task A_card_that_waits_for_its_number_is_seen_by_nobody_and_its_key_is_in_progress()
    {
        var (user, balance) = await NewBalance();
        var cards = suite.As(user.Caller, "cardservice");

        await using var held = await Races.Hold(_vault, "lock table vault_cards in exclusive mode");
        var first = Issue(user, balance, "waits-" + balance);
        await held.Waiters(1);
        var waiting = await _cards.One<Guid>("select id from cards where user_id = $1", user.UserId);
        (await Issue(user, balance, "waits-" + balance)).MustRefuse(409, "IDEMPOTENCY_IN_PROGRESS");
        (await cards.Get($"/cards/{waiting}/summary")).MustRefuse(404, "CARD_NOT_FOUND");
        (await cards.Post($"/cards/{waiting}/lock", new { code = 1 })).MustRefuse(404, "CARD_NOT_FOUND");
        Assert.Equal(0, (await cards.Get("/cards")).Must(200)["items"].GetArrayLength());
        await held.Release();

        Assert.Equal(waiting, (await first).Must(201).Id);
        Assert.Equal(1, (await cards.Get("/cards")).Must(200)["items"].GetArrayLength());
    }

    [Fact]
    public async Task The_user_gets_a_card_by_the_app_that_only_this_device_can_open()
    {
        var (user, balance) = await NewBalance();

        var card = (await Issue(user.App, balance, "app-" + balance)).Must(201);
        var again = (await Issue(user.App, balance, "app-" + balance)).Must(201);

        Assert.Equal(["id", "type", "cardNo", "cvv", "exp", "balanceId", "status"], card.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal(card.Id, again.Id);
        Assert.Equal("true", again.Header("Idempotent-Replayed"));
        (await suite.Resolve(user.Caller, card)).MustRefuse(409, "REFERENCE_INVALID");
        (await suite.Resolve(user.App with { InstallationId = Guid.CreateVersion7() }, card)).MustRefuse(409, "REFERENCE_INVALID");
        Assert.Equal(await suite.Open(user.App, card), await suite.Open(user.App, again));
        Assert.Equal(1, await CardsOf(user));
    }

    [Fact]
    public async Task A_key_of_the_partners_is_another_than_the_users()
    {
        var (user, balance) = await NewBalance();

        Assert.NotEqual((await Issue(user, balance, "both-" + balance)).Must(201).Id, (await Issue(user.App, balance, "both-" + balance)).Must(201).Id);
    }

    [Fact]
    public async Task By_the_app_nobody_gets_a_card_on_anothers_balance()
    {
        var (user, balance) = await NewBalance();
        var (_, others) = await NewBalance();
        var (stranger, _) = await suite.NewPartner();

        (await Issue(user.App, others)).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await Issue(user.App with { PartnerId = stranger }, balance)).MustRefuse(404, "USER_NOT_FOUND");
        await NothingLeft(user);
    }

    [Theory]
    [InlineData(Role.Manager)]
    [InlineData(Role.Admin)]
    public async Task An_operator_issues_a_card_to_any_partners_user_and_sees_no_secret(Role role)
    {
        var (user, balance) = await NewBalance(await suite.NewPartner());
        var somebody = user.Operator(role);
        Answer card = null!;

        var entry = Assert.Single(await _cards.Audited(async () => card = (await Issue(somebody, balance)).Must(201)));

        Assert.Equal(["id", "type", "maskedCardNo", "exp", "balanceId", "status"], card.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal("Active", card["status"].GetString());
        Assert.Equal(balance, card["balanceId"].GetGuid());
        Assert.Equal(LastDayOfMonthIn(36), card["exp"].GetString());
        var full = (await suite.As(user.Caller, "cardservice").Get($"/cards/{card.Id}")).Must(200);
        var (cardNo, _) = await suite.Open(user.Caller, full);
        Assert.Equal($"{cardNo[..6]}******{cardNo[^4..]}", card["maskedCardNo"].GetString());
        Assert.Equal($"Admin {somebody.Actor} IssueVirtualCard card:{card.Id} {user.UserId} {user.PartnerId}", entry.Line());
        var heard = await Eventually.Get(async () => await suite.EventsOf(user.PartnerId) is { } events && events.Exists(IsOf("card.issued")) ? events : null, "card.issued");
        Assert.Equal(card.Id, Assert.Single(heard, IsOf("card.issued")).GetProperty("data").GetProperty("cardId").GetGuid());
    }

    [Fact]
    public async Task An_operators_key_shows_the_same_card_again_and_no_secret()
    {
        var (user, balance) = await NewBalance();
        var other = await suite.NewAcceptedUser();
        var somebody = user.Operator(Role.Manager);

        var first = (await Issue(somebody, balance, "key")).Must(201);
        (await suite.As(user.Caller, "cardservice").Post($"/cards/{first.Id}/lock", new { code = 1 })).Must(200);
        var again = (await Issue(somebody, balance, "key")).Must(201);

        Assert.Equal(first.Text, again.Text);
        Assert.Equal("true", again.Header("Idempotent-Replayed"));
        (await Issue(somebody with { UserId = other.UserId }, balance, "key")).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        Assert.NotEqual(first.Id, (await Issue(user.Operator(Role.Manager), balance, "key")).Must(201).Id);
        Assert.Equal(2, await CardsOf(user));
    }

    [Fact]
    public async Task An_operators_unfinished_card_is_finished_by_its_repeat()
    {
        var (user, balance) = await NewBalance();
        var somebody = user.Operator(Role.Manager);
        var issued = (await Issue(somebody, balance, "key")).Must(201);
        await _cards.Execute(
            "update cards set status = 'Issuing', masked_card_no = null, activated_at = null, claimed_until = $2 where id = $1", issued.Id, suite.Clock.GetUtcNow());

        var again = await Eventually.Get(async () => await Issue(somebody, balance, "key") is { Status: 201 } answer ? answer : null, "the card");

        Assert.Equal(issued.Text, again.Text);
    }

    [Fact]
    public async Task An_operator_hears_the_same_refusals()
    {
        var (user, balance) = await NewBalance();
        var (_, others) = await NewBalance();

        (await Issue(TestUsers.Operator(Role.Admin) with { UserId = Guid.CreateVersion7() }, balance)).MustRefuse(404, "USER_NOT_FOUND");
        (await Issue(TestUsers.Operator(Role.Admin), balance)).MustRefuse(404, "USER_NOT_FOUND");
        (await Issue(user.Operator(Role.Admin), others)).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await Issue((await suite.NewUser()).Operator(Role.Admin), balance)).MustRefuse(409, "KYC_REQUIRED");
        await _vault.Execute("update users set status = 'Locked' where id = $1", user.UserId);
        (await Issue(user.Operator(Role.Admin), balance)).MustRefuse(409, "USER_LOCKED");
        await NothingLeft(user);
    }

    [Fact]
    public async Task Nobody_else_issues_a_card()
    {
        var (user, balance) = await NewBalance();

        foreach (var caller in TestCallers.NotAdmitted(user.UserId, Role.Employee))
        {
            (await Issue(caller, balance)).MustRefuse(403, "FORBIDDEN");
        }
        await NothingLeft(user);
    }

    private async Task<(TestUser User, Guid Balance)> NewBalance((Guid PartnerId, Guid ProgramId)? of = null)
    {
        var user = await suite.NewAcceptedUser(of?.PartnerId, of?.ProgramId);
        return (user, await suite.NewBalance(user));
    }

    private Task<Answer> Issue(TestUser user, Guid balanceId, string? key = null) => Issue(user.Caller, balanceId, key);

    private Task<Answer> Issue(Caller caller, Guid balanceId, string? key = null) => suite.As(caller, "cardservice").Post("/cards/virtual", new { balanceId }, key);

    private async Task Refused(TestUser user, Guid balance, int status, string code)
    {
        var key = Guid.CreateVersion7().ToString();
        (await Issue(user, balance, key)).MustRefuse(status, code);
        (await Issue(user, balance, key)).MustRefuse(status, code);
        await NothingLeft(user);
    }

    private async Task NothingLeft(TestUser user) => Assert.Equal(0, await CardsOf(user));

    private Task<long> CardsOf(TestUser user) => _cards.One<long>("select count(*) from cards where user_id = $1", user.UserId);

    private string LastDayOfMonthIn(int months)
    {
        var then = suite.Clock.GetUtcNow().UtcDateTime.AddMonths(months);
        return new DateOnly(then.Year, then.Month, DateTime.DaysInMonth(then.Year, then.Month)).ToString("O", null);
    }

    private static Predicate<JsonElement> IsOf(string type) => happened => happened.GetProperty("type").GetString() == type;

    private static bool PassesLuhn(string number) =>
        number.Reverse().Select((digit, place) => (digit - '0') * (place % 2 == 0 ? 1 : 2)).Sum(value => value > 9 ? value - 9 : value) % 10 == 0;
}
