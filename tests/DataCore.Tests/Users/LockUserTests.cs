using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Users;

[Collection("users")]
public sealed class LockUserTests(UserSuite suite)
{
    [Fact]
    public async Task A_locked_user_has_no_session_left_and_can_be_let_in_again()
    {
        var user = await suite.NewUser();
        var (installation, session) = await Sessions.Begin(suite.Rows, user);
        var another = await suite.NewUser();
        var (_, theirs) = await Sessions.Begin(suite.Rows, another);

        var locked = (await suite.OfPartner.Post($"/users/{user.UserId}/lock", new { reason = "Lost the phone" })).Must(200);

        Assert.Equal("Locked", locked["status"].GetString());
        Assert.False(locked.Json.TryGetProperty("partnerId", out _));
        Assert.Equal("Locked Lost the phone", await suite.Rows.Scalar<string>("select status || ' ' || lock_reason from users where id = $1", user.UserId));
        Assert.Equal("UserLocked", await suite.Rows.Scalar<string>("select ended_reason from sessions where id = $1", session));
        Assert.Null(await suite.Rows.Scalar<string>("select ended_reason from sessions where id = $1", theirs));
        Assert.Null(await suite.Rows.Scalar<string>("select ended_reason from installations where id = $1", installation));
        (await suite.OfPartner.Post($"/users/{user.UserId}/unlock")).Must(200);
        Assert.Equal("Active", await suite.Status(user));
        await suite.Heard(user, "user.registered", "user.locked", "user.unlocked");
    }

    [Fact]
    public async Task Each_session_that_ends_is_told_to_the_gateways_once()
    {
        var user = await suite.NewUser();
        var (installation, session) = await Sessions.Begin(suite.Rows, user);

        // The broker is asked to wait: what is owed stays in the table while the relay's lock is held.
        await using var held = await Races.Hold(suite.Rows, "select pg_advisory_xact_lock(x'4F7574626F78'::bigint)");
        (await suite.OfPartner.Post($"/users/{user.UserId}/lock")).Must(200);

        var owed = await suite.Rows.Scalar<string>(
            "select string_agg(body::text, '') from outbox where type = 'SessionEnded' and body->>'userId' = $1", user.UserId.ToString());
        var ended = JsonSerializer.Deserialize<JsonElement>(owed!);
        Assert.Equal(session, ended.GetProperty("sessionId").GetGuid());
        Assert.Equal(installation, ended.GetProperty("installationId").GetGuid());
        Assert.Equal("UserLocked", ended.GetProperty("reason").GetString());
        var audited = JsonSerializer.Deserialize<JsonElement>((await suite.Rows.Scalar<string>(
            "select body::text from outbox where type = 'Audited' and body->>'subject' = $1 and body->>'action' = 'LockUser'", $"user:{user.UserId}"))!);
        Assert.Equal($"partner:{TestUsers.SandboxPartner}", audited.GetProperty("actor").GetString());
    }

    [Fact]
    public async Task The_same_again_changes_nothing()
    {
        var user = await suite.NewUser();
        (await suite.OfPartner.Post($"/users/{user.UserId}/unlock")).Must(200);
        var first = (await suite.OfPartner.Post($"/users/{user.UserId}/lock", new { reason = "first" })).Must(200);
        var again = (await suite.OfPartner.Post($"/users/{user.UserId}/lock", new { reason = "second" })).Must(200);

        Assert.Equal(first.Text, again.Text);
        Assert.Equal("first", await suite.Rows.Scalar<string>("select lock_reason from users where id = $1", user.UserId));
        await suite.Heard(user, "user.registered", "user.locked");
    }

    [Fact]
    public async Task The_same_key_gives_the_same_answer_whatever_has_happened_since()
    {
        var user = await suite.NewUser();
        var key = Guid.CreateVersion7().ToString();
        var first = (await suite.OfPartner.Post($"/users/{user.UserId}/lock", new { reason = "x" }, key)).Must(200);
        (await suite.OfPartner.Post($"/users/{user.UserId}/unlock")).Must(200);

        var again = (await suite.OfPartner.Post($"/users/{user.UserId}/lock", new { reason = "x" }, key)).Must(200);

        Assert.Equal(first.Bytes, again.Bytes);
        Assert.Equal("Active", await suite.Status(user));
    }

    [Fact]
    public async Task Locks_at_once_make_one()
    {
        var user = await suite.NewUser();

        var answers = await Races.AtOnce(
            suite.Rows,
            $"select 1 from users where id = '{user.UserId}' for update",
            waiters: 2,
            () => suite.OfPartner.Post($"/users/{user.UserId}/lock"),
            () => suite.OfManager.Post($"/users/{user.UserId}/lock"));

        Assert.All(answers, answer => answer.Must(200));
        (await suite.OfPartner.Post($"/users/{user.UserId}/unlock")).Must(200);
        await suite.Heard(user, "user.registered", "user.locked", "user.unlocked");
    }

    [Fact]
    public async Task Another_partners_user_is_not_there_but_for_operators()
    {
        var (partner, program) = await suite.NewPartner();
        var theirs = await suite.NewUser(partner, program);

        (await suite.OfPartner.Post($"/users/{theirs.UserId}/lock")).MustRefuse(404, "USER_NOT_FOUND");
        (await suite.OfPartner.Post($"/users/{theirs.UserId}/unlock")).MustRefuse(404, "USER_NOT_FOUND");
        Assert.Equal("Active", await suite.Status(theirs));
        var locked = (await suite.OfManager.Post($"/users/{theirs.UserId}/lock")).Must(200);
        Assert.Equal(partner, locked["partnerId"].GetGuid());
        Assert.Equal("Locked", await suite.Status(theirs));
        (await suite.OfManager.Post($"/users/{theirs.UserId}/unlock")).Must(200);
        await suite.Heard(theirs, "user.registered", "user.locked", "user.unlocked");
    }

    [Fact]
    public async Task Employees_and_apps_lock_nobody()
    {
        var user = await suite.NewUser();

        (await suite.Operator(Role.Employee).Post($"/users/{user.UserId}/lock")).MustRefuse(403, "FORBIDDEN");
        (await suite.Operator(Role.Employee).Post($"/users/{user.UserId}/unlock")).MustRefuse(403, "FORBIDDEN");
        (await suite.App(user).Post($"/users/{user.UserId}/lock")).MustRefuse(403, "FORBIDDEN");
        (await suite.Operator(Role.Admin).Post($"/users/{user.UserId}/lock")).Must(200);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two\nlines")]
    public async Task A_reason_is_a_line(string reason)
    {
        var user = await suite.NewUser();

        (await suite.OfPartner.Post($"/users/{user.UserId}/lock", new { reason })).MustRefuse(422, "VALIDATION_FAILED");
    }
}
