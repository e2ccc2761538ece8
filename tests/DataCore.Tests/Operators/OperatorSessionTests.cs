using Antaca.DataCore.Credentials;
using Antaca.DataCore.Operators;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Operators;

[Collection("operators")]
public sealed class OperatorSessionTests(OperatorSuite suite)
{
    [Fact]
    public async Task Both_factors_begin_a_session_that_is_stored_as_a_hash_and_ends_after_twelve_hours()
    {
        var who = await suite.Active(Role.Manager);
        var started = (await suite.StartSession(who.Email.ToUpperInvariant())).Must(200);
        var code = suite.Code(who);
        var verified = (await suite.Verify(started["challenge"].GetString()!, code)).Must(201);

        var token = verified["token"].GetString()!;
        Assert.Equal(43, token.Length);
        Assert.Equal(
            (verified["expiresAt"].GetDateTimeOffset().UtcDateTime, who.Id),
            (await suite.Rows.Scalar<DateTime>("select expires_at from operator_sessions where token_hash = $1 and ended_at is null", OperatorSuite.Hash(token)),
             await suite.Rows.Scalar<Guid>("select operator_id from operator_sessions where token_hash = $1", OperatorSuite.Hash(token))));
        Assert.Equal(12, await suite.Rows.Scalar<int>("select extract(epoch from expires_at - created_at)::int / 3600 from operator_sessions where token_hash = $1", OperatorSuite.Hash(token)));
        Assert.Equal(("Manager", "Active", who.Email), (verified["operator"].GetProperty("role").GetString(), verified["operator"].GetProperty("status").GetString(), verified["operator"].GetProperty("email").GetString()));
        Assert.DoesNotContain(suite.Log.Lines, line => line.Contains(token, StringComparison.Ordinal) || line.Contains(OperatorSuite.Password, StringComparison.Ordinal)
            || line.Contains(started["challenge"].GetString()!, StringComparison.Ordinal));
        Assert.Equal(0, await suite.Rows.Scalar<long>("select count(*) from operators where position($1 in totp_secret) > 0", who.Secret));
    }

    [Fact]
    public async Task Whoever_cannot_log_in_hears_one_answer_whatever_the_reason()
    {
        var (_, invited) = await suite.Invited();
        var locked = await suite.Active();
        (await suite.OfAdmin.Post($"/operators/{locked.Id}/lock")).Must(200);
        var active = await suite.Active();

        Answer[] refused =
        [
            await suite.StartSession("nobody@bank.example"),
            await suite.StartSession(invited),
            await suite.StartSession(locked.Email),
            await suite.StartSession(active.Email, "another password"),
            await suite.Verify(await suite.Challenge(active), suite.WrongCode(active)),
            await suite.Verify("no challenge of ours", "123456"),
        ];

        Assert.All(refused, answer => answer.MustRefuse(401, "LOGIN_FAILED"));
        Assert.Single(refused.Select(answer => answer.Text.Replace(answer["traceId"].GetString() ?? "null", "", StringComparison.Ordinal)).Distinct());
        Assert.Equal(0, await suite.WrongTries(locked.Id));
        Assert.Equal(2, await suite.WrongTries(active.Id));
    }

    [Fact]
    public async Task Five_wrong_passwords_and_codes_together_lock_until_midnight_and_end_what_is_open()
    {
        var who = await suite.Active();
        var (session, _) = await suite.LogIn(who);
        await using var outbox = await suite.HoldOutbox();
        (await suite.StartSession(who.Email, "wrong")).MustRefuse(401, "LOGIN_FAILED");
        (await suite.StartSession(who.Email, "wrong")).MustRefuse(401, "LOGIN_FAILED");
        var challenge = await suite.Challenge(who);
        (await suite.Verify(challenge, suite.WrongCode(who))).MustRefuse(401, "LOGIN_FAILED");
        (await suite.Verify(challenge, suite.WrongCode(who))).MustRefuse(401, "LOGIN_FAILED");
        Assert.Null(await suite.EndOf(session));
        (await suite.Verify(challenge, suite.WrongCode(who))).MustRefuse(401, "LOGIN_FAILED");

        Assert.Equal("Locked", await suite.EndOf(session));
        Assert.Equal(
            ["StartOperatorSession LOGIN_FAILED", "StartOperatorSession LOGIN_FAILED", "StartOperatorSession", "VerifySecondFactor LOGIN_FAILED", "VerifySecondFactor LOGIN_FAILED",
             "OperatorSessionEnded Locked", "VerifySecondFactor OPERATOR_LOCKED"],
            await suite.Owed(who.Id));
        await outbox.Release();
        suite.Clock.Advance(TimeSpan.FromSeconds(60));
        (await suite.Verify(challenge, suite.Code(who))).MustRefuse(401, "LOGIN_FAILED");
        (await suite.StartSession(who.Email)).MustRefuse(401, "LOGIN_FAILED");

        var now = suite.Clock.GetUtcNow();
        var midnight = new DateTimeOffset(now.UtcDateTime.Date.AddDays(1), TimeSpan.Zero);
        var shown = await Shown(who);
        Assert.Equal(("Locked", midnight), (shown.GetProperty("status").GetString(), shown.GetProperty("lockedUntil").GetDateTimeOffset()));

        suite.Clock.Advance(midnight - now - TimeSpan.FromSeconds(20));
        (await suite.StartSession(who.Email)).MustRefuse(401, "LOGIN_FAILED");
        suite.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("Active", (await Shown(who)).GetProperty("status").GetString());
        await suite.LogIn(who);
        Assert.Equal(("Active", 0), (await suite.Status(who.Id), await suite.WrongTries(who.Id)));
    }

