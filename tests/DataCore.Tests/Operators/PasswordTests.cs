using Antaca.DataCore.Operators;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Operators;

[Collection("operators")]
public sealed class PasswordTests(OperatorSuite suite)
{
    private const string Another = "gravel9-lantern-oxbow";

    [Fact]
    public async Task An_invitation_gives_a_password_and_a_second_factor_once()
    {
        var (id, email) = await suite.Invited(Role.Manager);
        var link = await suite.LinkTo(email);

        var set = (await Set(link)).Must(200);

        Assert.Equal(email, set["email"].GetString());
        var secret = set["totp"].GetProperty("secret").GetString()!;
        Assert.Equal(32, secret.Length);
        Assert.Equal($"otpauth://totp/Antaca:{Uri.EscapeDataString(email)}?secret={secret}&issuer=Antaca", set["totp"].GetProperty("uri").GetString());
        await suite.LogIn(new TestOperator(id, email, Role.Manager, OperatorSuite.Base32(secret)));
        (await Set(link)).MustRefuse(401, "LINK_INVALID");
        Assert.DoesNotContain(suite.Log.Lines, line => line.Contains(secret, StringComparison.Ordinal) || line.Contains(link, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_email_names_the_address_that_is_set_and_the_database_keeps_the_hash()
    {
        var (id, email) = await suite.Invited();
        var link = await suite.LinkTo(email);

        Assert.Contains($"{suite.PublicAddress}admin/password#{link}", await suite.LastMessageTo(email), StringComparison.Ordinal);
        Assert.Equal(43, link.Length);
        Assert.Equal(60, await suite.Rows.Scalar<int>("select extract(epoch from expires_at - created_at)::int / 60 from operator_links where operator_id = $1 and hash = $2", id, OperatorSuite.Hash(link)));
    }

    [Fact]
    public async Task A_link_works_once_for_two_at_once()
    {
        var (id, email) = await suite.Invited();
        var link = await suite.LinkTo(email);

        var answers = await Races.AtOnce(
            suite.Rows, $"select 1 from operators where id = '{id}' for update", waiters: 2, () => Set(link), () => Set(link, Another));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Single(answers, answer => answer.Code == "LINK_INVALID");
    }

    [Fact]
    public async Task A_link_ends_after_an_hour_and_with_the_next_of_its_kind()
    {
        var (id, email) = await suite.Invited();
        var first = await suite.LinkTo(email);
        var message = await suite.LastMessageTo(email);
        (await suite.OfManager.Post($"/operators/{id}/invitation")).Must(202);
        var second = await suite.LinkTo(email, afterMessage: message);

        (await Set(first)).MustRefuse(401, "LINK_INVALID");
        suite.Clock.Advance(TimeSpan.FromMinutes(60));
        (await Set(second)).MustRefuse(401, "LINK_INVALID");
        (await Set("never one of ours")).MustRefuse(401, "LINK_INVALID");
        Assert.Equal("Invited", await suite.Status(id));
    }

    [Fact]
    public async Task A_password_that_is_refused_leaves_the_link_as_it_is()
    {
        var (_, email) = await suite.Invited();
        var link = await suite.LinkTo(email);

        foreach (var poor in new[] { "short", new string('x', 129), "password12345678", $"my {email[..email.IndexOf('@', StringComparison.Ordinal)]} own words" })
        {
            var refused = (await Set(link, poor)).MustRefuse(422, "VALIDATION_FAILED");
            Assert.Equal("password", Assert.Single(refused["errors"].EnumerateObject()).Name);
        }

        (await Set(link)).Must(200);
    }

    [Theory]
    [InlineData("password12345678")]
    [InlineData("P@ssw0rd12345")]
    [InlineData("!!Welcome2026!!")]
    [InlineData("qwertyuiop123")]
    [InlineData("1234567890qwerty")]
    [InlineData("1qaz2wsx3edc4rfv")]
    [InlineData("987654321098765")]
    [InlineData("aaaaaaaaaaaaaaaa")]
    [InlineData("abababababababab")]
    [InlineData("dragondragondragon")]
    [InlineData("abcdefghijklmnop")]
    [InlineData("correcthorsebatterystaple")]
    [InlineData("we run AnTaCa here")]
    [InlineData("ewa.nowak knows it")]
    [InlineData("elevenchars")]
    public void What_a_guesser_tries_first_is_no_password(string password) => Assert.NotNull(Passwords.FaultOf(password, "ewa.nowak@bank.example"));

    [Theory]
    [InlineData(OperatorSuite.Password)]
    [InlineData(Another)]
    [InlineData("zażółć gęślą jaźń")]
    [InlineData("ordinary words in a row")]
    [InlineData("x7Kq-93mZ-pL0w")]
    public void What_nobody_would_try_is_a_password(string password) => Assert.Null(Passwords.FaultOf(password, "ewa.nowak@bank.example"));

    [Fact]
    public void Codes_are_those_of_RFC_6238()
    {
        // Appendix B, SHA-1, the last six of eight digits.
        var secret = "12345678901234567890"u8.ToArray();
        foreach (var (seconds, code) in new[] { (59L, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130") })
        {
            Assert.True(SecondFactor.Accepts(secret, code, DateTimeOffset.FromUnixTimeSeconds(seconds), after: 0, out var step));
            Assert.Equal(seconds / 30, step);
            Assert.False(SecondFactor.Accepts(secret, code, DateTimeOffset.FromUnixTimeSeconds(seconds), after: step, out _));
        }
    }

    [Fact]
    public async Task A_reset_changes_the_password_alone_and_ends_every_session()
    {
        var who = await suite.Active();
        var (session, _) = await suite.LogIn(who);
        var invitation = await suite.LastMessageTo(who.Email);
        (await suite.StartSession(who.Email, "wrong")).MustRefuse(401, "LOGIN_FAILED");

        Assert.Equal("{}", (await Reset(who.Email.ToUpperInvariant())).Must(202).Text);
        var link = await suite.LinkTo(who.Email, afterMessage: invitation);
        await using var outbox = await suite.HoldOutbox();
        var set = (await Set(link, Another)).Must(200);

        Assert.Equal(System.Text.Json.JsonValueKind.Null, set["totp"].ValueKind);
        Assert.Equal("CredentialsChanged", await suite.EndOf(session));
        Assert.Equal(["OperatorSessionEnded CredentialsChanged", "SetPassword"], await suite.Owed(who.Id));
        // Whoever reads his e-mail is not forgiven wrong codes for it.
        Assert.Equal(1, await suite.WrongTries(who.Id));
        (await suite.StartSession(who.Email)).MustRefuse(401, "LOGIN_FAILED");
        suite.Clock.Advance(TimeSpan.FromSeconds(60));
        var started = (await suite.StartSession(who.Email, Another)).Must(200);
        (await suite.Verify(started["challenge"].GetString()!, suite.Code(who))).Must(201);
    }

    [Fact]
    public async Task A_reset_for_whoever_is_not_active_answers_the_same_and_sends_nothing()
    {
        var (invitedId, invited) = await suite.Invited();
        await suite.LinkTo(invited);
        var locked = await suite.Active();
        (await suite.OfAdmin.Post($"/operators/{locked.Id}/lock")).Must(200);
        await using var outbox = await suite.HoldOutbox();

        foreach (var email in new[] { OperatorSuite.NewEmail(), invited, locked.Email })
        {
            Assert.Equal("{}", (await Reset(email)).Must(202).Text);
        }

        Assert.DoesNotContain("PasswordResetRequested", await suite.Owed(invitedId));
        Assert.DoesNotContain("PasswordResetRequested", await suite.Owed(locked.Id));
    }

    [Fact]
    public async Task Resets_are_few_whoever_asks()
    {
        var nobody = OperatorSuite.NewEmail();
        await Task.WhenAll(Enumerable.Range(0, LoginLimits.TriesAMinute).Select(async _ => (await Reset(nobody)).Must(202)));
        Assert.NotNull((await Reset(nobody)).MustRefuse(429, "RATE_LIMITED").Header("Retry-After"));
        // Asking for resets keeps nobody from logging in.
        (await suite.StartSession(nobody)).MustRefuse(401, "LOGIN_FAILED");

        var who = await suite.Active();
        await Task.WhenAll(Enumerable.Range(0, SendOperatorLink.ResetsAnHour + 3).Select(async _ => (await Reset(who.Email)).Must(202)));
        await Eventually.Holds(async () => await Resets() >= SendOperatorLink.ResetsAnHour && await suite.Rows.Scalar<long>("select count(*) from outbox") == 0, "the resets to be sent");

        async Task<long> Resets() => await suite.Rows.Scalar<long>("select count(*) from operator_links where operator_id = $1 and kind = 'Reset'", who.Id);
    }

    [Fact]
    public async Task An_invitation_replaces_a_lost_second_factor_when_it_is_accepted()
    {
        var who = await suite.Active();
        var (session, _) = await suite.LogIn(who);
        var first = await suite.LastMessageTo(who.Email);
        (await suite.OfManager.Post($"/operators/{who.Id}/invitation")).Must(202);
        var link = await suite.LinkTo(who.Email, afterMessage: first);
        Assert.Null(await suite.EndOf(session));

        var secret = (await Set(link)).Must(200)["totp"].GetProperty("secret").GetString()!;

        Assert.Equal("CredentialsChanged", await suite.EndOf(session));
        suite.Clock.Advance(TimeSpan.FromSeconds(60));
        (await suite.Verify(await suite.Challenge(who), suite.Code(who))).MustRefuse(401, "LOGIN_FAILED");
        await suite.LogIn(who with { Secret = OperatorSuite.Base32(secret) });
    }

    [Fact]
    public async Task A_locked_operators_link_opens_nothing()
    {
        var (id, email) = await suite.Invited();
        var link = await suite.LinkTo(email);
        (await suite.OfAdmin.Post($"/operators/{id}/lock")).Must(200);

        (await Set(link)).MustRefuse(401, "LINK_INVALID");

        (await suite.OfAdmin.Post($"/operators/{id}/unlock")).Must(200);
        Assert.Equal("Invited", await suite.Status(id));
        (await Set(link)).MustRefuse(401, "LINK_INVALID");
    }

    private Task<Answer> Set(string link, string password = OperatorSuite.Password) => suite.Nobody.Post("/operator-password", new { link, password });

    private Task<Answer> Reset(string email) => suite.Nobody.Post("/operator-password/reset", new { email });
}
