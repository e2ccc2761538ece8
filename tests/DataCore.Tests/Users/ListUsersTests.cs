using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Users;

[Collection("users")]
public sealed class ListUsersTests(UserSuite suite)
{
    [Fact]
    public async Task A_partner_pages_through_its_own_users_newest_first()
    {
        var (partner, program) = await suite.NewPartner();
        var made = new List<Guid>();
        for (var count = 0; count < 3; count++)
        {
            made.Insert(0, (await suite.NewUser(partner, program)).UserId);
        }
        await suite.NewUser();
        var users = suite.Of(partner);

        var first = (await users.Get("/users?limit=2")).Must(200);
        var second = (await users.Get($"/users?limit=2&after={first["next"].GetString()}")).Must(200);

        Assert.Equal(made, Ids(first).Concat(Ids(second)));
        Assert.Null(second["next"].GetString());
        Assert.False(first["items"][0].TryGetProperty("partnerId", out _));
        Assert.Equal((await users.Get($"/users/{made[0]}")).Text, first["items"][0].GetRawText());
    }

    [Theory]
    [InlineData("phone")]
    [InlineData("email")]
    [InlineData("externalId")]
    public async Task A_partner_finds_its_user_and_nobody_elses(string field)
    {
        var (partner, program) = await suite.NewPartner();
        var registration = TestUsers.Registration();
        registration["externalId"] = $"find-{field}";
        var mine = (await suite.OfPartner.Post("/users", registration)).Must(201).Id;
        registration["programId"] = program;
        var theirs = (await suite.Of(partner).Post("/users", registration)).Must(201).Id;
        var query = $"/users?{field}={Uri.EscapeDataString(registration[field]!.ToString()!)}";

        Assert.Equal([mine], Ids((await suite.OfPartner.Get(query)).Must(200)));
        Assert.Equal([theirs], Ids((await suite.Of(partner).Get(query)).Must(200)));
        Assert.Equal([theirs, mine], Ids((await suite.OfManager.Get(query)).Must(200)));
        Assert.Equal([mine], Ids((await suite.OfManager.Get(query + $"&partnerId={TestUsers.SandboxPartner}")).Must(200)));
        Assert.Equal([theirs], Ids((await suite.OfManager.Get(query + $"&programId={program}")).Must(200)));
        Assert.Empty(Ids((await suite.OfPartner.Get(query + $"&partnerId={partner}")).Must(200)));
        Assert.Empty(Ids((await suite.OfManager.Get(query + "&status=Locked")).Must(200)));
        Assert.Equal(partner, (await suite.OfManager.Get(query)).Must(200)["items"][0].GetProperty("partnerId").GetGuid());
    }

    [Theory]
    [InlineData("phone=48600", "phone")]
    [InlineData("phone=+48600100200", "phone")]
    [InlineData("status=0", "status")]
    [InlineData("status=active", "status")]
    [InlineData("limit=201", "limit")]
    [InlineData("after=x", "after")]
    [InlineData("partnerId=x", "partnerId")]
    public async Task A_filter_that_cannot_be_right_is_named(string query, string field)
    {
        var refused = (await suite.OfManager.Get("/users?" + query)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task Apps_list_nobody_and_operators_of_every_role_may()
    {
        (await suite.App(await suite.NewUser()).Get("/users")).MustRefuse(403, "FORBIDDEN");
        (await suite.Operator(Role.Employee).Get("/users?limit=1")).Must(200);
    }

    [Fact]
    public async Task Operators_have_it_as_a_table_in_which_no_formula_runs()
    {
        var (partner, program) = await suite.NewPartner();
        var registration = TestUsers.Registration(program);
        registration["firstName"] = "=HYPERLINK(\"https://evil.example\")";
        registration["lastName"] = "Smith, \"Joe\"";
        registration["externalId"] = "@SUM(A1)";
        var user = (await suite.Of(partner).Post("/users", registration)).Must(201);

        var table = await Csv(suite.OfManager, $"/users?partnerId={partner}");

        Assert.Equal("text/csv", table.MediaType);
        var lines = table.Text.Split("\r\n");
        Assert.Equal("id,partnerId,programId,externalId,phone,email,firstName,lastName,birthDate,nationality,street,city,postalCode,country,status,kycStatus,createdAt", lines[0]);
        Assert.StartsWith($"{user.Id},{partner},{program},\"'@SUM(A1)\",\"'{registration["phone"]}\",{registration["email"]},\"'=HYPERLINK(", lines[1], StringComparison.Ordinal);
        Assert.Contains(",\"Smith, \"\"Joe\"\"\",1990-02-28,PL,Prosta 1,Warszawa,00-001,PL,Active,None,", lines[1], StringComparison.Ordinal);
        Assert.Equal([""], lines[2..]);
    }

    [Fact]
    public async Task A_table_goes_on_where_it_was_cut_off()
    {
        var (partner, program) = await suite.NewPartner();
        var (older, newer) = (await suite.NewUser(partner, program), await suite.NewUser(partner, program));

        var first = await Csv(suite.OfManager, $"/users?partnerId={partner}&limit=1");
        var second = await Csv(suite.OfManager, $"/users?partnerId={partner}&limit=1&after={first.Header("Next-Cursor")}");

        Assert.StartsWith(newer.UserId.ToString(), first.Text.Split("\r\n")[1], StringComparison.Ordinal);
        Assert.StartsWith(older.UserId.ToString(), second.Text.Split("\r\n")[1], StringComparison.Ordinal);
        Assert.Null(second.Header("Next-Cursor"));
        Assert.Equal("application/json", (await suite.Of(partner).Send(HttpMethod.Get, "/users", null, null, ("Accept", "text/csv"))).Must(200).MediaType);
        Assert.Equal("application/json", (await suite.OfManager.Send(HttpMethod.Get, "/users", null, null, ("Accept", "text/csv; q=0.5, application/json"))).Must(200).MediaType);
    }

    private static async Task<Answer> Csv(Api api, string path) =>
        (await api.Send(HttpMethod.Get, path, null, null, ("Accept", "text/csv; q=0.9, */*; q=0.1"))).Must(200);

    private static IEnumerable<Guid> Ids(Answer page) => page["items"].EnumerateArray().Select(item => item.GetProperty("id").GetGuid());
}
