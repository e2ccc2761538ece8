using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Ledger;

public sealed class GetTransactionTests(LedgerSuite suite) : LedgerTest(suite)
{
    private static readonly object _merchant = new { mid = "M-1", name = "Żabka 7", mcc = "5411", country = "PL" };

    private Api Processor => Suite.As(new Caller { Channel = Channel.Processor, Processor = "sandbox" }, "balanceservice");

    [Fact]
    public async Task A_transaction_shows_what_became_of_it_step_by_step()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 10_000);
        var cardId = await Suite.NewCard(user, balanceId);
        var id = await Pay(Payment.Of(user, balanceId, amount: 1_000).With("cardId", cardId));
        (await Processor.Post($"/authorizations/{id}/increments", new { transactionId = NewKey(), amount = Money(200) })).Must(200);
        (await Processor.Post($"/authorizations/{id}/reversals", new { transactionId = NewKey(), amount = Money(300) })).Must(200);
        var first = (await Clear(id, cardId, 500, final: false)).Must(200);
        var last = (await Clear(id, cardId, 350, final: true)).Must(200);
        (await Processor.Post("/refunds", new { transactionId = NewKey(), authorizationId = id, cardId, amount = Money(100), merchant = _merchant })).Must(200);
        var path = $"/balances/{balanceId}/transactions/{id}";

        var shown = (await BalancesOf(user).Get(path)).Must(200);

        var listed = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions")).Must(200)["items"].EnumerateArray().Single(item => item.GetProperty("id").GetGuid() == id);
        Assert.All(listed.EnumerateObject(), field => Assert.Equal(field.Value.GetRawText(), shown[field.Name].GetRawText()));
        Assert.Equal("Cleared", shown["status"].GetString());
        Assert.Equal((1_000, 0, 850, 100), (Amount(shown["authorizedAmount"]), Amount(shown["held"]), Amount(shown["clearedAmount"]), Amount(shown["refundedAmount"])));
        Assert.Equal(JsonValueKind.Null, shown["exchangeRate"].ValueKind);
        Assert.Equal(
            ["Increment 200 200", "Reversal 300 -300", "Clearing 500 -500", "Clearing 350 -400"],
            Steps(shown).Select(step => $"{step.GetProperty("kind")} {Amount(step.GetProperty("amount"))} {Amount(step.GetProperty("held"))}"));
        Assert.Equal(Amount(shown["held"]), Amount(shown["authorizedAmount"]) + Steps(shown).Sum(step => Amount(step.GetProperty("held"))));
        Assert.Equal([first.Id, last.Id], Steps(shown).Skip(2).Select(step => step.GetProperty("operationId").GetGuid()));
        Assert.Equal(shown["clearedAt"].GetString(), Steps(shown)[^1].GetProperty("at").GetString());
        Assert.False(shown.Json.TryGetProperty("entries", out _) || shown.Json.TryGetProperty("customerId", out _));
        Assert.Equal(shown.Text, (await BalancesOf(user.App).Get(path)).Must(200).Text);
    }

    [Theory]
    [InlineData(Role.Employee)]
    [InlineData(Role.Manager)]
    [InlineData(Role.Admin)]
    public async Task Operators_see_the_money_that_it_moved_too(Role role)
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var balanceId = await Suite.NewBalance(user, amount: 10_000);
        var id = await Pay(Payment.Of(user, balanceId, amount: 1_000));
        var clearing = (await Clear(id, user.UserId, 700, final: true)).Must(200);

        var shown = (await BalancesOf(TestUsers.Operator(role)).Get($"/transactions/{id}")).Must(200);

        Assert.Equal(user.UserId, shown["customerId"].GetGuid());
        Assert.Equal(
            [$"Settlement 700 {clearing.Id}", $"User -700 {clearing.Id}"],
            shown["entries"].EnumerateArray()
                .Select(entry => $"{entry.GetProperty("accountKind")} {Amount(entry.GetProperty("amount"))} {entry.GetProperty("operationId")}").Order(StringComparer.Ordinal));
        Assert.Equal(shown.Text, (await BalancesOf(user.Operator(role)).Get($"/balances/{balanceId}/transactions/{id}")).Must(200).Text);
    }

    [Fact]
    public async Task A_hold_says_until_when_and_a_reload_has_no_history()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var reload = (await BalancesOf(user).Post($"/balances/{balanceId}/reload", new { amount = Money(1_000), reference = "salary" }, NewKey())).Must(201);
        var id = await Pay(Payment.Of(user, balanceId, amount: 400).With("holdLifetimeDays", 3));

        var hold = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions/{id}")).Must(200);
        var added = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions/{reload.Id}")).Must(200);

        Assert.Equal(hold["authorizedAt"].GetDateTimeOffset().AddDays(3), hold["expiresAt"].GetDateTimeOffset());
        Assert.Equal(400, Amount(hold["held"]));
        Assert.Empty(Steps(hold));
        Assert.Equal("salary", added["reference"].GetString());
        Assert.Equal((0, 0, 1_000), (Amount(added["authorizedAmount"]), Amount(added["held"]), Amount(added["clearedAmount"])));
        Assert.Equal(JsonValueKind.Null, added["expiresAt"].ValueKind);
        Assert.Empty(Steps(added));
    }

    [Fact]
    public async Task A_payment_in_another_currency_says_by_which_rate()
    {
        await Do(
            """
            insert into rates (id, base, quote, rate, source, valid_from, created_at)
            values (gen_random_uuid(), 'CHF', 'PLN', 4.25, 'NBP', '2025-01-02T03:04:05Z', now())
            """);
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 10_000);
        var id = await Pay(Payment.Of(user, balanceId, amount: 100).With("currency", "CHF"));

        var shown = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions/{id}")).Must(200);

        Assert.Equal("""{"rate":4.25,"base":"CHF","quote":"PLN","source":"NBP","validFrom":"2025-01-02T03:04:05Z"}""", shown["exchangeRate"].GetRawText());
        Assert.Equal("""{"amount":425,"currency":"PLN"}""", shown["held"].GetRawText());
        Assert.Equal("""{"amount":100,"currency":"CHF"}""", shown["originalAmount"].GetRawText());
    }

    [Fact]
    public async Task What_is_not_the_callers_is_not_there()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var theirs = await NewAcceptedUserOfAnotherPartner();
        var (balanceId, second, othersId, theirsId) =
            (await Suite.NewBalance(user, amount: 100), await Suite.NewBalance(user), await Suite.NewBalance(other, amount: 100), await Suite.NewBalance(theirs, amount: 100));
        var (mine, others, ofTheirs) = (await Only(balanceId), await Only(othersId), await Only(theirsId));

        (await BalancesOf(user).Get($"/balances/{balanceId}/transactions/{mine}")).Must(200);
        foreach (var (balance, transaction) in new[] { (balanceId, Guid.CreateVersion7()), (second, mine), (balanceId, others), (othersId, others), (theirsId, ofTheirs), (othersId, mine) })
        {
            (await BalancesOf(user).Get($"/balances/{balance}/transactions/{transaction}")).MustRefuse(404, "TRANSACTION_NOT_FOUND");
            (await BalancesOf(user.App).Get($"/balances/{balance}/transactions/{transaction}")).MustRefuse(404, "TRANSACTION_NOT_FOUND");
        }
        (await BalancesOf(user.Caller with { PartnerId = theirs.PartnerId }).Get($"/balances/{balanceId}/transactions/{mine}")).MustRefuse(404, "TRANSACTION_NOT_FOUND");
        (await BalancesOf(user.Operator(Role.Admin)).Get($"/balances/{othersId}/transactions/{others}")).MustRefuse(404, "TRANSACTION_NOT_FOUND");
        (await BalancesOf(TestUsers.Operator(Role.Admin)).Get($"/transactions/{Guid.CreateVersion7()}")).MustRefuse(404, "TRANSACTION_NOT_FOUND");
    }

    [Fact]
    public async Task Nobody_else_is_admitted()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 100);
        var id = await Only(balanceId);

        foreach (var caller in TestCallers.NotAdmitted(user.UserId))
        {
            (await BalancesOf(caller).Get($"/balances/{balanceId}/transactions/{id}")).MustRefuse(403, "FORBIDDEN");
        }
        foreach (var caller in TestCallers.NotAdmitted(user.UserId).Concat([user.Caller, user.App]))
        {
            (await BalancesOf(caller).Get($"/transactions/{id}")).MustRefuse(403, "FORBIDDEN");
        }
    }

    private static object Money(long amount) => new { amount, currency = "PLN" };

    private static long Amount(JsonElement money)
    {
        Assert.Equal("PLN", money.GetProperty("currency").GetString());
        return money.GetProperty("amount").GetInt64();
    }

    private static JsonElement[] Steps(Answer transaction) => [.. transaction["history"].EnumerateArray()];

    private Task<Guid> Only(Guid balanceId) => Look<Guid>("select id from transactions where account_id = @balanceId", ("balanceId", balanceId));

    private Task<Answer> Clear(Guid authorizationId, Guid cardId, long amount, bool final) =>
        Processor.Post("/clearings", new { transactionId = NewKey(), authorizationId, cardId, amount = Money(amount), merchant = _merchant, final });

    private async Task<Guid> Pay(Dictionary<string, object?> payment) =>
        (await Suite.Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", payment)).Must(200)["authorizationId"].GetGuid();
}
