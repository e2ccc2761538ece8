using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Sessions;

/// <summary>Codes and PINs are judged as often as they may be and no oftener, however many guess at once.</summary>
public sealed class GuessingTests(Suite suite) : IClassFixture<Suite>
{
    private const string Pin = "2580";

    private static readonly Caller _anybody = new() { Channel = Channel.Customers };

    [Fact]
    public async Task Fifty_guesses_of_one_code_at_once_are_five_tries()
    {
        var (user, phone) = await NewUser();
        var code = await NewCode(user);
        var wrong = code == "000000" ? "000001" : "000000";

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(guess => Pair(phone, wrong, $"device-{guess}")));

        // Who waited too long for a turn was not judged at all.
        Assert.All(answers, answer => Assert.True(answer.Code is "ACTIVATION_FAILED" or "RATE_LIMITED", answer.Text));
        Assert.Equal(5, await One<int>("select wrong from activation_codes where user_id = $1", user.UserId));
        (await Pair(phone, code, "mine")).MustRefuse(401, "ACTIVATION_FAILED");
        Assert.Equal(0L, await One<long>("select count(*) from installations where user_id = $1", user.UserId));
    }

    [Fact]
    public async Task Two_pairings_at_once_leave_one_installation()
    {
        var (user, phone) = await NewUser();
        var code = await NewCode(user);

        var answers = await Task.WhenAll(Pair(phone, code, "one"), Pair(phone, code, "one"));

        Assert.Single(answers, answer => answer.Status == 201);
        Assert.Single(answers, answer => answer.Code == "ACTIVATION_FAILED");
        Assert.Equal(1L, await One<long>("select count(*) from installations where user_id = $1 and ended_at is null", user.UserId));
    }

    [Fact]
    public async Task Pairing_the_same_device_again_ends_the_first_and_its_sessions()
    {
        var (user, phone) = await NewUser();
        var first = (await Pair(phone, await NewCode(user), "same")).Must(201);
        var second = (await Pair(phone, await NewCode(user), "same")).Must(201);

        Assert.Equal(second["installationId"].GetGuid(), await One<Guid>("select id from installations where user_id = $1 and ended_at is null", user.UserId));
        Assert.Equal("Paired", await One<string>("select ended_reason from sessions where installation_id = $1", first["installationId"].GetGuid()));
    }

    [Fact]
    public async Task Two_hundred_logins_with_wrong_pins_at_once_are_five_tries_and_end_the_installation()
    {
        var (user, phone) = await NewUser();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var installation = (await Pair(phone, await NewCode(user), "phone", key)).Must(201)["installationId"].GetGuid();
        var challenges = new List<string>();
        for (var i = 0; i < 200; i++)
        {
            challenges.Add(await Challenge(installation));
        }

        var answers = await Task.WhenAll(challenges.Select(challenge => Login(installation, challenge, key, "1111")));

        Assert.Equal(4, answers.Count(answer => answer.Code == "WRONG_PIN"));
        Assert.Equal(1, answers.Count(answer => answer.Code == "INSTALLATION_ENDED"));
        Assert.All(answers, answer => Assert.True(answer.Code is "WRONG_PIN" or "INSTALLATION_ENDED" or "LOGIN_FAILED" or "RATE_LIMITED", answer.Text));
        Assert.Equal("PinTries", await One<string>("select ended_reason from installations where id = $1", installation));
        (await Login(installation, await Challenge(installation), key, Pin)).MustRefuse(401, "LOGIN_FAILED");
    }

    [Fact]
    public async Task Two_hundred_right_logins_at_once_all_begin_a_session()
    {
        var (user, phone) = await NewUser();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var installation = (await Pair(phone, await NewCode(user), "phone", key)).Must(201)["installationId"].GetGuid();
        var challenges = new List<string>();
        for (var i = 0; i < 200; i++)
        {
            challenges.Add(await Challenge(installation));
        }

        var answers = await Task.WhenAll(challenges.Select(challenge => Login(installation, challenge, key, pin: null)));

        Assert.All(answers, answer => answer.Must(201));
    }

    [Fact]
    public async Task A_challenge_works_once_right_or_wrong_even_at_once()
    {
        var (user, phone) = await NewUser();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var installation = (await Pair(phone, await NewCode(user), "phone", key)).Must(201)["installationId"].GetGuid();

        var challenge = await Challenge(installation);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Login(installation, challenge, key, pin: null)));
        Assert.Single(answers, answer => answer.Status == 201);

        var spoilt = await Challenge(installation);
        (await Login(installation, spoilt, another, pin: null)).MustRefuse(401, "LOGIN_FAILED");
        (await Login(installation, spoilt, key, pin: null)).MustRefuse(401, "LOGIN_FAILED");
        (await Login(Guid.CreateVersion7(), await Challenge(Guid.CreateVersion7()), key, pin: null)).MustRefuse(401, "LOGIN_FAILED");
    }

    [Fact]
    public async Task A_right_pin_makes_the_tries_whole_again()
    {
        var (user, phone) = await NewUser();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var installation = (await Pair(phone, await NewCode(user), "phone", key)).Must(201)["installationId"].GetGuid();

        Assert.Equal(4, (await Login(installation, await Challenge(installation), key, "1111")).MustRefuse(401, "WRONG_PIN")["triesLeft"].GetInt32());
        (await Login(installation, await Challenge(installation), key, Pin)).Must(201);
        Assert.Equal(4, (await Login(installation, await Challenge(installation), key, "1111")).MustRefuse(401, "WRONG_PIN")["triesLeft"].GetInt32());
    }

    [Fact]
    public async Task A_locked_user_neither_pairs_nor_logs_in()
    {
        var (user, phone) = await NewUser();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var installation = (await Pair(phone, await NewCode(user), "phone", key)).Must(201)["installationId"].GetGuid();
        var code = await NewCode(user);
        (await suite.As(user.Caller, "datacore").Post($"/users/{user.UserId}/lock", new { })).Must(200);

        (await Pair(phone, code, "another")).MustRefuse(403, "USER_LOCKED");
        (await Login(installation, await Challenge(installation), key, Pin)).MustRefuse(403, "USER_LOCKED");
        Assert.Equal(0L, await One<long>("select count(*) from sessions where user_id = $1 and ended_at is null", user.UserId));
    }

    private async Task<(TestUser User, string Phone)> NewUser()
    {
        var user = await suite.NewUser();
        return (user, await One<string>("select phone from users where id = $1", user.UserId));
    }

    private async Task<string> NewCode(TestUser user) =>
        (await suite.As(user.Caller, "datacore").Post($"/users/{user.UserId}/activation-codes")).Must(201)["activationCode"].GetString()!;

    private async Task<string> Challenge(Guid installation) =>
        (await suite.As(_anybody, "datacore").Post("/sessions/challenge", new { installationId = installation })).Must(200)["challenge"].GetString()!;

    private async Task<Answer> Pair(string phone, string code, string device, ECDsa? key = null)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return await suite.As(_anybody, "datacore").Post(
            "/devices",
            new { phone, activationCode = code, deviceId = device, deviceName = "Phone", devicePublicKey = Jwk.Of(key ?? own), pin = Pin, programId = TestUsers.SandboxProgram });
    }

    private Task<Answer> Login(Guid installation, string challenge, ECDsa key, string? pin)
    {
        var signature = Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(challenge), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        return suite.As(_anybody, "datacore").Post("/sessions", new { installationId = installation, challenge, signature, pin });
    }

    private async Task<T> One<T>(string sql, Guid id)
    {
        await using var read = suite.Database("datacore").CreateCommand(sql);
        read.Parameters.Add(new NpgsqlParameter { Value = id });
        return (T)(await read.ExecuteScalarAsync())!;
    }
}
