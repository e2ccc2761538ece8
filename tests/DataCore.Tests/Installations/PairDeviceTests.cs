using System.Security.Cryptography;
using Antaca.DataCore.Tests.Sessions;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Installations;

public sealed class PairDeviceTests(DataCoreAlone suite) : IClassFixture<DataCoreAlone>
{
    [Fact]
    public async Task A_code_pairs_a_device_once_and_signs_it_in()
    {
        using var app = new App(suite, await suite.NewUser());
        var code = await app.NewCode();

        var paired = (await app.Pair(code)).Must(201);

        Assert.Equal(43, paired["token"].GetString()!.Length);
        Assert.Equal(1, await suite.Count("installations where id = $1 and user_id = $2 and ended_at is null", app.InstallationId, app.User.UserId));
        Assert.Equal(1, await suite.Count("sessions where token_hash = $1 and idle_seconds = 300 and expires_at = created_at + interval '10 minutes'", App.TokenHash(paired["token"].GetString()!)));
        Assert.Equal(1, await suite.Owed("Audited", "PairDevice", $"user:{app.User.UserId}", $"installation:{app.InstallationId}"));
        (await app.Pair(code)).MustRefuse(401, "ACTIVATION_FAILED");
    }

    [Fact]
    public async Task Neither_code_nor_PIN_nor_token_is_kept_or_told()
    {
        using var app = new App(suite, await suite.NewUser());
        var code = await app.NewCode();
        var token = (await app.Pair(code)).Must(201)["token"].GetString()!;

        Assert.Equal(0, await suite.Count("activation_codes c where strpos(c::text, $1) > 0 and user_id = $2", $",{code},", app.User.UserId));
        Assert.Equal(1, await suite.Count("installations where id = $1 and pin_hash like 'pbkdf2-sha512$%'", app.InstallationId));
        Assert.Equal(0, await suite.Count("idempotency_keys where strpos(convert_from(body, 'UTF8'), $1) > 0", token));
        Assert.DoesNotContain(suite.Log.Lines, line => line.Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_expired_former_and_unknown_have_one_answer()
    {
        using var app = new App(suite, await suite.NewUser());
        var former = await app.NewCode();
        var code = await app.NewCode();
        var pairing = await app.Pairing(Wrong(code));

        var wrong = (await app.Pair(pairing)).MustRefuse(401, "ACTIVATION_FAILED");
        pairing["activationCode"] = code;
        pairing["phone"] = "+48999999999";
        var unknown = (await app.Pair(pairing)).MustRefuse(401, "ACTIVATION_FAILED");
        if (former != code)
        {
            (await app.Pair(former)).MustRefuse(401, "ACTIVATION_FAILED");
        }
        await suite.Run("update activation_codes set expires_at = created_at where user_id = $1", app.User.UserId);
        (await app.Pair(code)).MustRefuse(401, "ACTIVATION_FAILED");

        Assert.Equal(wrong["title"].GetString(), unknown["title"].GetString());
        Assert.Equal(0, await suite.Count("installations where user_id = $1", app.User.UserId));
        Assert.Equal(0, await suite.Count("activation_codes where user_id = $1 and ended_at is null and wrong not between 1 and 2", app.User.UserId));
    }

    [Fact]
    public async Task The_fifth_wrong_guess_uses_the_code_up()
    {
        using var app = new App(suite, await suite.NewUser());
        var code = await app.NewCode();
        for (var i = 0; i < 5; i++)
        {
            (await app.Pair(Wrong(code))).MustRefuse(401, "ACTIVATION_FAILED");
        }

        (await app.Pair(code)).MustRefuse(401, "ACTIVATION_FAILED");

        Assert.Equal(5, await suite.Owed("Audited", "PairDevice", "ACTIVATION_FAILED", $"user:{app.User.UserId}"));
        (await app.Pair(await app.NewCode())).Must(201);
    }

    [Fact]
    public async Task Fifty_guesses_at_once_are_five()
    {
        using var app = new App(suite, await suite.NewUser());
        var code = await app.NewCode();
        var pairing = await app.Pairing(Wrong(code));

        await using var held = await Races.Hold(suite.Database("datacore"), $"select id from activation_codes where user_id = '{app.User.UserId}' for update");
        var guesses = Enumerable.Range(0, 50).Select(_ => Task.Run(() => app.Pair(pairing))).ToArray();
        await held.Waiters(2);
        await held.Release();
        var answers = await Task.WhenAll(guesses);

        Assert.All(answers, answer => Assert.Contains(answer.Code, new[] { "ACTIVATION_FAILED", "RATE_LIMITED" }));
        Assert.Equal(1, await suite.Count("activation_codes where user_id = $1 and wrong = 5 and ended_at is not null", app.User.UserId));
        Assert.Equal(5, await suite.Owed("Audited", "PairDevice", "ACTIVATION_FAILED", $"user:{app.User.UserId}"));
    }

    [Fact]
    public async Task The_right_code_twice_at_once_pairs_once()
    {
        using var app = new App(suite, await suite.NewUser());
        var pairing = await app.Pairing(await app.NewCode());

        var answers = await Races.AtOnce(
            suite.Database("datacore"),
            $"select id from activation_codes where user_id = '{app.User.UserId}' for update",
            waiters: 2,
            () => app.Pair(pairing),
            () => app.Pair(pairing));

        Assert.Equal([201, 401], answers.Select(answer => answer.Status).Order());
        Assert.Equal(1, await suite.Count("installations where user_id = $1", app.User.UserId));
    }

    [Fact]
    public async Task A_new_code_and_a_guess_at_once_do_not_wait_for_each_other()
    {
        using var app = new App(suite, await suite.NewUser());
        var pairing = await app.Pairing(Wrong(await app.NewCode()));
        var partner = suite.As(app.User.Caller, "datacore");

        await using var held = await Races.Hold(suite.Database("datacore"), $"select id from users where id = '{app.User.UserId}' for update");
        var making = Task.Run(() => partner.Post($"/users/{app.User.UserId}/activation-codes"));
        await held.Waiters(1);
        var guessing = Task.Run(() => app.Pair(pairing));
        await held.Waiters(2);
        await held.Release();

        (await making).Must(201);
        (await guessing).MustRefuse(401, "ACTIVATION_FAILED");
    }

    [Fact]
    public async Task Paired_again_the_device_s_former_installation_and_its_sessions_end()
    {
        using var app = await App.Paired(suite);
        var former = app.InstallationId;
        using var other = await App.Paired(suite, app.User);

        (await app.Pair(await app.NewCode())).Must(201);

        Assert.Equal(1, await suite.Count("installations where id = $1 and ended_reason = 'Paired'", former));
        Assert.Equal(2, await suite.Count("installations where user_id = $1 and ended_at is null", app.User.UserId));
        Assert.Equal(1, await suite.Count("sessions where installation_id = $1 and ended_reason = 'Paired'", former));
        Assert.Equal(1, await suite.Owed("SessionEnded", former.ToString(), "Paired"));
        Assert.Equal(0, await suite.Owed("SessionEnded", other.InstallationId.ToString()));
    }

    [Fact]
    public async Task A_locked_user_hears_so_with_the_right_code_alone()
    {
        using var app = new App(suite, await suite.NewUser());
        var code = await app.NewCode();
        await suite.Run("update users set status = 'Locked' where id = $1", app.User.UserId);

        (await app.Pair(Wrong(code))).MustRefuse(401, "ACTIVATION_FAILED");
        (await app.Pair(code)).MustRefuse(403, "USER_LOCKED");

        Assert.Equal(0, await suite.Count("installations where user_id = $1", app.User.UserId));
    }

    [Fact]
    public async Task The_eleventh_device_is_one_too_many_and_a_paired_one_is_not()
    {
        using var app = await App.Paired(suite);
        await suite.Run(
            """
            insert into installations (id, partner_id, user_id, device_id, device_name, device_key, pin_hash, created_at, used_at)
            select gen_random_uuid(), partner_id, user_id, 'device ' || n, 'x', device_key, pin_hash, created_at, used_at
            from installations, generate_series(1, 9) n where id = $1
            """,
            app.InstallationId);
        using var eleventh = new App(suite, app.User);
        var code = await app.NewCode();

        (await eleventh.Pair(code)).MustRefuse(409, "TOO_MANY_DEVICES");
        (await app.Pair(code)).Must(201);

        Assert.Equal(10, await suite.Count("installations where user_id = $1 and ended_at is null", app.User.UserId));
    }

    [Fact]
    public async Task One_phone_in_two_programmes_pairs_with_the_programme_whose_code_it_is()
    {
        var first = await suite.NewUser();
        var (partner, program) = await suite.NewPartner();
        var second = await suite.NewUser(partner, program);
        await suite.Run("update users set phone = (select phone from users where id = $1) where id = $2", first.UserId, second.UserId);
        using var one = new App(suite, first);
        using var two = new App(suite, second);
        var (codeOne, codeTwo) = (await one.NewCode(), await two.NewCode());
        var pairing = await two.Pairing(codeTwo);
        pairing["programId"] = first.ProgramId;

        if (codeOne != codeTwo)
        {
            (await two.Pair(pairing)).MustRefuse(401, "ACTIVATION_FAILED");
        }
        (await two.Pair(Neither(codeOne, codeTwo))).MustRefuse(401, "ACTIVATION_FAILED");
        Assert.Equal(1, await suite.Count("activation_codes where user_id = $1 and wrong = 2", first.UserId));
        Assert.Equal(1, await suite.Count("activation_codes where user_id = $1 and wrong = 1", second.UserId));
        (await two.Pair(codeTwo)).Must(201);

        Assert.Equal(1, await suite.Count("installations where user_id = $1 and partner_id = $2", second.UserId, partner));
        Assert.Equal(0, await suite.Count("installations where user_id = $1", first.UserId));
    }

    [Theory]
    [InlineData("phone", "")]
    [InlineData("activationCode", "12345")]
    [InlineData("deviceId", "")]
    [InlineData("deviceName", "a\u0000b")]
    [InlineData("pin", "123")]
    [InlineData("pin", "1234567890123")]
    [InlineData("pin", "12e4")]
    [InlineData("pin", "1111")]
    public async Task A_field_that_cannot_be_right_is_named(string field, string value)
    {
        using var app = new App(suite, await suite.NewUser());
        var pairing = await app.Pairing("123456");
        pairing[field] = value;

        var refused = (await app.Pair(pairing)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
        Assert.DoesNotContain("1234567890123", refused.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_of_their_kind_and_size()
    {
        using var app = new App(suite, await suite.NewUser());
        using var rsa = RSA.Create(2048);
        using var small = RSA.Create(1024);
        var pairing = await app.Pairing(await app.NewCode());
        var p256 = pairing["devicePublicKey"];

        pairing["devicePublicKey"] = RsaJwk(rsa);
        Assert.True((await app.Pair(pairing)).MustRefuse(422, "VALIDATION_FAILED")["errors"].TryGetProperty("devicePublicKey", out _));
        pairing["devicePublicKey"] = new { kty = "EC", crv = "P-256", x = StrictBase64Url.Encode(new byte[32]), y = StrictBase64Url.Encode(new byte[32]) };
        Assert.True((await app.Pair(pairing)).MustRefuse(422, "VALIDATION_FAILED")["errors"].TryGetProperty("devicePublicKey", out _));
        pairing["devicePublicKey"] = p256;
        pairing["encryptionKey"] = p256;
        Assert.True((await app.Pair(pairing)).MustRefuse(422, "VALIDATION_FAILED")["errors"].TryGetProperty("encryptionKey", out _));
        pairing["encryptionKey"] = RsaJwk(small);
        Assert.True((await app.Pair(pairing)).MustRefuse(422, "VALIDATION_FAILED")["errors"].TryGetProperty("encryptionKey", out _));
        pairing["encryptionKey"] = RsaJwk(rsa);
        var paired = (await app.Pair(pairing)).Must(201);

        Assert.Equal(1, await suite.Count("installations where id = $1 and encryption_key is not null", paired["installationId"].GetGuid()));
    }

    [Fact]
    public async Task Whoever_has_a_session_does_not_pair_with_it()
    {
        using var app = await App.Paired(suite);
        var signedIn = await app.SignedIn();

        (await signedIn.Post("/devices", await app.Pairing("123456"))).MustRefuse(403, "FORBIDDEN");
        (await signedIn.Post("/sessions", new { installationId = app.InstallationId, challenge = "x", signature = "y" })).MustRefuse(403, "FORBIDDEN");
        (await suite.As(app.User.Caller, "datacore").Post("/devices", await app.Pairing("123456"))).MustRefuse(403, "FORBIDDEN");
    }

    [Fact]
    public async Task Ten_codes_an_hour_and_no_more_whatever_comes_at_once()
    {
        var user = await suite.NewUser();
        var partner = suite.As(user.Caller, "datacore");
        for (var i = 0; i < 9; i++)
        {
            (await partner.Post($"/users/{user.UserId}/activation-codes")).Must(201);
        }

        var answers = await Races.AtOnce(
            suite.Database("datacore"),
            $"select id from users where id = '{user.UserId}' for update",
            waiters: 2,
            () => partner.Post($"/users/{user.UserId}/activation-codes"),
            () => partner.Post($"/users/{user.UserId}/activation-codes"));

        Assert.Equal([201, 429], answers.Select(answer => answer.Status).Order());
        Assert.Equal("3600", answers.Single(answer => answer.Status == 429).MustRefuse(429, "RATE_LIMITED").Header("Retry-After"));
        Assert.Equal(10, await suite.Count("activation_codes where user_id = $1", user.UserId));
        Assert.Equal(1, await suite.Count("activation_codes where user_id = $1 and ended_at is null", user.UserId));
    }

    [Fact]
    public async Task Another_partners_user_gets_no_code()
    {
        var (partner, program) = await suite.NewPartner();
        var theirs = await suite.NewUser(partner, program);

        (await suite.As(new Caller { Channel = Channel.Secure, PartnerId = TestUsers.SandboxPartner, UserId = theirs.UserId }, "datacore")
            .Post($"/users/{theirs.UserId}/activation-codes")).MustRefuse(404, "USER_NOT_FOUND");
    }

    [Fact]
    public async Task A_user_sees_and_removes_his_own_devices_alone()
    {
        using var first = await App.Paired(suite);
        using var second = await App.Paired(suite, first.User);
        using var another = await App.Paired(suite);
        var devices = await first.SignedIn();

        var listed = (await devices.Get("/devices")).Must(200);
        (await devices.Delete($"/devices/{another.InstallationId}")).MustRefuse(404, "DEVICE_NOT_FOUND");
        Assert.Equal(204, (await devices.Delete($"/devices/{second.InstallationId}")).Status);
        (await devices.Delete($"/devices/{second.InstallationId}")).MustRefuse(404, "DEVICE_NOT_FOUND");

        Assert.Equal(
            [(second.InstallationId, false), (first.InstallationId, true)],
            listed["items"].EnumerateArray().Select(item => (item.GetProperty("installationId").GetGuid(), item.GetProperty("current").GetBoolean())));
        Assert.Equal("Zoë's phone", listed["items"][0].GetProperty("deviceName").GetString());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, listed["next"].ValueKind);
        Assert.Equal(1, await suite.Count("installations where id = $1 and ended_reason = 'Removed'", second.InstallationId));
        Assert.Equal(1, await suite.Owed("SessionEnded", second.InstallationId.ToString(), "Removed"));
        Assert.Equal(0, await suite.Count("installations where id = $1 and ended_at is not null", another.InstallationId));
        (await second.Login()).MustRefuse(401, "LOGIN_FAILED");
        Assert.Single((await devices.Get("/devices")).Must(200)["items"].EnumerateArray());
    }

    private static string Wrong(string code) => code[..^1] + (code[^1] == '0' ? '1' : '0');

    private static string Neither(string one, string two) => new[] { "000000", "111111", "222222" }.First(code => code != one && code != two);

    private static object RsaJwk(RSA rsa)
    {
        var key = rsa.ExportParameters(false);
        return new { kty = "RSA", n = StrictBase64Url.Encode(key.Modulus!), e = StrictBase64Url.Encode(key.Exponent!) };
    }
}
