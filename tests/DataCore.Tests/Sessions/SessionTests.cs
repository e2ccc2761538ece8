using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Sessions;

public sealed class SessionTests(DataCoreAlone suite) : IClassFixture<DataCoreAlone>
{
    private const string WrongPin = "2581";

    [Fact]
    public async Task The_signature_starts_a_session_and_so_does_signature_with_PIN()
    {
        using var app = await App.Paired(suite);

        var bySignature = (await app.Login()).Must(201);
        var byPin = (await app.Login(App.Pin)).Must(201);

        foreach (var session in new[] { bySignature, byPin })
        {
            var hash = App.TokenHash(session["token"].GetString()!);
            Assert.Equal(session["expiresAt"].GetDateTimeOffset(), new DateTimeOffset(await suite.Value<DateTime>("select expires_at from sessions where token_hash = $1", hash)));
        }
        Assert.Equal(3, await suite.Count("sessions where installation_id = $1 and ended_at is null", app.InstallationId));
        Assert.Equal(2, await suite.Owed("Audited", "StartSession", $"user:{app.User.UserId}", $"installation:{app.InstallationId}"));
    }

    [Fact]
    public async Task A_challenge_works_once_for_its_installation_and_for_a_minute()
    {
        using var app = await App.Paired(suite);
        using var another = await App.Paired(suite);
        var used = await app.Challenge();
        (await app.Login(used, pin: null)).Must(201);
        var late = await app.Challenge();
        await suite.Run("update challenges set expires_at = expires_at - interval '61 seconds' where hash = $1", App.TokenHash(late));

        (await app.Login(used, pin: null)).MustRefuse(401, "LOGIN_FAILED");
        (await app.Login(late, pin: null)).MustRefuse(401, "LOGIN_FAILED");
        (await app.Login(await another.Challenge(), pin: null)).MustRefuse(401, "LOGIN_FAILED");
        (await app.Login("made up", pin: null)).MustRefuse(401, "LOGIN_FAILED");
        (await app.Login(new string('ż', 10), pin: null, signature: app.Sign("x"))).MustRefuse(401, "LOGIN_FAILED");
    }

    [Fact]
    public async Task Another_devices_signature_fails_and_its_PIN_is_not_judged()
    {
        using var app = await App.Paired(suite);
        using var thief = await App.Paired(suite);
        var challenge = await app.Challenge();

        (await app.Login(challenge, WrongPin, thief.Sign(challenge))).MustRefuse(401, "LOGIN_FAILED");
        (await app.Login(challenge, WrongPin)).MustRefuse(401, "LOGIN_FAILED");
        foreach (var unreadable in new[] { "=", "", "AAAA" })
        {
            (await app.Login(await app.Challenge(), WrongPin, unreadable)).MustRefuse(401, "LOGIN_FAILED");
        }

        Assert.Equal(0, await suite.Value<int>("select wrong_pins from installations where id = $1", app.InstallationId));
        Assert.Equal(0, await suite.Owed("Audited", "StartSession", app.InstallationId.ToString()));
        (await app.Login(App.Pin)).Must(201);
    }

    [Fact]
    public async Task An_installation_that_is_none_gets_a_challenge_that_never_works()
    {
        using var app = await App.Paired(suite);
        var nobody = Guid.CreateVersion7();

        var challenge = await app.Challenge(nobody);

        Assert.Equal(43, challenge.Length);
        (await app.Login(challenge, pin: null, installationId: nobody)).MustRefuse(401, "LOGIN_FAILED");
        (await app.Login(challenge, pin: null)).MustRefuse(401, "LOGIN_FAILED");
        Assert.Equal(0, await suite.Count("challenges where hash = $1", App.TokenHash(challenge)));
        Assert.Equal(0, await suite.Owed("Audited", "CreateChallenge"));
    }

    [Fact]
    public async Task Challenges_beyond_the_limit_are_not_kept()
    {
        using var app = await App.Paired(suite);
        await suite.Run(
            "insert into challenges (hash, installation_id, expires_at) select encode(sha256(n::text::bytea), 'hex'), $1, '2999-01-01' from generate_series(1, 1000) n",
            app.InstallationId);

        await app.Challenge();

        Assert.Equal(1000, await suite.Count("challenges where installation_id = $1", app.InstallationId));
    }

