using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Balances;

public sealed class ListBalancesTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Fact]
    public async Task A_users_balances_come_page_by_page_newest_first()
    {
        var user = await Suite.NewAcceptedUser();
        var opened = new List<Guid>();
        foreach (var currency in new[] { "PLN", "EUR", "USD", "SEK", "CZK" })
        {
            opened.Insert(0, (await BalancesOf(user).Post("/balances", new { currency })).Must(201).Id);
        }

        var listed = new List<Guid>();
        var pages = 0;
        string? next = null;
        do
        {
            var page = (await BalancesOf(user).Get("/balances?limit=2" + (next is null ? "" : "&after=" + next))).Must(200);
            listed.AddRange(page["items"].EnumerateArray().Select(balance => balance.GetProperty("id").GetGuid()));
            next = page["next"].GetString();
            pages++;
        }
        while (next is not null);

        Assert.Equal(opened, listed);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task A_full_last_page_is_the_last()
    {
        var user = await Suite.NewAcceptedUser();
        await Suite.NewBalance(user);
        await Suite.NewBalance(user);

        var page = (await BalancesOf(user).Get("/balances?limit=2")).Must(200);

        Assert.Equal(2, page["items"].GetArrayLength());
        Assert.Null(page["next"].GetString());
    }

    [Fact]
    public async Task A_balance_is_listed_with_its_money_and_without_its_cards()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 1_250);

        var listed = Assert.Single((await BalancesOf(user).Get("/balances")).Must(200)["items"].EnumerateArray());

        Assert.Equal(balanceId, listed.GetProperty("id").GetGuid());
        Assert.Equal(1_250, listed.GetProperty("available").GetInt64());
        Assert.False(listed.TryGetProperty("cards", out _));
    }

    [Fact]
    public async Task Nobody_elses_are_listed()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var theirs = await NewAcceptedUserOfAnotherPartner();
        await Suite.NewBalance(other);
        await Suite.NewBalance(theirs);

        Assert.Empty((await BalancesOf(user).Get("/balances")).Must(200)["items"].EnumerateArray());
        Assert.Empty((await BalancesOf(theirs with { PartnerId = user.PartnerId }).Get("/balances")).Must(200)["items"].EnumerateArray());
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=201", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=99999999999", "limit")]
    [InlineData("after=x", "after")]
    [InlineData("after=0190a000-0000-7000-8000-000000000001", "after")]
    [InlineData("after=________________________________", "after")]
    [InlineData("after=!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", "after")]
    public async Task A_page_that_cannot_be_is_refused(string query, string field)
    {
        var user = await Suite.NewAcceptedUser();

        var refused = (await BalancesOf(user).Get("/balances?" + query)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
    }
}
