using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Balances;

public sealed class BlockBalanceTests(LedgerSuite suite) : LedgerTest(suite)
{
    private readonly Caller _manager = TestUsers.Operator(Role.Manager);

    [Fact]
    public async Task A_blocked_balance_takes_no_money_and_declines_until_it_is_opened_again()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, 1_000);
        var cardService = Suite.Neighbour("cardservice", "balanceservice");

        var entry = Assert.Single(await Ledger.Audited(async () => Assert.Equal("Blocked", (await Set(_manager, balanceId, "block")).Must(200)["state"].GetString())));

        Assert.Equal($"Admin {_manager.Actor} BlockBalance balance:{balanceId} {user.UserId} {user.PartnerId}", entry.Line());
        Assert.Equal("BALANCE_NOT_OPEN", (await cardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 1))).Must(200)["reason"].GetString());
        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", new { amount = Money(1), reference = "r" }, NewKey())).MustRefuse(409, "BALANCE_NOT_OPEN");
        Assert.Equal("Open", (await Set(_manager, balanceId, "unblock")).Must(200)["state"].GetString());
        Assert.True((await cardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 1))).Must(200)["approved"].GetBoolean());
    }

    [Fact]
    public async Task Each_change_is_told_once_however_often_it_is_asked_for()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var owed = await EventsOwed(async () =>
        {
            (await Set(_manager, balanceId, "unblock")).Must(200);
            (await Set(_manager, balanceId, "block")).Must(200);
            (await Set(_manager, balanceId, "block")).Must(200);
            (await Set(_manager, balanceId, "unblock")).Must(200);
            (await Set(_manager, balanceId, "unblock")).Must(200);
            return balanceId;
        });

        Assert.Equal(["Blocked", "Open"], owed.Where(happened => happened.Type == "BalanceStateChanged").Select(happened => happened.Body.GetProperty("state").GetString()));
        Assert.All(owed, happened => Assert.Equal(user.UserId, happened.Body.GetProperty("userId").GetGuid()));
    }

    [Fact]
    public async Task Blocked_by_two_at_once_it_is_told_once()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var owed = await EventsOwed(async () =>
        {
            var answers = await Races.AtOnce(
                Ledger,
                $"select from accounts where id = '{balanceId}' for update",
                waiters: 2,
                () => Set(_manager, balanceId, "block"),
                () => Set(TestUsers.Operator(Role.Admin), balanceId, "block"));
            Assert.All(answers, answer => answer.Must(200));
            return balanceId;
        });

        Assert.Single(owed, happened => happened.Type == "BalanceStateChanged");
    }

    [Theory]
    [InlineData("block")]
    [InlineData("unblock")]
    public async Task A_closed_balance_stays_so_and_others_are_not_asked(string verb)
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var funding = await Look<Guid>("select id from accounts where kind = 'Funding' and partner_id = @partner and currency = 'PLN'", ("partner", user.PartnerId));
        foreach (var caller in TestCallers.NotAdmitted(user.UserId, Role.Employee).Append(user.Caller).Append(user.App))
        {
            (await Set(caller, balanceId, verb)).MustRefuse(403, "FORBIDDEN");
        }
        (await Set(_manager, Guid.CreateVersion7(), verb)).MustRefuse(404, "BALANCE_NOT_FOUND");
        (await Set(_manager, funding, verb)).MustRefuse(404, "BALANCE_NOT_FOUND");
        await Do("update accounts set state = 'Closed' where id = @id", ("id", balanceId));

        (await Set(_manager, balanceId, verb)).MustRefuse(409, "BALANCE_CLOSED");
    }

    private Task<Answer> Set(Caller caller, Guid balanceId, string verb) => BalancesOf(caller).Post($"/balances/{balanceId}/{verb}");
}
