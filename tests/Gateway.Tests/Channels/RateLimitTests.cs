using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Antaca.Gateway.Tests.Authorisation;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>A gateway that serves everybody little.</summary>
public sealed class SuiteWithLowLimits : Suite
{
    public const int Burst = 5;

    public SuiteWithLowLimits() => Settings["gateway"] =
    [
        .. new[] { "User", "Operator", "Partner", "Processor", "Anonymous", "Guesses" }.SelectMany(who => new[] { $"--Limits:{who}PerSecond=1", $"--Limits:{who}Burst={Burst}" }),
    ];

    public static string NewToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>An app, paired past the gateway, with its session.</summary>
    public async Task<(string, string)> NewApp()
    {
        var registration = TestUsers.Registration();
        var partner = new Caller { Channel = Channel.Secure, PartnerId = TestUsers.SandboxPartner };
        var user = (await As(partner, "datacore").Post("/users", registration)).Must(201).Id;
        var code = (await As(partner with { UserId = user }, "datacore").Post($"/users/{user}/activation-codes")).Must(201)["activationCode"].GetString();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var paired = await As(new Caller { Channel = Channel.Customers }, "datacore").Post(
            "/devices",
            new { phone = registration["phone"], activationCode = code, deviceId = user.ToString(), deviceName = "Telephone", devicePublicKey = Jwk.Of(key), pin = "2580" });
        return SuiteCalls.Bearer(paired.Must(201)["token"].GetString()!);
    }

    /// <summary>An operator, as login would leave him.</summary>
    public async Task<(string, string)> NewOperator()
    {
        var token = NewToken();
        await Insert(
            """
            with operator as (
                insert into operators (id, email, name, role, status, password_hash, totp_secret, created_at)
                values ($1, $1::text || '@example.com', 'Somebody', 'Admin', 'Active', 'none', '\x00', $3)
                returning id
            )
            insert into operator_sessions (id, token_hash, operator_id, created_at, expires_at, used_at)
            select $1, $2, id, $3, $3::timestamptz + interval '1 hour', $3 from operator
            """,
            Guid.CreateVersion7(),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(token))),
            Clock.GetUtcNow());
        return SuiteCalls.Bearer(token);
    }

    public async Task<Api> NewPartnerOverItsPort()
    {
        var certificate = PartnerCertificates.Issue(Certificates.PartnerAuthority);
        await this.Register(certificate, (await this.NewPartner()).PartnerId);
        return OverPartnerPort(certificate);
    }

    public async Task<Api> NewProcessor(string name)
    {
        var certificate = PartnerCertificates.Issue(Certificates.PartnerAuthority);
        await Insert(
            "insert into certificates (thumbprint, serial, kind, processor, not_after, created_at) values ($1, $2, 'Processor', $3, now() + interval '1 day', now())",
            certificate.GetCertHashString(HashAlgorithmName.SHA256),
            certificate.SerialNumber,
            name);
        return OverPartnerPort(certificate);
    }

    private async Task Insert(string sql, params object[] values)
    {
        await using var insert = Database("datacore").CreateCommand(sql);
        foreach (var value in values)
        {
            insert.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        await insert.ExecuteNonQueryAsync();
    }
}

/// <summary>Whoever calls too much waits, and nobody else waits for it.</summary>
public sealed class RateLimitTests(SuiteWithLowLimits suite) : IClassFixture<SuiteWithLowLimits>
{
    /// <summary>Longer than any of the limits asked for, shorter than a client's patience.</summary>
    private const int MostSecondsToWait = 60;

    [Fact]
    public async Task An_app_past_its_limit_waits_and_another_does_not()
    {
        using var first = suite.PublicPortFrom("127.0.1.1");
        var (mine, theirs) = (await suite.NewApp(), await suite.NewApp());

        await Limits(() => Me(mine), () => Me(theirs));

        Task<Answer> Me((string, string) bearer) => first.Send(HttpMethod.Get, "/customers/me", content: null, key: null, bearer);
    }

    [Fact]
    public async Task An_operator_past_his_limit_waits_and_another_does_not()
    {
        using var first = suite.PublicPortFrom("127.0.1.2");
        var (mine, theirs) = (await suite.NewOperator(), await suite.NewOperator());

        await Limits(() => Partners(mine), () => Partners(theirs));

        Task<Answer> Partners((string, string) bearer) => first.Send(HttpMethod.Get, "/admin/partners", content: null, key: null, bearer);
    }

