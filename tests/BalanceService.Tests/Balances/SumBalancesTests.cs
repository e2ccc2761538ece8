using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Balances;

public sealed class SumBalancesTests(LedgerSuite suite) : LedgerTest(suite)
{
    private const string Currency = "ISK";

    [Fact]
    public async Task Users_and_wallet_are_summed_by_currency()
    {
        var (partner, program) = await Suite.NewPartner(Currency);
        var (user, other) = (await Suite.NewAcceptedUser(partner, program), await Suite.NewAcceptedUser(partner, program));
        var before = await Summary(Currency);
        var (balanceId, _) = (await Suite.NewBalance(user, 1_000), await Suite.NewBalance(other, 500));
        foreach (var (kind, amount) in new[] { ("Partner", 50), ("Credit", 300), ("Deposit", 7) })
        {
            var id = (await BalancesOf(PartnerCaller(partner)).Post("/partner-balances", new { kind, currency = Currency })).Must(201).Id;
            (await ReloadPartnerBalance(id, amount, Currency)).Must(201);
        }
        (await BalancesOf(TestUsers.Operator(Role.Manager)).Post(
            $"/balances/{balanceId}/adjustments", new { amount = Money(-100, Currency), reason = "Fee", note = "card" }, NewKey())).Must(201);

        Assert.Equal((before.Users + 1_400, before.Wallet + 1_757), await Summary(Currency));
    }

    [Fact]
    public async Task Money_that_moves_between_users_and_partner_leaves_the_wallet_as_it_is()
    {
        var (partner, program) = await Suite.NewPartner("KMF");
        var user = await Suite.NewAcceptedUser(partner, program);
        var balanceId = await Suite.NewBalance(user, 1_000);
        var before = await Summary("KMF");

        (await BalancesOf(TestUsers.Operator(Role.Manager)).Post(
            $"/balances/{balanceId}/adjustments", new { amount = Money(100, "KMF"), reason = "Goodwill", note = "sorry" }, NewKey())).Must(201);

        Assert.Equal((before.Users + 100, before.Wallet), await Summary("KMF"));
    }

    [Fact]
    public async Task Operators_alone_see_it()
    {
        var user = await Suite.NewAcceptedUser();
        foreach (var role in Enum.GetValues<Role>())
        {
            Assert.Equal(JsonValueKind.Array, (await BalancesOf(TestUsers.Operator(role)).Get("/balance-summary")).Must(200).Json.ValueKind);
        }
        foreach (var caller in TestCallers.NotAdmitted(user.UserId).Append(user.Caller).Append(user.App))
        {
            (await BalancesOf(caller).Get("/balance-summary")).MustRefuse(403, "FORBIDDEN");
        }
    }

    private async Task<(long Users, long Wallet)> Summary(string currency)
    {
        var all = (await BalancesOf(TestUsers.Operator(Role.Employee)).Get("/balance-summary")).Must(200).Json.EnumerateArray();
        var found = all.Where(one => one.GetProperty("currency").GetString() == currency).ToArray();
        return found is [var one] ? (one.GetProperty("users").GetInt64(), one.GetProperty("wallet").GetInt64()) : (0, 0);
    }
}
