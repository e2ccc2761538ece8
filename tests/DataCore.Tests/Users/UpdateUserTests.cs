using System.Net.Http.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Users;

[Collection("users")]
public sealed class UpdateUserTests(UserSuite suite)
{
    [Fact]
    public async Task A_partner_changes_what_it_names_and_nothing_else()
    {
        var user = await suite.NewUser();
        var before = (await suite.OfPartner.Get($"/users/{user.UserId}")).Must(200);

        var changed = (await Patch(suite.OfPartner, user, new { lastName = " Nowak ", email = "Zoe.Nowak@Example.com", externalId = $"ext-{user.UserId}" })).Must(200);

        Assert.Equal("Nowak", changed["lastName"].GetString());
        Assert.Equal("zoe.nowak@example.com", changed["email"].GetString());
        Assert.Equal($"ext-{user.UserId}", changed["externalId"].GetString());
        foreach (var kept in new[] { "phone", "firstName", "birthDate", "nationality", "address", "status", "createdAt", "programId" })
        {
            Assert.Equal(before[kept].ToString(), changed[kept].ToString());
        }
        Assert.Equal(changed.Text, (await suite.OfPartner.Get($"/users/{user.UserId}")).Must(200).Text);
        Assert.Equal(changed.Text, (await Patch(suite.OfPartner, user, new { })).Must(200).Text);
    }

    [Fact]
    public async Task A_user_changes_how_it_is_reached_and_no_more()
    {
        var user = await suite.NewUser();
        var app = suite.App(user);
        var address = new { street = "Nowa 2", city = "Gdańsk", postalCode = "80-001", country = "PL" };

        var changed = (await app.Send(HttpMethod.Patch, "/users/me", JsonContent.Create(new { phone = "+48700100001", email = "new@example.com", address }))).Must(200);

        Assert.Equal("+48700100001", changed["phone"].GetString());
        Assert.Equal("Gdańsk", changed["address"].GetProperty("city").GetString());
        Assert.Equal(changed.Text, (await app.Get("/users/me")).Must(200).Text);
        foreach (var field in new[] { "firstName", "lastName", "birthDate", "nationality", "externalId", "status" })
        {
            var refused = (await app.Send(HttpMethod.Patch, "/users/me", JsonContent.Create(new Dictionary<string, string> { [field] = "Other" }))).MustRefuse(422, "VALIDATION_FAILED");
            Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
        }
        (await app.Send(HttpMethod.Patch, $"/users/{user.UserId}", JsonContent.Create(new { firstName = "Other" }))).MustRefuse(403, "FORBIDDEN");
        (await suite.OfPartner.Send(HttpMethod.Patch, "/users/me", JsonContent.Create(new { }))).MustRefuse(403, "FORBIDDEN");
    }

    [Theory]
    [InlineData("phone", "+48 600")]
    [InlineData("email", "nobody")]
    [InlineData("firstName", "\u0007")]
    [InlineData("birthDate", "2999-01-01")]
    [InlineData("nationality", "POL")]
    [InlineData("externalId", "")]
    public async Task The_rules_of_a_registration_hold_for_a_change(string field, string value)
    {
        var user = await suite.NewUser();

        var refused = (await Patch(suite.OfPartner, user, new Dictionary<string, string> { [field] = value })).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("phone")]
    [InlineData("email")]
    [InlineData("externalId")]
    public async Task Phone_email_and_external_id_stay_unique_in_a_programme(string field)
    {
        var registration = TestUsers.Registration();
        registration["externalId"] = $"taken-by-{field}";
        (await suite.OfPartner.Post("/users", registration)).Must(201);
        var user = await suite.NewUser();

        (await Patch(suite.OfPartner, user, new Dictionary<string, object?> { [field] = registration[field] })).MustRefuse(409, "USER_EXISTS");
        if (field != "externalId")
        {
            (await suite.App(user).Send(HttpMethod.Patch, "/users/me", JsonContent.Create(new Dictionary<string, object?> { [field] = registration[field] }))).MustRefuse(409, "USER_EXISTS");
        }
    }

    [Fact]
    public async Task Of_two_that_want_one_phone_at_once_one_has_it()
    {
        var (first, second) = (await suite.NewUser(), await suite.NewUser());

        var answers = await Races.AtOnce(
            suite.Rows,
            "lock table users in share mode",
            waiters: 2,
            () => Patch(suite.OfPartner, first, new { phone = "+48700100009" }),
            () => Patch(suite.OfPartner, second, new { phone = "+48700100009" }));

        Assert.Equal([200, 409], answers.Select(answer => answer.Status).Order());
        Assert.Equal(1L, await suite.Rows.Scalar<long>("select count(*) from users where phone = '+48700100009'"));
    }

    [Fact]
    public async Task Another_partners_user_is_not_there()
    {
        var (partner, program) = await suite.NewPartner();
        var theirs = await suite.NewUser(partner, program);

        (await Patch(suite.OfPartner, theirs, new { firstName = "Mine" })).MustRefuse(404, "USER_NOT_FOUND");
        (await Patch(suite.OfManager, theirs, new { firstName = "Mine" })).MustRefuse(403, "FORBIDDEN");
        Assert.Equal("Zoë", await suite.Rows.Scalar<string>("select first_name from users where id = $1", theirs.UserId));
    }

    private static Task<Answer> Patch(Api api, TestUser user, object change) => api.Send(HttpMethod.Patch, $"/users/{user.UserId}", JsonContent.Create(change));
}