    [Fact]
    public async Task A_partner_past_its_limit_waits_and_another_does_not()
    {
        var (mine, theirs) = (await suite.NewPartnerOverItsPort(), await suite.NewPartnerOverItsPort());

        await Limits(() => mine.Get("/secure/programs"), () => theirs.Get("/secure/programs"));
    }

    [Fact]
    public async Task A_processor_past_its_limit_waits_and_another_does_not()
    {
        var (mine, theirs) = (await suite.NewProcessor("first"), await suite.NewProcessor("second"));

        await Limits(() => mine.Post("/processor/authorizations", new { }), () => theirs.Post("/processor/authorizations", new { }), served: 422);
    }

    [Fact]
    public async Task Whoever_shows_nothing_is_counted_by_address_and_stops_no_one_who_is_known()
    {
        using var flood = suite.PublicPortFrom("127.0.1.3");
        using var elsewhere = suite.PublicPortFrom("127.0.1.4");
        var app = await suite.NewApp();

        await Limits(() => flood.Get("/customers/public-key"), () => elsewhere.Get("/customers/public-key"));

        (await Refusals.Until(429, () => flood.Get("/customers/public-key"))).Must(429);
        (await flood.Send(HttpMethod.Get, "/customers/me", content: null, key: null, app)).Must(200);
    }

    [Fact]
    public async Task Guessed_tokens_are_counted_by_address_and_stop_no_one_at_another()
    {
        using var guesser = suite.PublicPortFrom("127.0.1.5");
        using var elsewhere = suite.PublicPortFrom("127.0.1.6");
        var app = await suite.NewApp();

        await Limits(
            () => guesser.Send(HttpMethod.Get, "/customers/me", content: null, key: null, SuiteCalls.Bearer(SuiteWithLowLimits.NewToken())),
            () => elsewhere.Send(HttpMethod.Get, "/customers/me", content: null, key: null, app),
            served: 401,
            another: 200);
    }

    [Fact]
    public async Task Guessed_certificates_are_counted_by_address_and_stop_no_partner_even_there()
    {
        using var unknown = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority);
        using var known = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority);
        await suite.Register(known, (await suite.NewPartner()).PartnerId);
        using var guesser = suite.PartnerPortFrom("127.0.1.7", unknown);
        using var partner = suite.PartnerPortFrom("127.0.1.7", known);

        await Limits(() => guesser.Get("/secure/programs"), () => partner.Get("/secure/programs"), served: 401, another: 200);
    }

    [Fact]
    public async Task A_login_name_that_is_tried_too_often_waits_from_every_address_and_another_name_does_not()
    {
        var address = 0;

        await Limits(() => LogIn("somebody@bank.example"), () => LogIn("another@bank.example"), served: 401, atLeast: 10, passes: false);

        // Each try from an address of its own: only the name is the same.
        async Task<Answer> LogIn(string email)
        {
            using var stranger = suite.PublicPortFrom($"127.0.2.{++address}");
            return await stranger.Post("/admin/sessions", new { email, password = "plover-kettle-93-quay" });
        }
    }

    /// <summary>The first is served as often as it may be, and then refused while the other is served; later it is served again.</summary>
    private static async Task Limits(Func<Task<Answer>> first, Func<Task<Answer>> other, int served = 200, int? another = null, int atLeast = SuiteWithLowLimits.Burst, bool passes = true)
    {
        for (var round = 0; round < atLeast; round++)
        {
            (await first()).Must(served);
        }
        var refused = (await Refusals.Until(429, first)).MustRefuse(429, "RATE_LIMITED");
        (await other()).Must(another ?? served);

        Assert.Equal(("application/problem+json", "urn:antaca:problem:rate-limited", 429), (refused.MediaType, refused["type"].GetString(), refused["status"].GetInt32()));
        Assert.Equal(refused.Header("Trace-Id"), refused["traceId"].GetString());
        Assert.NotEmpty(refused["title"].GetString()!);
        Assert.InRange(int.Parse(refused.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, MostSecondsToWait);
        if (passes)
        {
            await Eventually.Holds(async () => (await first()).Status == served, "the limit to pass");
        }
    }
}

internal static class Refusals
{
    private const int MostTries = 300;

    /// <summary>The first answer of this status. Buckets fill again while they are emptied: how many calls it takes, nobody knows.</summary>
    public static async Task<Answer> Until(int status, Func<Task<Answer>> call)
    {
        var answer = await call();
        for (var tries = 1; answer.Status != status && tries < MostTries; tries++)
        {
            answer = await call();
        }
        return answer.Must(status);
    }
}
