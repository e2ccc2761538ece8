using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Ledger;

public sealed class ListAllTransactionsTests(LedgerSuite suite) : LedgerTest(suite)
{
    private const string Header =
        "id,customerId,balanceId,cardId,type,status,amount,currency,merchantMid,merchantName,merchantMcc,merchantCountry,authorizedAt,clearedAt,actionCode,reason,reference";

    [Theory]
    [InlineData(Role.Employee)]
    [InlineData(Role.Manager)]
    [InlineData(Role.Admin)]
    public async Task Every_operator_sees_every_partners_newest_first_page_by_page(Role role)
    {
        var (user, theirs) = (await Suite.NewAcceptedUser(), await NewAcceptedUserOfAnotherPartner());
        var (mine, others) = (await Suite.NewBalance(user), await Suite.NewBalance(theirs));
        var expected = new List<string>();
        foreach (var (of, balance) in new[] { (user, mine), (theirs, others), (user, mine) })
        {
            var reload = (await BalancesOf(of).Post($"/balances/{balance}/reload", Reload("salary"), NewKey())).Must(201);
            expected.Insert(0, reload.Text[..^1] + $",\"customerId\":\"{of.UserId}\"}}");
        }

        var first = await List(role, "limit=2");
        var second = await List(role, $"limit=1&after={first["next"].GetString()}");

        Assert.Equal(expected, first["items"].EnumerateArray().Concat(second["items"].EnumerateArray()).Select(transaction => transaction.GetRawText()));
    }

    [Fact]
    public async Task Operators_find_them_by_user_balance_card_status_type_and_time()
    {
        var user = await Suite.NewAcceptedUser();
        var (balance, another) = (await Suite.NewBalance(user), await Suite.NewBalance(user));
        var reload = (await BalancesOf(user).Post($"/balances/{balance}/reload", Reload("salary"), NewKey())).Must(201);
        Suite.Clock.Advance(TimeSpan.FromHours(1));
        var cardId = await Suite.NewCard(user, balance);
        var uncarded = await Pay(Payment.Of(user, another, amount: 10));
        var purchase = await Pay(Payment.Of(user, balance, amount: 40).With("cardId", cardId));
        var declined = await Pay(Payment.Of(user, balance, amount: 70, type: "Cash").With("cardId", cardId));
        var of = $"customerId={user.UserId}";
        var reloadedAt = reload["authorizedAt"].GetString()!;
        var afterwards = reload["authorizedAt"].GetDateTimeOffset().AddSeconds(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null);

        Assert.Equal([declined, purchase, uncarded, reload.Id], await Found(of));
        Assert.Equal([declined, purchase, reload.Id], await Found($"balanceId={balance}"));
        Assert.Equal([declined, purchase], await Found($"cardId={cardId}"));
        Assert.Equal([declined, purchase], await Found($"cardId={cardId}&balanceId={balance}&{of}"));
        Assert.Equal([declined], await Found($"cardId={cardId}&type=Cash"));
        Assert.Empty(await Found($"cardId={cardId}&balanceId={another}"));
        Assert.Empty(await Found($"cardId={cardId}&customerId={Guid.CreateVersion7()}"));
        Assert.Empty(await Found($"cardId={Guid.CreateVersion7()}"));
        Assert.Equal([declined, uncarded], await Found($"{of}&status=Declined"));
        Assert.Equal([declined], await Found($"balanceId={balance}&status=Declined"));
        Assert.Equal([purchase], await Found($"{of}&status=Authorized"));
        Assert.Equal([reload.Id], await Found($"{of}&type=Reload"));
        Assert.Equal([declined, purchase, uncarded], await Found($"{of}&from={afterwards}"));
        Assert.Equal([reload.Id], await Found($"{of}&from={reloadedAt}&to={afterwards}"));
        Assert.Empty(await Found($"{of}&to={reloadedAt}"));
        Assert.Empty(await Found($"customerId={Guid.CreateVersion7()}"));
        Assert.Empty(await Found($"{of}&balanceId={Guid.CreateVersion7()}"));
    }

    [Fact]
    public async Task A_users_come_in_the_order_of_time_from_whichever_balance_page_by_page()
    {
        var user = await Suite.NewAcceptedUser();
        var balances = new[] { await Suite.NewBalance(user), await Suite.NewBalance(user), await Suite.NewBalance(user) };
        var reloads = new List<Guid>();
        foreach (var balance in new[] { 0, 1, 0, 2, 2, 1, 0 }.Select(place => balances[place]))
        {
            reloads.Insert(0, (await BalancesOf(user).Post($"/balances/{balance}/reload", Reload("salary"), NewKey())).Must(201).Id);
        }

        var first = await List(Role.Employee, $"customerId={user.UserId}&limit=3");
        var second = await List(Role.Employee, $"customerId={user.UserId}&limit=3&after={first["next"].GetString()}");
        var third = await List(Role.Employee, $"customerId={user.UserId}&limit=3&after={second["next"].GetString()}");

        Assert.Equal(reloads, new[] { first, second, third }.SelectMany(page => page["items"].EnumerateArray()).Select(transaction => transaction.GetProperty("id").GetGuid()));
        Assert.Null(third["next"].GetString());
    }

