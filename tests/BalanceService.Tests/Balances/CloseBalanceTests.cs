using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Balances;

public sealed class CloseBalanceTests(LedgerSuite suite) : LedgerTest(suite)
{
    private readonly Api _cardService = suite.Neighbour("cardservice", "balanceservice");

    [Fact]
    public async Task An_empty_balance_is_closed_for_good_by_whoever_may()
    {
        foreach (var who in new Func<TestUser, Caller>[] { user => user.App, user => user.Caller, _ => TestUsers.Operator(Role.Manager), _ => TestUsers.Operator(Role.Admin) })
        {
            var user = await Suite.NewAcceptedUser();
            var balanceId = await Suite.NewBalance(user);
            Answer closed = null!;

            var owed = await EventsOwed(async () =>
            {
                closed = (await Close(who(user), balanceId)).Must(200);
                Assert.Equal(closed.Json.GetRawText(), (await Close(who(user), balanceId)).Must(200).Json.GetRawText());
                return balanceId;
            });

            Assert.Equal("Closed", closed["state"].GetString());
            Assert.Equal("Closed", Assert.Single(owed, happened => happened.Type == "BalanceStateChanged").Body.GetProperty("state").GetString());
            Assert.Equal("BALANCE_NOT_OPEN", (await _cardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 0, "Verification"))).Must(200)["reason"].GetString());
            (await BalancesOf(user).Post($"/balances/{balanceId}/reload", new { amount = Money(1), reference = "r" }, NewKey())).MustRefuse(409, "BALANCE_NOT_OPEN");
        }
    }

    [Fact]
    public async Task A_blocked_balance_may_be_closed()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        await Do("update accounts set state = 'Blocked' where id = @id", ("id", balanceId));

        Assert.Equal("Closed", (await Close(user.Caller, balanceId)).Must(200)["state"].GetString());
    }

    [Fact]
    public async Task Money_on_it_or_held_stands_in_the_way()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, 100);
        (await Close(user.Caller, balanceId)).MustRefuse(409, "BALANCE_NOT_EMPTY");
        Assert.True((await _cardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 100))).Must(200)["approved"].GetBoolean());

        (await Close(user.App, balanceId)).MustRefuse(409, "BALANCE_NOT_EMPTY");

        Assert.Equal("Open", await Look<string>("select state from accounts where id = @id", ("id", balanceId)));
    }

    [Fact]
    public async Task Cards_stand_in_the_way_until_they_are_removed()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var cardId = await Suite.NewCard(user, balanceId);
        (await Close(user.Caller, balanceId)).MustRefuse(409, "BALANCE_HAS_CARDS");
        var removed = await Suite.As(user.Caller, "cardservice").Delete($"/cards/{cardId}");
        Assert.InRange(removed.Status, 200, 204);

        (await Close(user.Caller, balanceId)).Must(200);
    }

    [Fact]
    public async Task A_card_in_production_that_its_user_does_not_see_yet_stands_in_the_way()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var address = new { street = "Prosta 1", city = "Warszawa", postalCode = "00-001", country = "PL" };
        (await Suite.As(user.Caller, "cardservice").Post("/cards/physical", new { balanceId, embossName = "ANNA", deliveryAddress = address })).Must(202);

        (await Close(user.Caller, balanceId)).MustRefuse(409, "BALANCE_HAS_CARDS");
    }

    [Fact]
    public async Task What_is_not_the_callers_is_not_there()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var theirs = await NewAcceptedUserOfAnotherPartner();
        var (balanceId, othersId, theirsId) = (await Suite.NewBalance(user), await Suite.NewBalance(other), await Suite.NewBalance(theirs));

        foreach (var id in new[] { othersId, theirsId, Guid.CreateVersion7() })
        {
            (await Close(user.Caller, id)).MustRefuse(404, "BALANCE_NOT_FOUND");
            (await Close(user.App, id)).MustRefuse(404, "BALANCE_NOT_FOUND");
        }
        (await Close(TestUsers.Operator(Role.Admin), Guid.CreateVersion7())).MustRefuse(404, "BALANCE_NOT_FOUND");
        foreach (var caller in TestCallers.NotAdmitted(user.UserId, Role.Employee))
        {
            (await Close(caller, balanceId)).MustRefuse(403, "FORBIDDEN");
        }
        Assert.Equal(0, await Look<long>("select count(*) from accounts where state = 'Closed' and id in (@a, @b, @c)", ("a", balanceId), ("b", othersId), ("c", theirsId)));
    }

    [Fact]
    public async Task Closed_and_reloaded_at_once_one_of_them_prevails()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 2,
            () => Close(user.Caller, balanceId),
            () => BalancesOf(user).Post($"/balances/{balanceId}/reload", new { amount = Money(100), reference = "r" }, NewKey()));

        if (answers[0].Status == 200)
        {
            answers[1].MustRefuse(409, "BALANCE_NOT_OPEN");
            Assert.Equal(0, await Posted(balanceId));
        }
        else
        {
            answers[0].MustRefuse(409, "BALANCE_NOT_EMPTY");
            answers[1].Must(201);
            Assert.Equal("Open", await Look<string>("select state from accounts where id = @id", ("id", balanceId)));
        }
    }

    [Fact]
    public async Task A_hold_that_comes_first_stands_in_the_way()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, 100);

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 2,
            () => Close(user.Caller, balanceId),
            () => _cardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 100)));

        answers[0].MustRefuse(409, "BALANCE_NOT_EMPTY");
        Assert.True(answers[1].Must(200)["approved"].GetBoolean());
    }

    [Fact]
    public async Task A_verification_at_once_is_approved_before_the_closing_and_declined_after_it()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 2,
            () => Close(user.Caller, balanceId),
            () => _cardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 0, "Verification")));

        answers[0].Must(200);
        Assert.Contains(answers[1].Must(200)["reason"].GetString(), new[] { "APPROVED", "BALANCE_NOT_OPEN" });
        Assert.Equal("BALANCE_NOT_OPEN", (await _cardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 0, "Verification"))).Must(200)["reason"].GetString());
    }

    private Task<Answer> Close(Caller caller, Guid balanceId) => BalancesOf(caller).Post($"/balances/{balanceId}/close");
}
