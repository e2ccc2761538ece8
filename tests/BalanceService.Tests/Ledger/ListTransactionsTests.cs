using System.Globalization;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Ledger;

public sealed class ListTransactionsTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Fact]
    public async Task Reloads_and_authorisations_are_listed_newest_first_as_they_were_answered()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var reload = (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(1_000), NewKey())).Must(201);
        var cardService = Suite.Neighbour("cardservice", "balanceservice");
        var approved = (await cardService.Post("/internal/authorisations", Payment.Of(user, balanceId, amount: 400))).Must(200);
        var declined = (await cardService.Post("/internal/authorisations", Payment.Of(user, balanceId, amount: 700))).Must(200);

        var listed = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions")).Must(200)["items"].EnumerateArray().ToArray();

        Assert.Equal(3, listed.Length);
        Assert.Equal(declined["authorizationId"].GetGuid(), listed[0].GetProperty("id").GetGuid());
        Assert.Equal("Declined", listed[0].GetProperty("status").GetString());
        Assert.Equal("1016", listed[0].GetProperty("actionCode").GetString());
        Assert.Equal("INSUFFICIENT_FUNDS", listed[0].GetProperty("reason").GetString());
        Assert.Equal(approved["authorizationId"].GetGuid(), listed[1].GetProperty("id").GetGuid());
        Assert.Equal("Purchase", listed[1].GetProperty("type").GetString());
        Assert.Equal("Authorized", listed[1].GetProperty("status").GetString());
        Assert.Equal("""{"amount":400,"currency":"PLN"}""", listed[1].GetProperty("amount").GetRawText());
        Assert.Equal("""{"mid":"M-1","name":"Żabka 7","mcc":"5411","country":"PL"}""", JsonSerializer.Serialize(listed[1].GetProperty("merchant"), Payment.Readable));
        Assert.Equal(JsonValueKind.Null, listed[1].GetProperty("clearedAt").ValueKind);
        Assert.Equal(reload.Text, listed[2].GetRawText());
    }

    [Fact]
    public async Task They_come_page_by_page()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var reloads = new List<Guid>();
        for (var amount = 1; amount <= 5; amount++)
        {
            reloads.Insert(0, (await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(amount), NewKey())).Must(201).Id);
        }

        var first = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions?limit=3")).Must(200);
        var second = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions?limit=3&after={first["next"].GetString()}")).Must(200);

        Assert.Equal(reloads, first["items"].EnumerateArray().Concat(second["items"].EnumerateArray()).Select(transaction => transaction.GetProperty("id").GetGuid()));
        Assert.Null(second["next"].GetString());
    }

    [Fact]
    public async Task From_is_within_and_to_is_not()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var times = new List<string>();
        for (var amount = 1; amount <= 3; amount++)
        {
            times.Add((await BalancesOf(user).Post($"/balances/{balanceId}/reload", Reload(amount), NewKey())).Must(201)["authorizedAt"].GetString()!);
            Suite.Clock.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal("3 2", await Amounts($"from={times[1]}"));
        Assert.Equal("1", await Amounts($"to={times[1]}"));
        Assert.Equal("2", await Amounts($"from={times[1]}&to={times[2]}"));
        Assert.Equal("2", await Amounts($"from={WithOffset(times[1])}&to={WithOffset(times[2])}"));
        Assert.Empty(await Amounts($"from={times[2]}&to={times[0]}"));
        Assert.Equal("3 2 1", await Amounts("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59.9999999Z"));
        Assert.Equal("3 2 1", await Amounts("from=1969-12-31T23:59:59Z&to=9999-12-31T23:59:59.9985Z"));
        Assert.Empty(await Amounts("to=1969-12-31T23:59:59Z"));

        async Task<string> Amounts(string query) =>
            string.Join(' ', (await BalancesOf(user).Get($"/balances/{balanceId}/transactions?{query}")).Must(200)["items"].EnumerateArray()
                .Select(transaction => transaction.GetProperty("amount").GetProperty("amount").GetInt64()));

        static string WithOffset(string time) =>
            Uri.EscapeDataString(DateTimeOffset.Parse(time, CultureInfo.InvariantCulture).ToOffset(TimeSpan.FromHours(2)).ToString("O", CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task They_come_as_text_on_every_channel_and_go_on_where_that_was_cut_off()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var reload = (await BalancesOf(user).Post($"/balances/{balanceId}/reload", new { amount = new { amount = 1_000, currency = "PLN" }, reference = "=1+1" }, NewKey())).Must(201);
        var purchase = (await Suite.Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", Payment.Of(user, balanceId, amount: 400))).Must(200);
        var at = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions")).Must(200)["items"][0].GetProperty("authorizedAt").GetString();

        foreach (var caller in new[] { user.Caller, user.App, user.Operator(Role.Employee) })
        {
            var first = await Text(caller, "?limit=1");
            var second = await Text(caller, $"?limit=1&after={first.Header("Next-Cursor")}");

            Assert.Equal("text/csv", first.MediaType);
            Assert.Equal(
                "id,balanceId,cardId,type,status,amount,currency,merchantMid,merchantName,merchantMcc,merchantCountry,authorizedAt,clearedAt,actionCode,reason,reference\r\n"
                    + $"{purchase["authorizationId"]},{balanceId},{user.UserId},Purchase,Authorized,400,PLN,M-1,Żabka 7,5411,PL,{at},,0000,APPROVED,\r\n",
                first.Text);
            Assert.EndsWith($"\r\n{reload.Id},{balanceId},,Reload,Cleared,1000,PLN,,,,,{reload["authorizedAt"]},{reload["clearedAt"]},,,\"'=1+1\"\r\n", second.Text, StringComparison.Ordinal);
            Assert.Null(second.Header("Next-Cursor"));
        }

        async Task<Answer> Text(Caller caller, string query) =>
            (await BalancesOf(caller).Send(HttpMethod.Get, $"/balances/{balanceId}/transactions{query}", content: null, key: null, ("Accept", "text/csv"))).Must(200);
    }

    [Theory]
    [InlineData("from=yesterday", "from")]
    [InlineData("to=2026-13-01", "to")]
    [InlineData("limit=0", "limit")]
    [InlineData("after=x", "after")]
    public async Task A_page_that_cannot_be_is_refused(string query, string field)
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var refused = (await BalancesOf(user).Get($"/balances/{balanceId}/transactions?{query}")).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task What_is_not_the_callers_is_not_there()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var theirs = await NewAcceptedUserOfAnotherPartner();
        var (othersId, theirsId) = (await Suite.NewBalance(other, amount: 100), await Suite.NewBalance(theirs, amount: 100));

        (await BalancesOf(user).Get($"/balances/{Guid.CreateVersion7()}/transactions")).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await BalancesOf(user).Get($"/balances/{othersId}/transactions")).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await BalancesOf(user).Get($"/balances/{theirsId}/transactions")).MustRefuse(404, "BALANCE_NOT_FOUND");
    }

    private static object Reload(long amount) => new { amount = new { amount, currency = "PLN" }, reference = "salary" };
}
