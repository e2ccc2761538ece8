using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.KycService.Tests.Decisions;

public sealed class SetKycStatusTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _kyc = suite.Database("kyc");

    [Fact]
    public async Task A_partner_accepts_its_user_and_everyone_hears_of_it()
    {
        var user = await suite.NewUser();

        var decided = (await Decide(user, "Accepted", "file-1")).Must(200);

        Assert.Equal(user.UserId, decided["customerId"].GetGuid());
        Assert.Equal("Accepted", decided["kycStatus"].GetString());
        Assert.Equal("file-1", decided["reference"].GetString());
        Assert.Equal("Accepted", await StatusToldToNeighbours(user));
        await Eventually.Holds(
            async () => (await suite.As(user.Caller, "datacore").Get($"/users/{user.UserId}"))["kycStatus"].GetString() == "Accepted",
            "DataCore to show the status");
    }

    [Fact]
    public async Task A_partner_rejects_its_user()
    {
        var user = await suite.NewUser();

        (await Decide(user, "Rejected", "file-1")).Must(200);

        Assert.Equal("Rejected", await StatusToldToNeighbours(user));
    }

    [Fact]
    public async Task The_same_decision_twice_changes_nothing_and_is_told_once()
    {
        var user = await NewPartnersUser();

        var first = (await Decide(user, "Accepted", "file-1")).Must(200);
        suite.Clock.Advance(TimeSpan.FromMinutes(1));
        var again = (await Decide(user, "Accepted", "file-1")).Must(200);
        (await Decide(user, "Rejected", "file-2")).Must(200);

        Assert.Equal(first.Text, again.Text);
        Assert.Equal(["Accepted file-1", "Rejected file-2"], await History(user));
        // What two services say within moments may arrive either way round.
        Assert.Equal(["kyc.accepted", "kyc.rejected"], (await EventsOf(user, 3)).Where(type => type != "user.registered"));
    }

    [Fact]
    public async Task Another_decision_is_added_to_the_history_and_the_last_one_counts()
    {
        var user = await suite.NewUser();

        foreach (var (status, reference) in new[] { ("Rejected", "1"), ("Accepted", "2"), ("Accepted", "3"), ("Rejected", "4") })
        {
            (await Decide(user, status, reference)).Must(200);
        }

        Assert.Equal(["Rejected 1", "Accepted 2", "Accepted 3", "Rejected 4"], await History(user));
        Assert.Equal("Rejected", await StatusToldToNeighbours(user));
        Assert.Equal(1L, await Count("select count(*) from applications where user_id = $1", user.UserId));
    }

    [Fact]
    public async Task Another_partners_user_is_not_there()
    {
        var user = await suite.NewUser();
        var (stranger, _) = await suite.NewPartner();

        (await Decide(user with { PartnerId = stranger }, "Accepted", "file-1")).MustRefuse(404, "USER_NOT_FOUND");
        (await Decide(user with { UserId = Guid.CreateVersion7() }, "Accepted", "file-1")).MustRefuse(404, "USER_NOT_FOUND");

        Assert.Equal("None", await StatusToldToNeighbours(user));
        Assert.Equal(0L, await Count("select count(*) from applications where partner_id = $1", stranger));
    }

    [Fact]
    public async Task Nobody_but_the_partner_decides()
    {
        var user = await suite.NewUser();

        foreach (var somebody in TestCallers.NotAdmitted(user.UserId, Role.Employee, Role.Manager, Role.Admin).Append(user.App))
        {
            (await suite.As(somebody, "kycservice").Put("/kyc", new { status = "Accepted", reference = "mine" })).MustRefuse(403, "FORBIDDEN");
        }

        Assert.Equal("None", await StatusToldToNeighbours(user));
    }

    [Theory]
    [InlineData("""{"status": "None", "reference": "r"}""", "status")]
    [InlineData("""{"status": "InProgress", "reference": "r"}""", "status")]
    [InlineData("""{"status": 0, "reference": "r"}""", "status")]
    [InlineData("""{"status": "Accepted"}""", "reference")]
    [InlineData("""{"status": "Accepted", "reference": null}""", "reference")]
    [InlineData("""{"status": "Accepted", "reference": ""}""", "reference")]
    [InlineData("""{"status": "Accepted", "reference": "a\u0000b"}""", "reference")]
    [InlineData("""{"status": "Accepted", "reference": "r", "decidedBy": "me"}""", "decidedBy")]
    public async Task A_field_that_cannot_be_right_is_named(string body, string field)
    {
        var user = await suite.NewUser();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        var refused = (await suite.As(user.Caller, "kycservice").Send(HttpMethod.Put, "/kyc", content)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.True(refused["errors"].TryGetProperty(field, out _), refused.Text);
        Assert.Equal("None", await StatusToldToNeighbours(user));
    }

    [Fact]
    public async Task The_same_first_decision_twice_at_once_is_one_decision()
    {
        var user = await NewPartnersUser();

        var answers = await Races.AtOnce(
            _kyc,
            "lock table applications in exclusive mode",
            2,
            () => Decide(user, "Accepted", "file-1"),
            () => Decide(user, "Accepted", "file-1"));

        Assert.All(answers, answer => answer.Must(200));
        Assert.Equal(answers[0].Text, answers[1].Text);
        Assert.Equal(["Accepted file-1"], await History(user));
        (await Decide(user, "Rejected", "end")).Must(200);
        Assert.Equal(["kyc.accepted", "kyc.rejected"], (await EventsOf(user, 3)).Where(type => type != "user.registered"));
    }

    [Fact]
    public async Task Opposite_decisions_at_once_are_both_kept_and_the_later_one_counts()
    {
        var user = await suite.NewUser();
        (await Decide(user, "Accepted", "first")).Must(200);

        var answers = await Races.AtOnce(
            _kyc,
            $"select from applications where user_id = '{user.UserId}' for update",
            2,
            () => Decide(user, "Rejected", "second"),
            () => Decide(user, "Accepted", "third"));

        Assert.All(answers, answer => answer.Must(200));
        var history = await History(user);
        Assert.Equal(3, history.Count);
        Assert.StartsWith(await StatusToldToNeighbours(user), history[^1], StringComparison.Ordinal);
        await Eventually.Holds(
            async () => history[^1].StartsWith((await suite.As(user.Caller, "datacore").Get($"/users/{user.UserId}"))["kycStatus"].GetString()!, StringComparison.Ordinal),
            "DataCore to show the later decision");
    }

    [Fact]
    public async Task Without_DataCore_nothing_is_decided()
    {
        var user = await suite.NewUser();

        await suite.Stop("datacore");
        (await Decide(user, "Accepted", "file-1")).MustRefuse(503, "SERVICE_UNAVAILABLE");
        await suite.Start("datacore");

        Assert.Equal("None", await StatusToldToNeighbours(user));
        await Eventually.Holds(async () => (await Decide(user, "Accepted", "file-1")).Status == 200, "DataCore to be asked again");
    }

    [Theory]
    [InlineData("update decisions set status = 'Accepted'")]
    [InlineData("delete from decisions")]
    [InlineData("delete from applications")]
    [InlineData("update applications set user_id = partner_id")]
    public async Task What_was_decided_cannot_be_undone_by_a_request(string sql)
    {
        await using var forbidden = suite.DatabaseOfRequests("kyc").CreateCommand(sql);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => forbidden.ExecuteNonQueryAsync());

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    private Task<Answer> Decide(TestUser user, string status, string reference) =>
        suite.As(new Caller { Channel = Channel.Secure, PartnerId = user.PartnerId, UserId = user.UserId }, "kycservice").Put("/kyc", new { status, reference });

    private async Task<TestUser> NewPartnersUser()
    {
        var (partner, program) = await suite.NewPartner();
        return await suite.NewUser(partner, program);
    }

    private async Task<string> StatusToldToNeighbours(TestUser user) =>
        (await suite.Neighbour("cardservice", "kycservice").Get($"/internal/decisions/{user.UserId}?partnerId={user.PartnerId}")).Must(200)["status"].GetString()!;

    /// <summary>The partner's event types, once there are as many.</summary>
    /// <summary>In the order in which they happened: those of two services may arrive in another.</summary>
    private async Task<List<string>> EventsOf(TestUser user, int count) => await Eventually.Get(
        async () =>
        {
            var events = (await suite.As(user.Caller, "notifications").Get("/events")).Must(200)["items"];
            return events.GetArrayLength() < count ? null : events.EnumerateArray().OrderBy(happened => happened.GetProperty("occurredAt").GetDateTimeOffset()).Select(happened => happened.GetProperty("type").GetString()!).ToList();
        },
        $"{count} events");

    private async Task<List<string>> History(TestUser user)
    {
        await using var read = _kyc.CreateCommand("select status || ' ' || reference from decisions where user_id = $1 order by decided_at, id");
        read.Parameters.AddWithValue(user.UserId);
        await using var rows = await read.ExecuteReaderAsync();
        var history = new List<string>();
        while (await rows.ReadAsync())
        {
            history.Add(rows.GetString(0));
        }
        return history;
    }

    private async Task<long> Count(string sql, Guid id)
    {
        await using var count = _kyc.CreateCommand(sql);
        count.Parameters.AddWithValue(id);
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
