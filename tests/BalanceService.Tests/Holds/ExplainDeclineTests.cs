using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Holds;

public sealed class ExplainDeclineTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Fact]
    public async Task Too_little_money_is_explained_by_what_there_was()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 300);
        var id = await Declined(Payment.Of(user, balanceId, amount: 400));
        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", new { amount = new { amount = 1_000, currency = "PLN" }, reference = "later" }, NewKey())).Must(201);

        var explained = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions/{id}/explanation")).Must(200);

        Assert.Equal(
            """
            {"actionCode":"1016","reason":"INSUFFICIENT_FUNDS","rule":null,"inputs":{"card":null,"state":"Open","amount":400,"available":300,"backingAvailable":null,"partial":false,"standIn":null,"limits":[]},"replayed":{"actionCode":"1016","reason":"INSUFFICIENT_FUNDS","rule":null},"agrees":true}
            """,
            explained.Text);
        foreach (var role in Enum.GetValues<Role>())
        {
            Assert.Equal(explained.Text, (await BalancesOf(TestUsers.Operator(role)).Get($"/transactions/{id}/explanation")).Must(200).Text);
        }
    }

    [Fact]
    public async Task A_limit_is_named_with_what_was_spent_under_it()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 10_000);
        var limits = new object[]
        {
            new { rule = "card.uses.month", window = "Month", amount = (long?)null, uses = 9 },
            new { rule = "card.amount.day", window = "Day", amount = 1_000, uses = (int?)null },
        };
        (await Pay(Payment.Of(user, balanceId, amount: 700).With("limits", limits))).Must(200);
        var id = await Declined(Payment.Of(user, balanceId, amount: 301).With("limits", limits));

        var explained = await Explain(id);

        Assert.Equal("SPEND_LIMIT_EXCEEDED card.amount.day", $"{explained["reason"]} {explained["rule"]}");
        Assert.Equal(
            """[{"rule":"card.uses.month","amount":null,"uses":9,"spent":700,"used":1},{"rule":"card.amount.day","amount":1000,"uses":null,"spent":700,"used":1}]""",
            explained["inputs"].GetProperty("limits").GetRawText());
        Assert.Equal("""{"actionCode":"1000","reason":"SPEND_LIMIT_EXCEEDED","rule":"card.amount.day"}""", explained["replayed"].GetRawText());
        Assert.True(explained["agrees"].GetBoolean());
    }

    [Fact]
    public async Task What_the_card_said_is_told_as_it_said_it()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 10_000);
        var said = new { actionCode = "1000", reason = "MCC_NOT_ALLOWED", rule = "card.mcc.deny", inputs = new { mcc = "7995" } };
        var id = await Declined(Payment.Of(user, balanceId, amount: 400).With("decline", said));

        var explained = await Explain(id);

        Assert.Equal("MCC_NOT_ALLOWED card.mcc.deny", $"{explained["reason"]} {explained["rule"]}");
        Assert.Equal("""{"actionCode":"1000","reason":"MCC_NOT_ALLOWED","rule":"card.mcc.deny","inputs":{"mcc":"7995"}}""", explained["inputs"].GetProperty("card").GetRawText());
        Assert.True(explained["agrees"].GetBoolean());
    }

    [Fact]
    public async Task An_amount_that_cannot_be_counted_is_none()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 10_000);
        var id = await Declined(Payment.Of(user, balanceId, amount: 400).With("currency", "JPY"));

        var explained = await Explain(id);

        Assert.Equal("CURRENCY_MISMATCH", explained["reason"].GetString());
        Assert.Equal(JsonValueKind.Null, explained["inputs"].GetProperty("amount").ValueKind);
        Assert.True(explained["agrees"].GetBoolean());
    }

    [Fact]
    public async Task A_partner_sees_what_its_own_account_had_left()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var balanceId = await Suite.NewBalance(user, amount: 10_000);
        await Do(
            "insert into accounts (id, partner_id, kind, currency, state, created_at) values (gen_random_uuid(), @partnerId, 'Credit', 'PLN', 'Open', now())",
            ("partnerId", user.PartnerId));
        var id = await Declined(Payment.Of(user, balanceId, amount: 400));

        var explained = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions/{id}/explanation")).Must(200);

        Assert.Equal("PARTNER_LIMIT", explained["reason"].GetString());
        Assert.Equal(0, explained["inputs"].GetProperty("backingAvailable").GetInt64());
        Assert.True(explained["agrees"].GetBoolean());
    }

    [Fact]
    public async Task The_decision_is_made_anew_and_not_repeated_from_memory()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 300);
        var id = await Declined(Payment.Of(user, balanceId, amount: 400));
        await Do("update transactions set explanation = replace(explanation::text, '\"available\":300', '\"available\":401')::json where id = @id", ("id", id));

        var explained = await Explain(id);

        Assert.Equal("INSUFFICIENT_FUNDS", explained["reason"].GetString());
        Assert.Equal("""{"actionCode":"0000","reason":"APPROVED","rule":null}""", explained["replayed"].GetRawText());
        Assert.False(explained["agrees"].GetBoolean());
    }

    [Fact]
    public async Task What_was_reversed_before_it_came_was_decided_by_nobody()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 300);
        var cardId = await Suite.NewCard(user, balanceId);
        var processor = Suite.As(new Caller { Channel = Channel.Processor, Processor = "sandbox" }, "balanceservice");
        (await processor.Post("/reversals", new { transactionId = NewKey(), authorization = new { transactionId = NewKey(), type = "Purchase" }, cardId })).Must(200);
        var id = await Look<Guid>("select id from transactions where account_id = @balanceId and type = 'Purchase'", ("balanceId", balanceId));

        Assert.Equal("""{"actionCode":"1000","reason":"REVERSED_FIRST","rule":null,"inputs":null,"replayed":null,"agrees":null}""", (await Explain(id)).Text);
        (await BalancesOf(user).Get($"/balances/{balanceId}/transactions/{id}/explanation")).MustRefuse(404, "TRANSACTION_NOT_FOUND");
    }

    [Fact]
    public async Task What_was_not_declined_needs_no_explanation()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 300);
        var reload = await Look<Guid>("select id from transactions where account_id = @balanceId", ("balanceId", balanceId));
        var approved = (await Pay(Payment.Of(user, balanceId, amount: 100))).Must(200)["authorizationId"].GetGuid();

        foreach (var id in new[] { reload, approved })
        {
            (await BalancesOf(user).Get($"/balances/{balanceId}/transactions/{id}/explanation")).MustRefuse(409, "NOT_DECLINED");
            (await BalancesOf(TestUsers.Operator(Role.Employee)).Get($"/transactions/{id}/explanation")).MustRefuse(409, "NOT_DECLINED");
        }
    }

    [Fact]
    public async Task What_is_not_the_callers_is_not_there()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var theirs = await NewAcceptedUserOfAnotherPartner();
        var (balanceId, second, othersId, theirsId) = (await Suite.NewBalance(user), await Suite.NewBalance(user), await Suite.NewBalance(other), await Suite.NewBalance(theirs));
        var (mine, others, ofTheirs) =
            (await Declined(Payment.Of(user, balanceId, amount: 1)), await Declined(Payment.Of(other, othersId, amount: 1)), await Declined(Payment.Of(theirs, theirsId, amount: 1)));

        (await BalancesOf(user).Get($"/balances/{balanceId}/transactions/{mine}/explanation")).Must(200);
        foreach (var (balance, transaction) in new[] { (balanceId, Guid.CreateVersion7()), (second, mine), (balanceId, others), (othersId, others), (theirsId, ofTheirs) })
        {
            (await BalancesOf(user).Get($"/balances/{balance}/transactions/{transaction}/explanation")).MustRefuse(404, "TRANSACTION_NOT_FOUND");
        }
        (await BalancesOf(user.Caller with { PartnerId = theirs.PartnerId }).Get($"/balances/{balanceId}/transactions/{mine}/explanation")).MustRefuse(404, "TRANSACTION_NOT_FOUND");
        (await BalancesOf(TestUsers.Operator(Role.Employee)).Get($"/transactions/{Guid.CreateVersion7()}/explanation")).MustRefuse(404, "TRANSACTION_NOT_FOUND");
    }

    [Fact]
    public async Task A_user_is_told_no_reasons()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var id = await Declined(Payment.Of(user, balanceId, amount: 1));

        foreach (var caller in TestCallers.NotAdmitted(user.UserId).Concat([user.App, user.Operator(Role.Admin)]))
        {
            (await BalancesOf(caller).Get($"/balances/{balanceId}/transactions/{id}/explanation")).MustRefuse(403, "FORBIDDEN");
        }
        foreach (var caller in TestCallers.NotAdmitted(user.UserId).Concat([user.App, user.Caller]))
        {
            (await BalancesOf(caller).Get($"/transactions/{id}/explanation")).MustRefuse(403, "FORBIDDEN");
        }
    }

    private Task<Answer> Pay(Dictionary<string, object?> payment) => Suite.Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", payment);

    private async Task<Guid> Declined(Dictionary<string, object?> payment)
    {
        var answer = (await Pay(payment)).Must(200);
        Assert.False(answer["approved"].GetBoolean());
        return answer["authorizationId"].GetGuid();
    }

    private async Task<Answer> Explain(Guid id) => (await BalancesOf(TestUsers.Operator(Role.Employee)).Get($"/transactions/{id}/explanation")).Must(200);
}
