using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>A gateway whose pages are named, with so little for the unknown that a test reaches its end.</summary>
public sealed class SuiteWithPages : Suite
{
    private static readonly string[] _named =
        ["--Cors:Origins:0=https://panel.example.com", "--Cors:Origins:1=https://app.example.com:8443", "--Limits:AnonymousPerSecond=1", "--Limits:AnonymousBurst=20"];

    public SuiteWithPages() => Settings["gateway"] = _named;

    /// <summary>The same gateway with these settings, for as long as the deed takes.</summary>
    public async Task With(string[] settings, Func<Func<Task>, Task> deed)
    {
        await Stop("gateway");
        Settings["gateway"] = settings;
        try
        {
            await deed(() => Start("gateway"));
        }
        finally
        {
            await Stop("gateway");
            Settings["gateway"] = _named;
            await Start("gateway");
        }
    }
}

/// <summary>Pages of a named origin may call, and no other may read what is answered.</summary>
public sealed class CorsTests(SuiteWithPages suite) : IClassFixture<SuiteWithPages>
{
    private const string Panel = "https://panel.example.com";
    private const string Allowed = "Access-Control-Allow-Origin";

    [Theory]
    [InlineData(Panel, "/customers/me", "PATCH")]
    [InlineData(Panel, "/admin/partners", "POST")]
    [InlineData("https://app.example.com:8443", "/customers", "POST")]
    [InlineData("https://app.example.com:8443", "/customers/me/cards/0190a000-0000-7000-8000-000000000009", "DELETE")]
    public async Task A_named_origin_may_send_what_a_page_needs_and_never_with_cookies(string origin, string path, string method)
    {
        var answer = await Preflight(suite.OverPublicPort(), path, origin, method, "authorization,content-type,idempotency-key,public-key,encrypted-request,approval");

        Assert.Equal((204, origin), (answer.Must(204).Status, answer.Header(Allowed)));
        Assert.Null(answer.Header("Access-Control-Allow-Credentials"));
        Assert.Equal("600", answer.Header("Access-Control-Max-Age"));
        Assert.Contains(method, Words(answer, "Access-Control-Allow-Methods"));
        Assert.Superset(
            new HashSet<string> { "AUTHORIZATION", "CONTENT-TYPE", "IDEMPOTENCY-KEY", "PUBLIC-KEY", "ENCRYPTED-REQUEST", "APPROVAL" }, Words(answer, "Access-Control-Allow-Headers"));
        // Two origins are named: no cache may give one the other's answer.
        Assert.Contains("ORIGIN", Words(answer, "Vary"));
    }

    [Fact]
    public async Task What_no_page_needs_is_not_allowed_to_a_named_one()
    {
        var answer = await Preflight(suite.OverPublicPort(), "/customers/me", Panel, "TRACE", "caller-token,cookie,x-forwarded-for");

        Assert.DoesNotContain("TRACE", Words(answer, "Access-Control-Allow-Methods"));
        foreach (var header in new[] { "*", "CALLER-TOKEN", "COOKIE", "X-FORWARDED-FOR" })
        {
            Assert.DoesNotContain(header, Words(answer, "Access-Control-Allow-Headers"));
        }
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("https://panel.example.com.evil.example")]
    [InlineData("https://evilpanel.example.com")]
    [InlineData("https://x.panel.example.com")]
    [InlineData("http://panel.example.com")]
    [InlineData("https://panel.example.com:8443")]
    [InlineData("https://app.example.com")]
    [InlineData("https://panel.example.com/")]
    [InlineData("null")]
    [InlineData("*")]
    public async Task Any_other_origin_is_allowed_nothing(string origin)
    {
        var pages = suite.OverPublicPort();

        foreach (var path in new[] { "/customers/me", "/admin/partners" })
        {
            AllowsNothing(await Preflight(pages, path, origin, "POST", "authorization"));
            var called = await pages.Send(HttpMethod.Get, path, content: null, key: null, ("Origin", origin));
            AllowsNothing(called.MustRefuse(401, "UNAUTHENTICATED"));
        }
    }