    [Fact]
    public async Task The_right_password_alone_forgives_no_wrong_code()
    {
        var who = await suite.Active();
        for (var round = 0; round < Operator.MaxTries; round++)
        {
            (await suite.Verify(await suite.Challenge(who), suite.WrongCode(who))).MustRefuse(401, "LOGIN_FAILED");
        }

        Assert.Equal("Locked", await suite.Status(who.Id));
    }

    [Fact]
    public async Task Both_factors_right_forgive_the_wrong_ones_before()
    {
        var who = await suite.Active();
        (await suite.StartSession(who.Email, "wrong")).MustRefuse(401, "LOGIN_FAILED");
        Assert.Equal(1, await suite.WrongTries(who.Id));

        await suite.LogIn(who);

        Assert.Equal(0, await suite.WrongTries(who.Id));
    }

    [Fact]
    public async Task Of_fifty_wrong_passwords_at_once_five_are_judged()
    {
        var who = await suite.Active();
        await using var outbox = await suite.HoldOutbox();

        var answers = await Races.AtOnce(
            suite.Rows,
            $"select 1 from operators where id = '{who.Id}' for update",
            waiters: SlowHashTurns.AtOnce,
            [.. Enumerable.Range(0, 50).Select(_ => new Func<Task<Answer>>(() => suite.StartSession(who.Email, "wrong")))]);

        Assert.Equal(LoginLimits.TriesAMinute, answers.Count(answer => answer.Status == 401));
        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { 401, 429 }));
        Assert.Equal(Operator.MaxTries, (await suite.Owed(who.Id)).Count(line => line.StartsWith("StartOperatorSession ", StringComparison.Ordinal)));
        Assert.Equal(("Locked", Operator.MaxTries), (await suite.Status(who.Id), await suite.WrongTries(who.Id)));
    }

    [Fact]
    public async Task Of_fifty_wrong_codes_at_once_five_are_judged()
    {
        var who = await suite.Active();
        var challenge = await suite.Challenge(who);
        var wrong = suite.WrongCode(who);
        await using var outbox = await suite.HoldOutbox();

        var answers = await Races.AtOnce(
            suite.Rows,
            $"select 1 from operators where id = '{who.Id}' for update",
            waiters: 30,
            [.. Enumerable.Range(0, 50).Select(_ => new Func<Task<Answer>>(() => suite.Verify(challenge, wrong)))]);

        Assert.All(answers, answer => answer.MustRefuse(401, "LOGIN_FAILED"));
        Assert.Equal(Operator.MaxTries, (await suite.Owed(who.Id)).Count(line => line.StartsWith("VerifySecondFactor ", StringComparison.Ordinal)));
        Assert.Equal(Operator.MaxTries, await suite.WrongTries(who.Id));
    }

    [Fact]
    public async Task More_passwords_at_once_than_may_wait_are_put_off_and_break_nothing()
    {
        var emails = Enumerable.Range(0, SlowHashTurns.AtOnce + LoginLimits.HashesWaiting + 40).Select(_ => OperatorSuite.NewEmail()).ToArray();

        var answers = await Task.WhenAll(emails.Select(email => suite.StartSession(email)));

        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { 401, 429 }));
        Assert.All(answers.Where(answer => answer.Status == 429), answer => Assert.NotNull(answer.Header("Retry-After")));
        Assert.Contains(answers, answer => answer.Status == 401);
    }

    [Fact]
    public async Task The_eleventh_try_in_a_minute_waits_whether_or_not_there_is_such_an_operator()
    {
        var email = OperatorSuite.NewEmail();
        for (var round = 0; round < LoginLimits.TriesAMinute; round++)
        {
            (await suite.StartSession(round % 2 == 0 ? email : email.ToUpperInvariant())).MustRefuse(401, "LOGIN_FAILED");
        }

        var refused = (await suite.StartSession(email)).MustRefuse(429, "RATE_LIMITED");

        Assert.InRange(int.Parse(refused.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        (await suite.StartSession(OperatorSuite.NewEmail())).MustRefuse(401, "LOGIN_FAILED");
    }

    [Fact]
    public async Task A_challenge_gives_one_session_once_and_at_once()
    {
        var who = await suite.Active();
        var challenge = await suite.Challenge(who);
        var code = suite.Code(who);

        var answers = await Races.AtOnce(
            suite.Rows,
            $"select 1 from operators where id = '{who.Id}' for update",
            waiters: 4,
            [.. Enumerable.Range(0, 4).Select(_ => new Func<Task<Answer>>(() => suite.Verify(challenge, code)))]);

        Assert.Single(answers, answer => answer.Status == 201);
        Assert.Equal(3, answers.Count(answer => answer.Code == "LOGIN_FAILED"));
        (await suite.Verify(challenge, suite.Code(who, stepsAhead: 1))).MustRefuse(401, "LOGIN_FAILED");
        Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from operator_sessions where operator_id = $1", who.Id));
        // Whoever came too late with a challenge that another call had used guessed at nothing.
        Assert.Equal(0, await suite.WrongTries(who.Id));
    }

    [Fact]
    public async Task A_challenge_ends_after_five_minutes_and_with_the_next()
    {
        var who = await suite.Active();
        var expired = await suite.Challenge(who);
        suite.Clock.Advance(TimeSpan.FromMinutes(5));
        (await suite.Verify(expired, suite.Code(who))).MustRefuse(401, "LOGIN_FAILED");

        var replaced = await suite.Challenge(who);
        var newest = await suite.Challenge(who);
        (await suite.Verify(replaced, suite.Code(who))).MustRefuse(401, "LOGIN_FAILED");
        (await suite.Verify(newest, suite.Code(who))).Must(201);
    }

    [Fact]
    public async Task A_code_works_once_with_whatever_challenge_at_once_too()
    {
        var who = await suite.Active();
        var first = await suite.Challenge(who);
        var second = new string('s', 43 - 8) + who.Id.ToString("N")[^8..];
        await suite.Rows.Scalar<int>(
            "insert into operator_challenges (hash, operator_id, expires_at) values ($1, $2, $3) returning 1", OperatorSuite.Hash(second), who.Id, suite.Clock.GetUtcNow().AddMinutes(5));
        var code = suite.Code(who);

        var answers = await Races.AtOnce(
            suite.Rows,
            $"select 1 from operators where id = '{who.Id}' for update",
            waiters: 2,
            () => suite.Verify(first, code),
            () => suite.Verify(second, code));
        Assert.Single(answers, answer => answer.Status == 201);
        Assert.Single(answers, answer => answer.Code == "LOGIN_FAILED");

        (await suite.Verify(await suite.Challenge(who), code)).MustRefuse(401, "LOGIN_FAILED");
        (await suite.Verify(await suite.Challenge(who), suite.Code(who, stepsAhead: 1))).Must(201);
        Assert.Equal(2, await suite.Rows.Scalar<long>("select count(*) from operator_sessions where operator_id = $1", who.Id));
    }

    [Theory]
    [InlineData(-2, 401)]
    [InlineData(-1, 201)]
    [InlineData(1, 201)]
    [InlineData(2, 401)]
    public async Task A_clock_may_be_one_step_off_and_no_more(int steps, int status)
    {
        var who = await suite.Active();
        // Into the middle of a step: the answer must not come in the next.
        var seconds = suite.Clock.GetUtcNow().ToUnixTimeSeconds() % 30;
        suite.Clock.Advance(TimeSpan.FromSeconds(35 - seconds));

        (await suite.Verify(await suite.Challenge(who), suite.Code(who, steps))).Must(status);
    }

    [Theory]
    [InlineData("12345")]
    [InlineData("1234567")]
    [InlineData("12345a")]
    [InlineData("１２３４５６")]
    public async Task A_code_that_is_no_code_is_named_and_counts_nothing(string code)
    {
        var who = await suite.Active();

        (await suite.Verify(await suite.Challenge(who), code)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(0, await suite.WrongTries(who.Id));
    }

    [Fact]
    public async Task Logging_out_ends_the_own_session_and_no_other_and_twice_changes_nothing()
    {
        var (who, other) = (await suite.Active(), await suite.Active());
        var (mine, _) = await suite.LogIn(who);
        var (second, _) = await suite.LogIn(who);
        var (others, _) = await suite.LogIn(other);
        await using var outbox = await suite.HoldOutbox();

        (await suite.Of(who.Id, mine, who.Role).Delete("/operator-sessions/mine")).Must(204);
        (await suite.Of(who.Id, mine, who.Role).Delete("/operator-sessions/mine")).Must(204);
        (await suite.Of(who.Id, others, who.Role).Delete("/operator-sessions/mine")).Must(204);

        Assert.Equal(("Logout", null, null), (await suite.EndOf(mine), await suite.EndOf(second), await suite.EndOf(others)));
        Assert.Equal(["OperatorSessionEnded Logout", "EndOperatorSession"], await suite.Owed(who.Id));
    }

    private async Task<System.Text.Json.JsonElement> Shown(TestOperator who) =>
        (await suite.Of(who.Id, Guid.CreateVersion7(), who.Role).Get("/operators/me")).Must(200).Json;
}