    [Fact]
    public async Task The_right_PIN_forgives_and_the_fifth_wrong_one_in_a_row_ends_the_installation()
    {
        using var app = await App.Paired(suite);
        Assert.Equal(4, (await app.Login(WrongPin)).MustRefuse(401, "WRONG_PIN")["triesLeft"].GetInt32());
        (await app.Login()).Must(201);
        Assert.Equal(3, (await app.Login(WrongPin)).MustRefuse(401, "WRONG_PIN")["triesLeft"].GetInt32());
        (await app.Login(App.Pin)).Must(201);
        for (var left = 4; left > 0; left--)
        {
            Assert.Equal(left, (await app.Login(WrongPin)).MustRefuse(401, "WRONG_PIN")["triesLeft"].GetInt32());
        }
        var after = await app.Challenge();

        (await app.Login(WrongPin)).MustRefuse(401, "INSTALLATION_ENDED");

        (await app.Login(after, App.Pin)).MustRefuse(401, "LOGIN_FAILED");
        (await app.Login(App.Pin)).MustRefuse(401, "LOGIN_FAILED");
        Assert.Equal(1, await suite.Count("installations where id = $1 and wrong_pins = 5 and ended_reason = 'PinTries'", app.InstallationId));
        Assert.Equal(3, await suite.Count("sessions where installation_id = $1 and ended_reason = 'PinTries'", app.InstallationId));
        Assert.Equal(3, await suite.Owed("SessionEnded", app.InstallationId.ToString(), "PinTries"));
        Assert.Equal(6, await suite.Owed("Audited", app.InstallationId.ToString(), "WRONG_PIN"));
        Assert.Equal(1, await suite.Owed("Audited", app.InstallationId.ToString(), "INSTALLATION_ENDED"));
    }