    [Theory]
    [InlineData("status=authorized", "status")]
    [InlineData("status=1", "status")]
    [InlineData("status=", "status")]
    [InlineData("type=Fee", "type")]
    [InlineData("customerId=somebody", "customerId")]
    [InlineData("from=yesterday", "from")]
    [InlineData("limit=201", "limit")]
    [InlineData("after=x", "after")]
    public async Task What_cannot_be_looked_for_is_named(string query, string field)
    {
        var refused = (await BalancesOf(TestUsers.Operator(Role.Admin)).Get("/transactions?" + query)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task They_come_as_text_that_no_spreadsheet_runs()
    {
        var user = await Suite.NewAcceptedUser();
        var balance = await Suite.NewBalance(user);
        foreach (var reference in new[] { "=1+1", "+1", "-1", "@SUM(A1)", "a,\"b\"", "plain" })
        {
            (await BalancesOf(user).Post($"/balances/{balance}/reload", Reload(reference), NewKey())).Must(201);
        }
        await Pay(Payment.Of(user, balance, amount: 40).With("merchant", new { mid = "=M", name = "=HYPERLINK(\"https://example.com\")", mcc = "5411", country = "PL" }));

        var text = await Text($"customerId={user.UserId}");

        Assert.Equal("text/csv", text.MediaType);
        Assert.Null(text.Header("Next-Cursor"));
        var lines = text.Text.Split("\r\n");
        Assert.Equal(Header, lines[0]);
        var purchase = (await List(Role.Admin, $"customerId={user.UserId}"))["items"][0];
        Assert.Equal(
            $"{purchase.GetProperty("id")},{user.UserId},{balance},{user.UserId},Purchase,Authorized,40,PLN,\"'=M\",\"'=HYPERLINK(\"\"https://example.com\"\")\",5411,PL,"
                + $"{purchase.GetProperty("authorizedAt")},,0000,{purchase.GetProperty("reason")},",
            lines[1]);
        Assert.EndsWith(",plain", lines[2], StringComparison.Ordinal);
        Assert.EndsWith(",\"a,\"\"b\"\"\"", lines[3], StringComparison.Ordinal);
        Assert.EndsWith(",\"'@SUM(A1)\"", lines[4], StringComparison.Ordinal);
        Assert.EndsWith(",\"'-1\"", lines[5], StringComparison.Ordinal);
        Assert.EndsWith(",\"'+1\"", lines[6], StringComparison.Ordinal);
        Assert.EndsWith(",\"'=1+1\"", lines[7], StringComparison.Ordinal);
        Assert.Equal([""], lines[8..]);
    }

    [Fact]
    public async Task The_text_goes_on_where_it_was_cut_off()
    {
        var user = await Suite.NewAcceptedUser();
        var balance = await Suite.NewBalance(user);
        foreach (var reference in new[] { "first", "second" })
        {
            (await BalancesOf(user).Post($"/balances/{balance}/reload", Reload(reference), NewKey())).Must(201);
        }

        var first = await Text($"customerId={user.UserId}&limit=1");
        var second = await Text($"customerId={user.UserId}&limit=1&after={first.Header("Next-Cursor")}");

        Assert.EndsWith(",second\r\n", first.Text, StringComparison.Ordinal);
        Assert.EndsWith(",first\r\n", second.Text, StringComparison.Ordinal);
        Assert.Null(second.Header("Next-Cursor"));
    }

    [Theory]
    [InlineData("application/json", "application/json")]
    [InlineData("*/*", "application/json")]
    [InlineData("text/csv; q=0.5, application/json", "application/json")]
    [InlineData("text/csv; q=0", "application/json")]
    [InlineData("TEXT/CSV", "text/csv")]
    [InlineData("application/json; q=0.5, text/csv; q=0.9", "text/csv")]
    public async Task The_caller_says_which_form(string accept, string mediaType)
    {
        var operators = BalancesOf(TestUsers.Operator(Role.Employee));

        Assert.Equal(mediaType, (await operators.Send(HttpMethod.Get, "/transactions?limit=1", content: null, key: null, ("Accept", accept))).Must(200).MediaType);
    }

    [Fact]
    public async Task They_are_for_operators_alone()
    {
        var user = await Suite.NewAcceptedUser();

        foreach (var caller in TestCallers.NotAdmitted(user.UserId).Concat([user.Caller, user.App]))
        {
            (await BalancesOf(caller).Get("/transactions")).MustRefuse(403, "FORBIDDEN");
        }
    }

    private static object Reload(string reference) => new { amount = new { amount = 100, currency = "PLN" }, reference };

    private async Task<Answer> List(Role role, string query) => (await BalancesOf(TestUsers.Operator(role)).Get("/transactions?" + query)).Must(200);

    private async Task<IEnumerable<Guid>> Found(string query) =>
        (await List(Role.Employee, query))["items"].EnumerateArray().Select((JsonElement transaction) => transaction.GetProperty("id").GetGuid());

    private async Task<Answer> Text(string query) =>
        (await BalancesOf(TestUsers.Operator(Role.Employee)).Send(HttpMethod.Get, "/transactions?" + query, content: null, key: null, ("Accept", "text/csv"))).Must(200);

    private async Task<Guid> Pay(Dictionary<string, object?> payment) =>
        (await Suite.Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", payment)).Must(200)["authorizationId"].GetGuid();
}