    [Fact]
    public async Task A_named_page_reads_refusals_as_well_and_preflights_are_not_counted()
    {
        using var pages = suite.PublicPortFrom("127.0.0.2");
        for (var round = 0; round < 60; round++)
        {
            Assert.Equal(Panel, (await Preflight(pages, "/customers/public-key", Panel, "GET", "accept")).Must(204).Header(Allowed));
        }

        var served = await Call("/customers/public-key");
        served.Must(200);
        // The limit is a bucket that fills again: however slow the machine, it is emptied in the end.
        var refused = await Refusals.Until(429, () => Call("/customers/public-key"));

        foreach (var answer in new[] { served, refused.MustRefuse(429, "RATE_LIMITED"), (await Call("/customers/me")).MustRefuse(401, "UNAUTHENTICATED") })
        {
            Assert.Equal(Panel, answer.Header(Allowed));
            Assert.Null(answer.Header("Access-Control-Allow-Credentials"));
            Assert.Superset(new HashSet<string> { "TRACE-ID", "RETRY-AFTER", "IDEMPOTENT-REPLAYED", "LOCATION", "NEXT-CURSOR", "OPENING-BALANCE", "CLOSING-BALANCE" }, Words(answer, "Access-Control-Expose-Headers"));
            Assert.Contains("ORIGIN", Words(answer, "Vary"));
        }

        Task<Answer> Call(string path) => pages.Send(HttpMethod.Get, path, content: null, key: null, ("Origin", Panel));
    }

    [Fact]
    public async Task Nothing_is_allowed_on_the_port_of_certificates_nor_for_the_documents()
    {
        foreach (var (api, path) in new[]
        {
            (suite.Partner, "/secure/programs"), (suite.Anybody, "/secure/programs"), (suite.Processor, "/processor/authorizations"),
            (suite.OverPublicPort(), "/api/documentation"), (suite.OverPublicPort(), "/secure/programs"),
        })
        {
            AllowsNothing(await Preflight(api, path, Panel, "GET", "authorization"));
        }
        AllowsNothing((await suite.Partner.Send(HttpMethod.Get, "/secure/programs", content: null, key: null, ("Origin", Panel))).Must(200));
    }

    [Fact]
    public async Task With_no_origin_named_none_is_allowed()
    {
        await suite.With([], async start =>
        {
            await start();
            var pages = suite.OverPublicPort();
            AllowsNothing(await Preflight(pages, "/customers/me", Panel, "GET", "authorization"));
            AllowsNothing(await pages.Send(HttpMethod.Get, "/customers/public-key", content: null, key: null, ("Origin", Panel)));
        });
    }

    [Theory]
    [InlineData("*")]
    [InlineData("https://*")]
    [InlineData("https://*.example.com")]
    [InlineData("https://panel.example.com/")]
    [InlineData("https://panel.example.com/pages")]
    [InlineData("https://PANEL.example.com")]
    [InlineData("https://panel.example.com:443")]
    [InlineData("panel.example.com")]
    [InlineData("null")]
    [InlineData("file:///pages")]
    [InlineData("")]
    public async Task A_gateway_does_not_start_with_what_is_no_origin(string origin)
    {
        await suite.With(["--Cors:Origins:0=https://panel.example.com", $"--Cors:Origins:1={origin}"], async start =>
        {
            var refused = await Assert.ThrowsAsync<SettingsException>(start);
            Assert.Contains("Cors:Origins", Assert.Single(refused.Faults), StringComparison.Ordinal);
        });
    }

    private static Task<Answer> Preflight(Api api, string path, string origin, string method, string headers) => api.Send(
        HttpMethod.Options, path, content: null, key: null, ("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", headers));

    private static void AllowsNothing(Answer answer) =>
        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Access-Control-Allow", StringComparison.OrdinalIgnoreCase));

    /// <summary>A header's list in capitals.</summary>
    private static HashSet<string> Words(Answer answer, string header) =>
        [.. (answer.Header(header) ?? "").ToUpperInvariant().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
}
