using System.Net.Http.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Users;

[Collection("users")]
public sealed class GetUserTests(UserSuite suite)
{
    [Fact]
    public async Task A_user_sees_itself_and_nobody_else()
    {
        var (user, another) = (await suite.NewUser(), await suite.NewUser());

        Assert.Equal(user.UserId, (await suite.App(user).Get("/users/me")).Must(200).Id);
        (await suite.App(user).Get($"/users/{another.UserId}")).MustRefuse(403, "FORBIDDEN");
        (await suite.OfPartner.Get("/users/me")).MustRefuse(403, "FORBIDDEN");
        (await suite.OfManager.Get("/users/me")).MustRefuse(403, "FORBIDDEN");
    }

    [Fact]
    public async Task An_operator_sees_any_partners_user_and_whose_it_is()
    {
        var (partner, program) = await suite.NewPartner();
        var user = await suite.NewUser(partner, program);

        var seen = (await suite.Operator(Role.Employee).Get($"/users/{user.UserId}")).Must(200);

        Assert.Equal(partner, seen["partnerId"].GetGuid());
        Assert.False((await suite.Of(partner).Get($"/users/{user.UserId}")).Must(200).Json.TryGetProperty("partnerId", out _));
        (await suite.OfManager.Get($"/users/{Guid.CreateVersion7()}")).MustRefuse(404, "USER_NOT_FOUND");
    }

    [Fact]
    public async Task A_partners_published_paths_lead_here()
    {
        var registration = TestUsers.Registration();
        var user = (await suite.Partner.Post("/secure/customers", registration)).Must(201);
        var path = $"/secure/customers/{user.Id}";

        var changed = (await suite.Partner.Send(HttpMethod.Patch, path, JsonContent.Create(new { firstName = "Ola" }))).Must(200);
        var found = (await suite.Partner.Get($"/secure/customers?phone={Uri.EscapeDataString(registration["phone"]!.ToString()!)}")).Must(200);

        Assert.Equal(changed.Text, Assert.Single(found["items"].EnumerateArray()).GetRawText());
        Assert.Equal("Locked", (await suite.Partner.Post(path + "/lock", new { reason = "asked" })).Must(200)["status"].GetString());
        Assert.Equal("Active", (await suite.Partner.Post(path + "/unlock")).Must(200)["status"].GetString());
    }

    [Fact]
    public async Task A_neighbour_asks_with_a_partner_or_for_an_operator_without()
    {
        var (partner, program) = await suite.NewPartner();
        var user = await suite.NewUser(partner, program);
        var neighbour = suite.Neighbour("cardservice", "datacore");

        Assert.Equal(partner, (await neighbour.Get($"/internal/users/{user.UserId}")).Must(200)["partnerId"].GetGuid());
        (await neighbour.Get($"/internal/users/{user.UserId}?partnerId={partner}")).Must(200);
        (await neighbour.Get($"/internal/users/{user.UserId}?partnerId={TestUsers.SandboxPartner}")).MustRefuse(404, "USER_NOT_FOUND");
    }
}