    [Fact]
    public async Task Two_hundred_wrong_PINs_at_once_are_five()
    {
        using var app = await App.Paired(suite);
        var challenges = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => app.Challenge()));
        var clock = System.Diagnostics.Stopwatch.StartNew();

        var answers = await Task.WhenAll(challenges.Select(challenge => Task.Run(() => app.Login(challenge, WrongPin))));

        Assert.All(answers, answer => Assert.Contains(answer.Code, new[] { "WRONG_PIN", "INSTALLATION_ENDED", "LOGIN_FAILED", "RATE_LIMITED" }));
        Assert.Equal([1, 2, 3, 4], answers.Where(answer => answer.Code == "WRONG_PIN").Select(answer => answer["triesLeft"].GetInt32()).Order());
        Assert.Single(answers, answer => answer.Code == "INSTALLATION_ENDED");
        Assert.Equal(5, await suite.Owed("Audited", "StartSession", app.InstallationId.ToString()));
        // Only five were hashed: two hundred take ten seconds and more.
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 8);
    }

    [Fact]
    public async Task Two_hundred_logins_of_many_apps_at_once_are_answered_without_a_fault()
    {
        using var first = await App.Paired(suite);
        var apps = Enumerable.Range(0, 20).Select(_ => App.Paired(suite)).ToArray();
        var challenges = new List<(App App, string Challenge)>();
        foreach (var app in await Task.WhenAll(apps))
        {
            challenges.AddRange((await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => app.Challenge()))).Select(challenge => (app, challenge)));
        }

        var answers = await Task.WhenAll(challenges.Select(one => Task.Run(() => one.App.Login(one.Challenge, App.Pin))));

        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { 201, 429 }));
        Assert.All(answers.Where(answer => answer.Status == 429), answer => Assert.NotNull(answer.MustRefuse(429, "RATE_LIMITED").Header("Retry-After")));
        Assert.Contains(answers, answer => answer.Status == 201);
        foreach (var app in apps)
        {
            (await app).Dispose();
        }
    }

    [Fact]
    public async Task One_challenge_twice_at_once_starts_one_session()
    {
        using var app = await App.Paired(suite);
        var challenge = await app.Challenge();

        var answers = await Races.AtOnce(
            suite.Database("datacore"),
            $"select hash from challenges where installation_id = '{app.InstallationId}' for update",
            waiters: 2,
            () => app.Login(challenge, pin: null),
            () => app.Login(challenge, pin: null));

        Assert.Equal([201, 401], answers.Select(answer => answer.Status).Order());
        Assert.Equal(2, await suite.Count("sessions where installation_id = $1", app.InstallationId));
    }

    [Fact]
    public async Task A_locked_user_hears_so_after_a_right_signature_and_before_the_PIN_is_judged()
    {
        using var app = await App.Paired(suite);
        using var thief = await App.Paired(suite);
        await suite.Run("update users set status = 'Locked' where id = $1", app.User.UserId);
        var challenge = await app.Challenge();

        (await app.Login(challenge, WrongPin, thief.Sign(challenge))).MustRefuse(401, "LOGIN_FAILED");
        (await app.Login(WrongPin)).MustRefuse(403, "USER_LOCKED");

        Assert.Equal(0, await suite.Value<int>("select wrong_pins from installations where id = $1", app.InstallationId));
        Assert.Equal(1, await suite.Count("sessions where installation_id = $1", app.InstallationId));
        Assert.Equal(1, await suite.Owed("Audited", app.InstallationId.ToString(), "USER_LOCKED"));
    }

    [Fact]
    public async Task A_user_locked_while_the_app_signs_in_gets_no_session()
    {
        using var app = await App.Paired(suite);
        var challenge = await app.Challenge();

        await using var database = await suite.Database("datacore").OpenConnectionAsync();
        await using var locking = await database.BeginTransactionAsync();
        await using var update = new Npgsql.NpgsqlCommand($"update users set status = 'Locked' where id = '{app.User.UserId}'", database, locking);
        await update.ExecuteNonQueryAsync();
        var login = Task.Run(() => app.Login(challenge, pin: null));
        await using (var other = await Races.Hold(suite.Database("datacore"), "select 1"))
        {
            await other.Waiters(1);
        }
        // The login waits without the installation's row: whoever ends it after the user's may have it.
        await using var ending = new Npgsql.NpgsqlCommand($"update installations set used_at = used_at where id = '{app.InstallationId}'", database, locking);
        await ending.ExecuteNonQueryAsync();
        await locking.CommitAsync();

        (await login).MustRefuse(403, "USER_LOCKED");
    }

    [Fact]
    public async Task A_PIN_in_no_form_of_a_PIN_is_not_judged()
    {
        using var app = await App.Paired(suite);

        (await app.Login("12")).MustRefuse(422, "VALIDATION_FAILED");
        (await app.Login("٢٥٨٠")).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(0, await suite.Value<int>("select wrong_pins from installations where id = $1", app.InstallationId));
    }

    [Fact]
    public async Task Signing_out_ends_this_session_and_no_other_and_says_so_once()
    {
        using var app = await App.Paired(suite);
        var caller = await app.CallerOf((await app.Login()).Must(201));
        var mine = suite.As(caller, "datacore");

        Assert.Equal(204, (await mine.Delete("/sessions/mine")).Status);
        Assert.Equal(204, (await mine.Delete("/sessions/mine")).Status);

        Assert.Equal(1, await suite.Count("sessions where installation_id = $1 and ended_reason = 'Logout'", app.InstallationId));
        Assert.Equal(1, await suite.Count("sessions where id = $1 and ended_at is not null", caller.SessionId!));
        Assert.Equal(1, await suite.Owed("SessionEnded", caller.SessionId.ToString()!, "Logout"));
        Assert.Equal(1, await suite.Owed("Audited", "EndSession", $"session:{caller.SessionId}"));
    }

    [Fact]
    public async Task Old_challenges_approvals_sessions_and_codes_are_forgotten()
    {
        using var app = await App.Paired(suite);
        await app.Challenge();
        var apps = await app.SignedIn();
        var kept = await app.Challenge();
        (await apps.Post("/approvals", new { action = "card.pin", cardId = Guid.CreateVersion7(), pin = App.Pin })).Must(201);
        await suite.Run("update challenges set expires_at = '2020-01-01' where installation_id = $1 and hash <> $2", app.InstallationId, App.TokenHash(kept));
        await suite.Run("update approvals set expires_at = '2020-01-01' where installation_id = $1", app.InstallationId);
        await suite.Run("update activation_codes set expires_at = '2020-01-01' where user_id = $1", app.User.UserId);
        await suite.Run(
            "update sessions set expires_at = '2020-01-01' where id = (select min(id::text)::uuid from sessions where installation_id = $1)",
            app.InstallationId);

        await suite.Stop("datacore");
        await suite.Start("datacore");

        await Eventually.Holds(
            async () => await suite.Count("challenges where installation_id = $1", app.InstallationId) == 1
                && await suite.Count("approvals where installation_id = $1", app.InstallationId) == 0
                && await suite.Count("activation_codes where user_id = $1", app.User.UserId) == 0
                && await suite.Count("sessions where installation_id = $1", app.InstallationId) == 1,
            "the old rows to go");
    }
}
