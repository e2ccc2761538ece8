using System.Security.Cryptography;
using System.Text;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;

namespace Antaca.DataCore.Tests.Sessions;

/// <summary>An app on a device: a key of its own and what it sends.</summary>
public sealed class App(Suite suite, TestUser user) : IDisposable
{
    public const string Pin = "2580";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Api _anybody = suite.As(new Caller { Channel = Channel.Customers }, "datacore");

    public TestUser User => user;

    public string DeviceId { get; init; } = Guid.CreateVersion7().ToString();

    public Guid InstallationId { get; private set; }

    /// <summary>A user of the sandbox with a paired app.</summary>
    public static async Task<App> Paired(Suite suite, TestUser? user = null)
    {
        var app = new App(suite, user ?? await suite.NewUser());
        (await app.Pair(await app.NewCode())).Must(201);
        return app;
    }

    public async Task<string> NewCode() =>
        (await suite.As(user.Caller, "datacore").Post($"/users/{user.UserId}/activation-codes")).Must(201)["activationCode"].GetString()!;

    public async Task<Dictionary<string, object?>> Pairing(string code) => new()
    {
        ["phone"] = await suite.Value<string>("select phone from users where id = $1", user.UserId),
        ["activationCode"] = code,
        ["deviceId"] = DeviceId,
        ["deviceName"] = "Zoë's phone",
        ["devicePublicKey"] = Jwk.Of(_key),
        ["pin"] = Pin,
    };

    public async Task<Answer> Pair(string code)
    {
        var answer = await Pair(await Pairing(code));
        if (answer.Status == 201)
        {
            InstallationId = answer["installationId"].GetGuid();
        }
        return answer;
    }

    public Task<Answer> Pair(Dictionary<string, object?> pairing) => _anybody.Post("/devices", pairing);

    public async Task<string> Challenge(Guid? installationId = null) =>
        (await _anybody.Post("/sessions/challenge", new { installationId = installationId ?? InstallationId })).Must(200)["challenge"].GetString()!;

    public string Sign(string challenge) =>
        StrictBase64Url.Encode(_key.SignData(Encoding.ASCII.GetBytes(challenge), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

    public async Task<Answer> Login(string? pin = null) => await Login(await Challenge(), pin);

    public Task<Answer> Login(string challenge, string? pin, string? signature = null, Guid? installationId = null) =>
        _anybody.Post("/sessions", new { installationId = installationId ?? InstallationId, challenge, signature = signature ?? Sign(challenge), pin });

    /// <summary>The caller that the gateway would make of a token of this app.</summary>
    public async Task<Caller> CallerOf(Answer session) => new()
    {
        Channel = Channel.Customers,
        PartnerId = user.PartnerId,
        UserId = user.UserId,
        InstallationId = InstallationId,
        SessionId = await suite.Value<Guid>("select id from sessions where token_hash = $1", TokenHash(session["token"].GetString()!)),
    };

    /// <summary>DataCore as this app calls it, freshly signed in.</summary>
    public async Task<Api> SignedIn() => suite.As(await CallerOf((await Login()).Must(201)), "datacore");

    public static string TokenHash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    public void Dispose()
    {
        _key.Dispose();
        _anybody.Dispose();
    }
}

/// <summary>What the tests ask DataCore's database.</summary>
public static class Asking
{
    public static async Task<T> Value<T>(this Suite suite, string sql, params object[] parameters)
    {
        await using var command = suite.Database("datacore").CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public static Task<long> Count(this Suite suite, string sql, params object[] parameters) => suite.Value<long>("select count(*) from " + sql, parameters);

    public static async Task Run(this Suite suite, string sql, params object[] parameters)
    {
        await using var command = suite.Database("datacore").CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>How many events of a type are owed that hold the text.</summary>
    public static Task<long> Owed(this Suite suite, string type, params string[] texts) =>
        suite.Count("outbox where type = $1 and (select bool_and(strpos(body::text, text) > 0) from unnest($2) as text)", type, texts);
}

/// <summary>DataCore alone, with its relay held: what it owes stays to be seen.</summary>
public sealed class DataCoreAlone : Suite
{
    private const long RelayLock = 0x4F7574626F78;

    private NpgsqlConnection? _held;

    public DataCoreAlone() => Without.UnionWith(["kycservice", "balanceservice", "cardservice", "notifications", "gateway"]);

    protected override async Task Given()
    {
        _held = await Database("datacore").OpenConnectionAsync();
        await using var hold = new NpgsqlCommand($"select pg_advisory_lock({RelayLock})", _held);
        await hold.ExecuteNonQueryAsync();
    }
}
