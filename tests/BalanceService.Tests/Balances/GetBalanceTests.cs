using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Balances;

public sealed class GetBalanceTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Fact]
    public async Task A_balance_shows_its_money()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 12_500);

        var balance = (await BalancesOf(user).Get($"/balances/{balanceId}")).Must(200);

        Assert.Equal(balanceId, balance.Id);
        Assert.Equal(user.UserId, balance["customerId"].GetGuid());
        Assert.Equal(12_500, balance["amount"].GetInt64());
        Assert.Equal(0, balance["held"].GetInt64());
        Assert.Equal(12_500, balance["available"].GetInt64());
        Assert.Empty(balance["cards"].EnumerateArray());
    }

    [Fact]
    public async Task A_balance_shows_its_cards_as_CardService_does()
    {
        var user = await Suite.NewAcceptedUser();
        var (balanceId, otherId) = (await Suite.NewBalance(user), await Suite.NewBalance(user));
        var cardId = await Suite.NewCard(user, balanceId);
        await Suite.NewCard(user, otherId);

        var balance = (await BalancesOf(user).Get($"/balances/{balanceId}")).Must(200);

        var card = Assert.Single(balance["cards"].EnumerateArray());
        Assert.Equal((await Suite.As(user.Caller, "cardservice").Get($"/cards/{cardId}/summary")).Must(200).Text, card.GetRawText());
    }

    [Fact]
    public async Task What_is_not_the_callers_is_not_there()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var theirs = await NewAcceptedUserOfAnotherPartner();
        var (othersId, theirsId) = (await Suite.NewBalance(other), await Suite.NewBalance(theirs));

        (await BalancesOf(user).Get($"/balances/{Guid.CreateVersion7()}")).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await BalancesOf(user).Get($"/balances/{othersId}")).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await BalancesOf(user).Get($"/balances/{theirsId}")).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await BalancesOf(theirs with { PartnerId = user.PartnerId }).Get($"/balances/{theirsId}")).MustRefuse(404, "BALANCE_NOT_FOUND");
    }

    [Fact]
    public async Task The_user_by_the_app_and_every_operator_see_it_as_the_partner_does()
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var balanceId = await Suite.NewBalance(user, amount: 100);
        var cardId = await Suite.NewCard(user, balanceId);
        var partners = (await BalancesOf(user).Get($"/balances/{balanceId}")).Must(200);

        Assert.Equal(cardId, partners["cards"][0].GetProperty("id").GetGuid());
        foreach (var caller in Enum.GetValues<Role>().Select(role => user.Operator(role)).Append(user.App))
        {
            Assert.Equal(partners.Text, (await BalancesOf(caller).Get($"/balances/{balanceId}")).Must(200).Text);
            Assert.Equal(100, (await BalancesOf(caller).Get("/balances")).Must(200)["items"][0].GetProperty("available").GetInt64());
            Assert.Equal(1, (await BalancesOf(caller).Get($"/balances/{balanceId}/transactions")).Must(200)["items"].GetArrayLength());
        }
    }

    [Fact]
    public async Task By_the_app_and_for_operators_anothers_is_not_there()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var balanceId = await Suite.NewBalance(user);
        Caller[] others = [other.App, user.App with { PartnerId = Guid.CreateVersion7() }, other.Operator(Role.Admin), TestUsers.Operator(Role.Admin)];

        foreach (var caller in others)
        {
            (await BalancesOf(caller).Get($"/balances/{balanceId}")).MustRefuse(404, "BALANCE_NOT_FOUND");
            (await BalancesOf(caller).Get($"/balances/{balanceId}/transactions")).MustRefuse(404, "BALANCE_NOT_FOUND");
            Assert.Equal(0, (await BalancesOf(caller).Get("/balances")).Must(200)["items"].GetArrayLength());
        }
    }

    [Fact]
    public async Task Nobody_else_sees_balances()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        foreach (var caller in TestCallers.NotAdmitted(user.UserId))
        {
            foreach (var path in new[] { "/balances", $"/balances/{balanceId}", $"/balances/{balanceId}/transactions" })
            {
                (await BalancesOf(caller).Get(path)).MustRefuse(403, "FORBIDDEN");
            }
        }
    }

    [Fact]
    public async Task DataCore_hears_how_many_balances_have_money_on_them_or_held()
    {
        var user = await Suite.NewAcceptedUser();
        await Suite.NewBalance(user);
        await Suite.NewBalance(user, amount: 100);
        await Suite.NewBalance(await Suite.NewAcceptedUser(), amount: 100);
        var held = await Suite.NewBalance(user, amount: 100);
        (await Suite.Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", Payment.Of(user, held, amount: 100))).Must(200);
        var dataCore = Suite.Neighbour("datacore", "balanceservice");
        var path = $"/internal/users/{user.UserId}/open-balances?partnerId=";

        Assert.Equal(2, (await dataCore.Get(path + user.PartnerId)).Must(200)["count"].GetInt32());
        Assert.Equal(0, (await dataCore.Get(path + Guid.CreateVersion7())).Must(200)["count"].GetInt32());
        foreach (var neighbour in new[] { "gateway", "cardservice", "kycservice" })
        {
            (await Suite.Neighbour(neighbour, "balanceservice").Get(path + user.PartnerId)).MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");
        }
    }

    [Fact]
    public async Task A_funding_account_is_nobodys_balance()
    {
        var user = await Suite.NewAcceptedUser();
        await Suite.NewBalance(user);
        var funding = await Look<Guid>("select id from accounts where kind = 'Funding' and partner_id = @partner limit 1", ("partner", user.PartnerId));

        (await BalancesOf(user).Get($"/balances/{funding}")).MustRefuse(404, "BALANCE_NOT_FOUND");
    }

    [Fact]
    public async Task CardService_is_told_whose_a_balance_is_and_whether_it_is_open()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var cardService = Suite.Neighbour("cardservice", "balanceservice");

        var open = (await cardService.Get(FactsPath(balanceId, user))).Must(200);
        await Do("update accounts set state = 'Blocked' where id = @id", ("id", balanceId));
        var blocked = (await cardService.Get(FactsPath(balanceId, user))).Must(200);

        Assert.Equal(balanceId, open.Id);
        Assert.Equal(user.PartnerId, open["partnerId"].GetGuid());
        Assert.Equal(user.UserId, open["userId"].GetGuid());
        Assert.Equal(user.ProgramId, open["programId"].GetGuid());
        Assert.Equal("PLN", open["currency"].GetString());
        Assert.True(open["open"].GetBoolean());
        Assert.False(blocked["open"].GetBoolean());
    }

    [Fact]
    public async Task CardService_hears_nothing_of_a_balance_that_is_not_that_users()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var balanceId = await Suite.NewBalance(user);
        var cardService = Suite.Neighbour("cardservice", "balanceservice");

        (await cardService.Get(FactsPath(balanceId, other))).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await cardService.Get(FactsPath(balanceId, user with { PartnerId = Guid.CreateVersion7() }))).MustRefuse(404, "BALANCE_NOT_FOUND");
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("kycservice")]
    [InlineData("datacore")]
    public async Task Only_CardService_may_ask(string neighbour)
    {
        (await Suite.Neighbour(neighbour, "balanceservice").Get(FactsPath(Guid.CreateVersion7(), await Suite.NewUser()))).MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");
    }

    private static string FactsPath(Guid balanceId, TestUser user) => $"/internal/balances/{balanceId}?partnerId={user.PartnerId}&userId={user.UserId}";
}
