using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using Antaca.Gateway.Tests.Authorisation;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>A partner's networks hold from the request after the change on. The clock stands still: no memory passes by itself.</summary>
public sealed class PartnerNetworkTests(SuiteWithEveryCaller suite) : IClassFixture<SuiteWithEveryCaller>
{
    private const string Own = "/secure/programs";

    [Fact]
    public async Task From_outside_its_networks_a_partner_is_refused_from_the_next_request_on()
    {
        var (partner, certificate) = await NewPartner();
        using var shown = certificate;
        using var second = suite.PartnerPortFrom("127.0.0.2", certificate);
        using var third = suite.PartnerPortFrom("127.0.0.3", certificate);
        (await second.Get(Own)).Must(200);
        (await third.Get(Own)).Must(200);

        await Change(partner, "127.0.0.2/32");
        (await third.Get(Own)).MustRefuse(403, "ADDRESS_NOT_ALLOWED");
        (await second.Get(Own)).Must(200);
        await Change(partner, "198.51.100.0/24", "127.0.0.2/31");
        (await third.Get(Own)).Must(200);
        await Change(partner, "198.51.100.0/24", "127.0.0.4/30");
        (await second.Get(Own)).MustRefuse(403, "ADDRESS_NOT_ALLOWED");
        (await third.Get(Own)).MustRefuse(403, "ADDRESS_NOT_ALLOWED");
        // IPv4 is in no IPv6 network, not even in all of it.
        await Change(partner, "::/0");
        (await second.Get(Own)).MustRefuse(403, "ADDRESS_NOT_ALLOWED");
        (await suite.AnotherPartner.Get(Own)).Must(200);
        await Change(partner);
        (await second.Get(Own)).Must(200);
        (await third.Get(Own)).Must(200);
    }

    [Fact]
    public async Task Whoever_is_refused_for_its_address_has_done_nothing_whatever_it_says_of_itself()
    {
        var (partner, certificate) = await NewPartner();
        using var shown = certificate;
        using var outside = suite.PartnerPortFrom("127.0.0.3", certificate);
        var program = (await outside.Get(Own)).Must(200)["items"][0].GetProperty("id").GetGuid();
        await Change(partner, "127.0.0.2/32");

        var refused = await outside.Send(
            HttpMethod.Post, "/secure/customers", JsonContent.Create(TestUsers.Registration(program)), key: null, ("X-Forwarded-For", "127.0.0.2"), ("Forwarded", "for=127.0.0.2"), ("X-Real-IP", "127.0.0.2"));

        refused.MustRefuse(403, "ADDRESS_NOT_ALLOWED");
        Assert.Equal(("application/problem+json", refused.Header("Trace-Id")), (refused.MediaType, refused["traceId"].GetString()));
        Assert.Null(refused.Header("Retry-After"));
        // A network that cannot be right changes nothing either.
        (await Patch(partner, "127.0.0.3/8")).MustRefuse(422, "VALIDATION_FAILED");
        (await outside.Get(Own)).MustRefuse(403, "ADDRESS_NOT_ALLOWED");
        using var inside = suite.PartnerPortFrom("127.0.0.2", certificate);
        Assert.Equal(0, (await inside.Get("/secure/customers")).Must(200)["items"].GetArrayLength());
    }

    private async Task<(Guid Id, X509Certificate2 Certificate)> NewPartner()
    {
        var (partner, _) = await suite.NewPartner();
        var certificate = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority);
        await suite.Register(certificate, partner);
        return (partner, certificate);
    }

    private async Task Change(Guid partner, params string[] networks) => (await Patch(partner, networks)).Must(200);

    private async Task<Answer> Patch(Guid partner, params string[] networks) => await suite.Public.Send(
        HttpMethod.Patch, $"/admin/partners/{partner}", JsonContent.Create(new { networks }), key: null, SuiteCalls.Bearer((await suite.Operator(Role.Admin)).Token));
}
