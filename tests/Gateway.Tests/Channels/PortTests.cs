using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Channels;

public sealed class PortTests(Suite suite) : IClassFixture<Suite>
{
    [Theory]
    [InlineData("/secure/public-key")]
    [InlineData("/secure/customers")]
    [InlineData("/secure/events")]
    [InlineData("/processor/authorizations")]
    [InlineData("/health")]
    [InlineData("/alive")]
    [InlineData("/internal/vault/references")]
    [InlineData("/users")]
    [InlineData("/")]
    [InlineData("/SECURE/public-key")]
    [InlineData("/customers/../secure/public-key")]
    [InlineData("/customers/%2e%2e/secure/public-key")]
    [InlineData("/customers%2fpublic-key")]
    public async Task The_public_port_has_nothing_of_the_partners_port(string path)
    {
        (await suite.OverPublicPort().Get(path)).MustRefuse(404, "NOT_FOUND");
    }

    [Theory]
    [InlineData("/customers/public-key")]
    [InlineData("/customers")]
    [InlineData("/admin/public-key")]
    [InlineData("/health")]
    [InlineData("/alive")]
    [InlineData("/internal/vault/references")]
    [InlineData("/users")]
    [InlineData("/")]
    [InlineData("/secured")]
    [InlineData("/Secure/public-key")]
    public async Task The_partners_port_has_nothing_of_the_public_port(string path)
    {
        (await suite.Partner.Get(path)).MustRefuse(404, "NOT_FOUND");
        (await suite.Anybody.Get(path)).MustRefuse(404, "NOT_FOUND");
    }

    [Fact]
    public async Task Each_channel_tells_the_same_key_on_its_own_port()
    {
        var secure = (await suite.Partner.Get("/secure/public-key")).Must(200);
        var customers = (await suite.OverPublicPort().Get("/customers/public-key")).Must(200);
        var admin = (await suite.OverPublicPort().Get("/admin/public-key")).Must(200);

        Assert.Equal((secure.Text, secure.Text), (customers.Text, admin.Text));
        Assert.Equal(("RSA-OAEP-256", "A256GCM"), (secure["alg"].GetString(), secure["enc"].GetString()));
        Assert.Equal(["alg", "enc", "jwk", "kid", "publicKey"], secure.Json.EnumerateObject().Select(member => member.Name).Order());
        Assert.False(secure["jwk"].TryGetProperty("d", out _));
    }

    [Theory]
    [InlineData("/secure/public-key")]
    [InlineData("/secure/customers")]
    [InlineData("/customers/public-key")]
    [InlineData("/admin/public-key")]
    [InlineData("/processor/authorizations")]
    [InlineData("/")]
    public async Task The_plain_port_has_health_and_liveness_and_nothing_else(string path)
    {
        var plain = suite.HealthOf("gateway");

        (await plain.Get("/alive")).Must(200);
        (await plain.Get("/health")).Must(200);
        (await plain.Get(path)).MustRefuse(404, "NOT_FOUND");
        Assert.InRange((await plain.Post(path, new { })).Status, 404, 405);
    }

    [Theory]
    [InlineData("/secure/nothing")]
    [InlineData("/secure")]
    [InlineData("/secure/customers/0190a000-0000-7000-8000-000000000009/nothing")]
    [InlineData("/secure/customers/no-guid")]
    [InlineData("/secure/customers/no-guid/balances")]
    [InlineData("/secure/customers/0190a000-0000-7000-8000-000000000009/cards/no-guid/summary")]
    [InlineData("/secure/customers/0190a000-0000-7000-8000-000000000009/cards/0190a000-0000-7000-8000-000000000009/summary/x")]
    public async Task An_address_that_is_not_published_is_a_404_problem(string path)
    {
        (await suite.Partner.Get(path)).MustRefuse(404, "NOT_FOUND");
        (await suite.Anybody.Get(path)).MustRefuse(401, "CLIENT_CERTIFICATE_REQUIRED");
    }

    [Theory]
    [InlineData("DELETE", "/secure/customers")]
    [InlineData("PUT", "/secure/customers/0190a000-0000-7000-8000-000000000009")]
    [InlineData("GET", "/secure/customers/0190a000-0000-7000-8000-000000000009/kyc")]
    [InlineData("POST", "/secure/public-key")]
    [InlineData("POST", "/secure/events")]
    [InlineData("TRACE", "/secure/customers")]
    public async Task A_published_address_with_another_method_is_a_405_problem(string method, string path)
    {
        (await suite.Partner.Send(new HttpMethod(method), path, content: null)).MustRefuse(405, "METHOD_NOT_ALLOWED");
    }

    [Fact]
    public async Task Every_answer_carries_its_trace_and_what_browsers_and_caches_must_know()
    {
        var user = await suite.NewUser();
        foreach (var (status, answer) in new[]
        {
            (200, await suite.Partner.Get($"/secure/customers/{user.UserId}")),
            (200, await suite.Partner.Get("/secure/public-key")),
            (200, await suite.OverPublicPort().Get("/customers/public-key")),
            (401, await suite.Anybody.Get("/secure/customers")),
            (403, await suite.Processor.Get("/secure/public-key")),
            (404, await suite.Partner.Get("/secure/nothing")),
            (404, await suite.OverPublicPort().Get("/nothing")),
            (404, await suite.Partner.Get($"/secure/customers/{Guid.CreateVersion7()}")),
            (405, await suite.Partner.Delete("/secure/customers")),
            (422, await suite.Partner.Post("/secure/customers", new { })),
        })
        {
            Assert.Equal(status, answer.Status);
            Assert.Matches("^[0-9a-f]{32}$", answer.Header("Trace-Id"));
            Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
            Assert.Equal("no-store", answer.Header("Cache-Control"));
            Assert.Equal("DENY", answer.Header("X-Frame-Options"));
            Assert.Contains("max-age=31536000", answer.Header("Strict-Transport-Security"), StringComparison.Ordinal);
            Assert.Null(answer.Header("Server"));
            Assert.Null(answer.Header("X-Powered-By"));
            if (status >= 400)
            {
                Assert.Equal("application/problem+json", answer.MediaType);
                Assert.Equal(answer.Header("Trace-Id"), answer["traceId"].GetString());
                Assert.Equal(status, answer["status"].GetInt32());
            }
        }
    }
}
