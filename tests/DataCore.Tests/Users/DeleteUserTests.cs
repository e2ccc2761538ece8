using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Users;

[Collection("users")]
public sealed class DeleteUserTests(UserSuite suite)
{
    [Fact]
    public async Task A_deleted_user_leaves_nothing_personal_and_is_free_to_register_again()
    {
        var registration = TestUsers.Registration();
        registration["externalId"] = "to-be-erased";
        var user = new TestUser(TestUsers.SandboxPartner, TestUsers.SandboxProgram, (await suite.OfPartner.Post("/users", registration)).Must(201).Id);
        var (installation, session) = await Sessions.Begin(suite.Rows, user);
        (await suite.OfPartner.Post($"/users/{user.UserId}/lock", new { reason = "Zoë asked for it" })).Must(200);

        (await suite.OfPartner.Delete($"/users/{user.UserId}")).Must(204);

        var row = (await suite.Rows.Scalar<string>("select users::text from users where id = $1", user.UserId))!;
        foreach (var personal in new[] { "Zoë", "Żółkiewska", "600", "example.com", "1990", "Prosta", "Warszawa", "00-001", "to-be-erased" })
        {
            Assert.DoesNotContain(personal, row.Replace(user.UserId.ToString(), "", StringComparison.Ordinal).Split(",20")[0], StringComparison.Ordinal);
        }
        Assert.Equal("Deleted", await suite.Status(user));
        Assert.Equal("UserDeleted", await suite.Rows.Scalar<string>("select ended_reason from installations where id = $1", installation));
        Assert.Equal("erased", await suite.Rows.Scalar<string>("select device_name from installations where id = $1", installation));
        Assert.NotNull(await suite.Rows.Scalar<string>("select ended_reason from sessions where id = $1", session));
        (await suite.OfPartner.Get($"/users/{user.UserId}")).MustRefuse(404, "USER_NOT_FOUND");
        (await suite.OfPartner.Post($"/users/{user.UserId}/unlock")).MustRefuse(404, "USER_NOT_FOUND");
        (await suite.OfPartner.Post("/users", registration)).Must(201);
        var seen = (await suite.OfManager.Get($"/users/{user.UserId}")).Must(200);
        Assert.Equal("Deleted", seen["status"].GetString());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, seen["phone"].ValueKind);
        await suite.Heard(user, "user.registered", "user.locked", "user.deleted");
    }

    [Fact]
    public async Task Sessions_end_with_the_user()
    {
        var user = await suite.NewUser();
        var (_, session) = await Sessions.Begin(suite.Rows, user);

        (await suite.OfPartner.Delete($"/users/{user.UserId}")).Must(204);

        Assert.Equal("UserDeleted", await suite.Rows.Scalar<string>("select ended_reason from sessions where id = $1", session));
    }

    [Fact]
    public async Task A_user_with_a_card_or_with_money_stays()
    {
        var withCard = await suite.NewAcceptedUser();
        var balance = await suite.NewBalance(withCard);
        await suite.NewCard(withCard, balance);
        var withMoney = await suite.NewAcceptedUser();
        await suite.NewBalance(withMoney, amount: 100);
        var withEmptyBalance = await suite.NewAcceptedUser();
        await suite.NewBalance(withEmptyBalance);

        (await suite.OfPartner.Delete($"/users/{withCard.UserId}")).MustRefuse(409, "USER_HAS_OPEN_PRODUCTS");
        (await suite.OfPartner.Delete($"/users/{withMoney.UserId}")).MustRefuse(409, "USER_HAS_OPEN_PRODUCTS");
        (await suite.OfPartner.Delete($"/users/{withEmptyBalance.UserId}")).Must(204);

        Assert.Equal("Active", await suite.Status(withCard));
        Assert.Equal("Active", await suite.Status(withMoney));
    }

    [Fact]
    public async Task The_same_again_and_at_once_deletes_once()
    {
        var user = await suite.NewUser();

        var answers = await Races.AtOnce(
            suite.Rows,
            $"select 1 from users where id = '{user.UserId}' for update",
            waiters: 2,
            () => suite.OfPartner.Delete($"/users/{user.UserId}"),
            () => suite.OfPartner.Delete($"/users/{user.UserId}"));
        (await suite.OfPartner.Delete($"/users/{user.UserId}")).Must(204);

        Assert.All(answers, answer => answer.Must(204));
        await suite.Heard(user, "user.registered", "user.deleted");
    }

    [Fact]
    public async Task Another_partners_user_is_not_there_and_operators_delete_nobody()
    {
        var (partner, program) = await suite.NewPartner();
        var theirs = await suite.NewUser(partner, program);

        (await suite.OfPartner.Delete($"/users/{theirs.UserId}")).MustRefuse(404, "USER_NOT_FOUND");
        (await suite.OfManager.Delete($"/users/{theirs.UserId}")).MustRefuse(403, "FORBIDDEN");
        (await suite.App(theirs).Delete($"/users/{theirs.UserId}")).MustRefuse(403, "FORBIDDEN");

        Assert.Equal("Active", await suite.Status(theirs));
    }
}

/// <summary>Whoever cannot ask about cards deletes nobody.</summary>
public sealed class DeleteUserWithoutCardServiceTests(DeleteUserWithoutCardServiceTests.SuiteWithoutCards suite)
    : IClassFixture<DeleteUserWithoutCardServiceTests.SuiteWithoutCards>
{
    [Fact]
    public async Task A_user_stays_while_a_neighbour_does_not_answer()
    {
        var user = await suite.NewUser();

        (await suite.As(user.Caller, "datacore").Delete($"/users/{user.UserId}")).MustRefuse(503, "SERVICE_UNAVAILABLE");

        Assert.Equal("Active", await suite.Database("datacore").Scalar<string>("select status from users where id = $1", user.UserId));
    }

    public sealed class SuiteWithoutCards : Suite
    {
        public SuiteWithoutCards() => Without.UnionWith(["cardservice", "gateway", "kycservice", "notifications"]);
    }
}
