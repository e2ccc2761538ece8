using System.Text.Json;
using Antaca.CardService.Tests.Authorisations;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;
using static Antaca.CardService.Tests.Authorisations.Requests;

namespace Antaca.CardService.Tests.Locks;

public sealed class LockCardTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    /// <summary>The lock table of the contract: code, reason, action code, reason of the decline, irreversible.</summary>
    public static readonly TheoryData<short, string, string, string, bool> Table = new()
    {
        { 1, "Card lost", "2008", "CARD_LOST", true },
        { 2, "Card stolen", "2009", "CARD_STOLEN", true },
        { 3, "Pending query", "1000", "CARD_PENDING_QUERY", false },
        { 4, "Card consolidation", "1016", "CARD_CONSOLIDATION", false },
        { 5, "Card inactive", "1018", "CARD_INACTIVE", true },
        { 6, "PIN tries exceeded", "1006", "PIN_TRIES_EXCEEDED", false },
        { 7, "Suspected fraud", "1002", "SUSPECTED_FRAUD", false },
        { 8, "Card replaced", "1011", "CARD_REPLACED", true },
    };

    private static readonly short[] _irreversible = [1, 2, 5, 8];

    [Theory]
    [MemberData(nameof(Table))]
    public async Task Each_lock_stops_the_card_as_the_table_says(short code, string reason, string actionCode, string decline, bool irreversible)
    {
        var user = await suite.NewAcceptedUser();
        var balance = await suite.NewBalance(user, 10_000);
        var card = await suite.NewCard(user, balance);

        var locked = (await Lock(user.Caller, card, code)).Must(200);
        var declined = (await suite.Authorise(card)).Must(200);
        var unlocked = await Unlock(user.Caller, card);
        var after = (await suite.Authorise(card)).Must(200);

        Assert.Equal("Locked", locked["status"].GetString());
        var stop = locked["lock"];
        Assert.Equal(code, stop.GetProperty("code").GetInt16());
        Assert.Equal(reason, stop.GetProperty("reason").GetString());
        Assert.Equal(irreversible, stop.GetProperty("irreversible").GetBoolean());
        Assert.Equal("Partner", stop.GetProperty("source").GetString());
        Assert.Equal(("Declined", actionCode, decline), Decision(declined));
        if (irreversible)
        {
            unlocked.MustRefuse(409, "LOCK_IRREVERSIBLE");
            Assert.Equal(("Declined", actionCode, decline), Decision(after));
        }
        else
        {
            Assert.Equal(JsonValueKind.Null, unlocked.Must(200)["lock"].ValueKind);
            Assert.Equal("Active", unlocked["status"].GetString());
            Assert.Equal("Approved", after["decision"].GetString());
        }
    }

    [Fact]
    public async Task A_lock_gives_way_only_when_it_is_reversible()
    {
        for (short first = 1; first <= 8; first++)
        {
            for (short second = 1; second <= 8; second++)
            {
                var card = await _cards.Put(new CardRow());
                var before = (await Lock(card.Partner, card.Id, first)).Must(200);

                var answer = await Lock(card.Partner, card.Id, second);

                if (first == second)
                {
                    Assert.Equal(before.Text, answer.Must(200).Text);
                }
                else if (_irreversible.Contains(first))
                {
                    answer.MustRefuse(409, "LOCK_IRREVERSIBLE");
                    Assert.Equal(before.Text, (await Summary(card)).Text);
                }
                else
                {
                    Assert.Equal(second, answer.Must(200)["lock"].GetProperty("code").GetInt16());
                    Assert.Equal(answer.Text, (await Summary(card)).Text);
                }
            }
        }
    }

    [Fact]
    public async Task The_same_lock_again_changes_nothing_and_is_told_once()
    {
        var card = await _cards.Put(new CardRow());

        var first = (await Lock(card.Partner, card.Id, 7)).Must(200);
        suite.Clock.Advance(TimeSpan.FromMinutes(1));
        var again = (await Lock(card.Partner, card.Id, 7)).Must(200);
        (await Lock(card.Partner, card.Id, 1)).Must(200);

        Assert.Equal(first.Text, again.Text);
        Assert.Equal(["card.locked 7", "card.locked 1"], await suite.Heard(card, 2));
    }

    [Fact]
    public async Task The_card_says_who_stopped_it()
    {
        var byUser = await _cards.Put(new CardRow());
        var byPartner = await _cards.Put(new CardRow());

        Assert.Equal("User", (await Lock(byUser.User, byUser.Id, 1)).Must(200)["lock"].GetProperty("source").GetString());
        Assert.Equal("Partner", (await Lock(byPartner.Partner, byPartner.Id, 1)).Must(200)["lock"].GetProperty("source").GetString());
    }

    [Theory]
    [InlineData("""{"code": 0}""", "code")]
    [InlineData("""{"code": 9}""", "code")]
    [InlineData("""{"code": -1}""", "code")]
    [InlineData("""{"code": 65537}""", "code")]
    [InlineData("""{"code": 1e30}""", "code")]
    [InlineData("""{"code": 1.5}""", "code")]
    [InlineData("""{"code": "1"}""", "code")]
    [InlineData("""{"code": null}""", "code")]
    [InlineData("{}", "code")]
    [InlineData("""{"code": 1, "reason": "Card lost"}""", "reason")]
    public async Task A_lock_that_is_not_in_the_table_is_refused(string body, string field)
    {
        var card = await _cards.Put(new CardRow());

        var refused = (await suite.As(card.Partner, "cardservice").PostText($"/cards/{card.Id}/lock", body)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.True(refused["errors"].TryGetProperty(field, out _), refused.Text);
        Assert.Equal("Active", (await Summary(card))["status"].GetString());
    }

    [Fact]
    public async Task Anothers_card_is_not_there()
    {
        var card = await _cards.Put(new CardRow());
        Caller[] others =
        [
            card.Partner with { UserId = Guid.CreateVersion7() },
            card.Partner with { PartnerId = Guid.CreateVersion7() },
            card.User with { UserId = Guid.CreateVersion7() },
            new() { Channel = Channel.Secure, PartnerId = card.PartnerId },
        ];

        foreach (var other in others)
        {
            (await Lock(other, card.Id, 1)).MustRefuse(404, "CARD_NOT_FOUND");
            (await Unlock(other, card.Id)).MustRefuse(404, "CARD_NOT_FOUND");
        }
        (await Lock(card.Partner, Guid.CreateVersion7(), 1)).MustRefuse(404, "CARD_NOT_FOUND");
        (await Lock(new Caller { Channel = Channel.Processor, Processor = "sandbox" }, card.Id, 1)).MustRefuse(403, "FORBIDDEN");

        Assert.Equal("Active", (await Summary(card))["status"].GetString());
    }

    [Theory]
    [InlineData(Role.Employee)]
    [InlineData(Role.Manager)]
    [InlineData(Role.Admin)]
    public async Task Every_operator_stops_any_partners_card_and_puts_it_back(Role role)
    {
        var card = await _cards.Put(new CardRow());
        var somebody = TestUsers.Operator(role);

        var locked = (await Lock(somebody, card.Id, 7)).Must(200);
        var unlocked = (await Unlock(somebody, card.Id)).Must(200);

        Assert.Equal("Operator", locked["lock"].GetProperty("source").GetString());
        Assert.Equal(card.UserId, locked["customerId"].GetGuid());
        Assert.Equal(card.UserId, unlocked["customerId"].GetGuid());
        Assert.Equal("Active", unlocked["status"].GetString());
        Assert.Equal(["card.locked 7", "card.unlocked 7"], await suite.Heard(card, 2));
        (await Lock(somebody, Guid.CreateVersion7(), 7)).MustRefuse(404, "CARD_NOT_FOUND");
        (await Unlock(somebody, Guid.CreateVersion7())).MustRefuse(404, "CARD_NOT_FOUND");
    }

    [Fact]
    public async Task The_user_stops_the_card_and_puts_it_back_by_the_app()
    {
        var card = await _cards.Put(new CardRow());

        var locked = (await Lock(card.User, card.Id, 3)).Must(200);
        var unlocked = (await Unlock(card.User, card.Id)).Must(200);

        Assert.Equal("User", locked["lock"].GetProperty("source").GetString());
        Assert.False(locked.Json.TryGetProperty("customerId", out _));
        Assert.Equal("Active", unlocked["status"].GetString());
    }

    [Fact]
    public async Task Nobody_else_stops_or_sees_a_card()
    {
        var card = await _cards.Put(new CardRow());

        foreach (var caller in TestCallers.NotAdmitted(card.UserId))
        {
            (await Lock(caller, card.Id, 1)).MustRefuse(403, "FORBIDDEN");
            (await Unlock(caller, card.Id)).MustRefuse(403, "FORBIDDEN");
            (await suite.As(caller, "cardservice").Get($"/cards/{card.Id}/summary")).MustRefuse(403, "FORBIDDEN");
            (await suite.As(caller, "cardservice").Get("/cards")).MustRefuse(403, "FORBIDDEN");
        }

        Assert.Equal("Active", (await Summary(card))["status"].GetString());
    }

    [Fact]
    public async Task The_audit_trail_hears_who_stopped_whose_card()
    {
        var card = await _cards.Put(new CardRow());
        var somebody = TestUsers.Operator(Role.Employee);

        var entries = await _cards.Audited(async () =>
        {
            (await Lock(somebody, card.Id, 7)).Must(200);
            (await Unlock(card.User, card.Id)).Must(200);
            (await Lock(card.Partner, card.Id, 1)).Must(200);
            (await Lock(somebody, card.Id, 2)).MustRefuse(409, "LOCK_IRREVERSIBLE");
        });

        Assert.Equal(
            [
                $"Admin {somebody.Actor} LockCard card:{card.Id} {card.UserId} {card.PartnerId}",
                $"Customers user:{card.UserId} UnlockCard card:{card.Id} {card.UserId} {card.PartnerId}",
                $"Secure partner:{card.PartnerId} LockCard card:{card.Id} {card.UserId} {card.PartnerId}",
            ],
            entries.Select(entry => entry.Line()));
    }

    [Fact]
    public async Task Plastic_in_production_is_there_for_operators_and_cannot_be_stopped()
    {
        var card = await _cards.Put(new CardRow { Status = "Ordered" });

        (await Lock(TestUsers.Operator(Role.Admin), card.Id, 1)).MustRefuse(409, "CARD_NOT_ACTIVE");
        (await Unlock(TestUsers.Operator(Role.Admin), card.Id)).MustRefuse(409, "CARD_NOT_ACTIVE");
    }

    [Fact]
    public async Task The_user_and_an_operator_at_once_leave_one_lock()
    {
        var card = await _cards.Put(new CardRow());

        var answers = await Races.AtOnce(_cards, RowOf(card), 2, () => Lock(card.User, card.Id, 1), () => Lock(TestUsers.Operator(Role.Employee), card.Id, 2));

        var won = Assert.Single(answers, answer => answer.Status == 200);
        Assert.Single(answers, answer => answer.Code == "LOCK_IRREVERSIBLE");
        var stop = (await Summary(card))["lock"];
        Assert.Equal(won["lock"].GetRawText(), stop.GetRawText());
        Assert.Equal(stop.GetProperty("code").GetInt32() == 1 ? "User" : "Operator", stop.GetProperty("source").GetString());
        Assert.Equal([$"card.locked {stop.GetProperty("code")}"], await suite.Heard(card, 1));
    }

    [Fact]
    public async Task A_repeated_request_of_an_operator_does_not_stop_the_card_again()
    {
        var card = await _cards.Put(new CardRow());
        var (one, another) = (TestUsers.Operator(Role.Employee), TestUsers.Operator(Role.Employee));
        var key = Guid.CreateVersion7().ToString();

        var first = (await Lock(one, card.Id, 7, key)).Must(200);
        (await Unlock(card.User, card.Id, key)).Must(200);
        var again = (await Lock(one, card.Id, 7, key)).Must(200);

        Assert.Equal(first.Bytes, again.Bytes);
        Assert.Equal("true", again.Header("Idempotent-Replayed"));
        Assert.Equal("Active", (await Summary(card))["status"].GetString());
        Assert.Null((await Lock(another, card.Id, 1, key)).Must(200).Header("Idempotent-Replayed"));
    }

    [Fact]
    public async Task A_body_that_is_no_JSON_is_refused_as_such()
    {
        var card = await _cards.Put(new CardRow());

        foreach (var caller in new[] { card.Partner, card.User, TestUsers.Operator(Role.Admin) })
        {
            (await suite.As(caller, "cardservice").PostText($"/cards/{card.Id}/lock", "code=1", contentType: "text/plain")).MustRefuse(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        Assert.Equal(404, (await suite.As(card.Partner, "cardservice").PostText($"/nothing/{card.Id}/lock", "code=1", contentType: "text/plain")).Status);
    }

    [Theory]
    [InlineData("Inactive", 409, "CARD_NOT_ACTIVE")]
    [InlineData("Removed", 409, "CARD_NOT_ACTIVE")]
    [InlineData("Expired", 409, "CARD_NOT_ACTIVE")]
    [InlineData("Ordered", 404, "CARD_NOT_FOUND")]
    [InlineData("Issuing", 404, "CARD_NOT_FOUND")]
    public async Task A_card_that_is_not_in_use_cannot_be_stopped(string status, int refusal, string code)
    {
        var card = await _cards.Put(new CardRow { Status = status }, claimedUntil: status == "Issuing" ? DateTimeOffset.UtcNow.AddDays(1) : null);

        (await Lock(card.Partner, card.Id, 1)).MustRefuse(refusal, code);
        (await Unlock(card.Partner, card.Id)).MustRefuse(refusal, code);

        Assert.Equal(status, await _cards.One<string>("select status from cards where id = $1", card.Id));
    }

    [Fact]
    public async Task Two_locks_at_once_that_exclude_each_other_leave_one()
    {
        var card = await _cards.Put(new CardRow());

        var answers = await Races.AtOnce(_cards, RowOf(card), 2, () => Lock(card.Partner, card.Id, 1), () => Lock(card.User, card.Id, 2));

        var won = Assert.Single(answers, answer => answer.Status == 200);
        Assert.Single(answers, answer => answer.Code == "LOCK_IRREVERSIBLE");
        Assert.Equal(won.Text, (await Summary(card)).Text);
        Assert.Equal([$"card.locked {won["lock"].GetProperty("code")}"], await suite.Heard(card, 1));
    }

    [Fact]
    public async Task The_same_lock_twice_at_once_is_one_lock()
    {
        var card = await _cards.Put(new CardRow());

        var answers = await Races.AtOnce(_cards, RowOf(card), 2, () => Lock(card.Partner, card.Id, 3), () => Lock(card.Partner, card.Id, 3));
        (await Unlock(card.Partner, card.Id)).Must(200);

        Assert.Equal(answers[0].Must(200).Text, answers[1].Must(200).Text);
        Assert.Equal(["card.locked 3", "card.unlocked 3"], await suite.Heard(card, 2));
    }

    [Fact]
    public async Task A_reversible_and_an_irreversible_lock_at_once_leave_the_irreversible_one()
    {
        for (var turn = 0; turn < 4; turn++)
        {
            var card = await _cards.Put(new CardRow());

            await Races.AtOnce(_cards, RowOf(card), 2, () => Lock(card.Partner, card.Id, 7), () => Lock(card.User, card.Id, 1));

            Assert.Equal(1, (await Summary(card))["lock"].GetProperty("code").GetInt32());
        }
    }

    [Fact]
    public async Task An_irreversible_lock_survives_an_unlock_at_the_same_time()
    {
        for (var turn = 0; turn < 4; turn++)
        {
            var card = await _cards.Put(new CardRow { Status = "Locked", LockCode = 3 });

            var answers = await Races.AtOnce(_cards, RowOf(card), 2, () => Lock(card.Partner, card.Id, 2), () => Unlock(card.User, card.Id));

            answers[0].Must(200);
            Assert.Equal(2, (await Summary(card))["lock"].GetProperty("code").GetInt32());
            string[] expected = answers[1].Status == 200 ? ["card.unlocked 3", "card.locked 2"] : ["card.locked 2"];
            Assert.Equal(expected, await suite.Heard(card, expected.Length));
        }
    }

    [Fact]
    public async Task A_repeated_request_with_its_key_does_not_stop_the_card_again()
    {
        var card = await _cards.Put(new CardRow());
        var key = Guid.CreateVersion7().ToString();

        var first = (await Lock(card.Partner, card.Id, 7, key)).Must(200);
        (await Unlock(card.Partner, card.Id)).Must(200);
        var again = (await Lock(card.Partner, card.Id, 7, key)).Must(200);

        Assert.Equal(first.Bytes, again.Bytes);
        Assert.Equal("true", again.Header("Idempotent-Replayed"));
        Assert.Equal("Active", (await Summary(card))["status"].GetString());
        (await Lock(card.Partner, card.Id, 1, key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        (await Unlock(card.Partner, card.Id, key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
    }

    private static string RowOf(CardRow card) => $"select from cards where id = '{card.Id}' for update";

    private Task<Answer> Lock(Caller caller, Guid card, short code, string? key = null) => suite.As(caller, "cardservice").Post($"/cards/{card}/lock", new { code }, key);

    private Task<Answer> Unlock(Caller caller, Guid card, string? key = null) => suite.As(caller, "cardservice").Post($"/cards/{card}/unlock", key: key);

    private Task<Answer> Summary(CardRow card) => suite.As(card.Partner, "cardservice").Get($"/cards/{card.Id}/summary");
}
