using System.Text;
using System.Text.RegularExpressions;
using Antaca.Gateway.Routes;
using Antaca.Gateway.Tests.Encryption;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Routes;

/// <summary>What holds for every published route, whoever adds the next one.</summary>
public sealed partial class RouteTableTests(Suite suite) : IClassFixture<Suite>
{
    public static TheoryData<string> WithCertificate => [.. RouteTable.Routes.Where(route => route.Channel is Channel.Secure or Channel.Processor).Select(route => route.Id)];

    public static TheoryData<string> Sensitive =>
        [.. RouteTable.Routes.Where(route => route is { Channel: Channel.Secure, Encryption: Gateway.Routes.Encryption.Required }).Select(route => route.Id)];

    [Theory]
    [MemberData(nameof(WithCertificate))]
    public async Task A_route_answers_401_without_a_certificate(string id) =>
        (await Call(suite.Anybody, id)).MustRefuse(401, "CLIENT_CERTIFICATE_REQUIRED");

    [Theory]
    [MemberData(nameof(WithCertificate))]
    public async Task A_route_answers_403_to_the_other_kind_of_certificate(string id)
    {
        var other = Row(id).Channel == Channel.Secure ? suite.Processor : suite.Partner;

        (await Call(other, id)).MustRefuse(403, "WRONG_CHANNEL");
        (await Call(other, id, SealedCalls.Headers())).MustRefuse(403, "WRONG_CHANNEL");
    }

    [Theory]
    [MemberData(nameof(WithCertificate))]
    public async Task A_route_with_certificates_is_not_there_on_the_public_port(string id) =>
        (await Call(suite.OverPublicPort(), id)).MustRefuse(404, "NOT_FOUND");

    [Theory]
    [MemberData(nameof(WithCertificate))]
    public async Task A_route_leads_to_its_service_and_never_to_a_broken_promise(string id)
    {
        var own = Row(id).Channel == Channel.Secure ? suite.Partner : suite.Processor;

        var answer = await Call(own, id, SealedCalls.Headers());

        // Nobody has these ids, and the body is empty: whatever the service says, it has heard the call and refuses it by name.
        Assert.True(answer.Status is 200 or (>= 400 and < 500), answer.Text);
        Assert.True(answer.Status == 200 || answer.Code is not null and not "NOT_FOUND" and not "METHOD_NOT_ALLOWED" and not "FORBIDDEN", answer.Text);
    }

    [Theory]
    [MemberData(nameof(Sensitive))]
    public async Task A_sensitive_route_is_refused_in_the_clear(string id) =>
        (await Call(suite.Partner, id)).MustRefuse(400, "ENCRYPTION_REQUIRED");

    [Fact]
    public void A_route_that_answers_with_secrets_requires_encryption_and_every_row_is_there_once()
    {
        Assert.All(RouteTable.Routes, route => Assert.True(
            !route.Secrets.HasFlag(Secrets.Outbound) || route.Encryption != Gateway.Routes.Encryption.Offered, route.Id));
        Assert.Equal(RouteTable.Routes.Count, RouteTable.Routes.Select(route => route.Id).Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    private static Task<Answer> Call(Api api, string id, params (string, string)[] headers)
    {
        var route = Row(id);
        var path = Placeholder().Replace(route.Path, _ => Guid.CreateVersion7().ToString());
        var content = route.Method is "POST" or "PUT" && headers.Length == 0 ? new StringContent("{}", Encoding.UTF8, "application/json") : null;
        return api.Send(new HttpMethod(route.Method), path, content, key: null, headers);
    }

    private static PublishedRoute Row(string id) => RouteTable.Routes.Single(route => route.Id == id);

    [GeneratedRegex(@"\{\w+:guid\}")]
    private static partial Regex Placeholder();
}
