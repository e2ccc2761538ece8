using Antaca.Gateway.Tests.Encryption;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Channels;

public sealed class ClientCertificateTests(SuiteWithCard suite) : IClassFixture<SuiteWithCard>
{
    private static readonly TimeSpan _remembered = TimeSpan.FromSeconds(6);

    [Fact]
    public async Task Without_a_certificate_nobody_is_let_in()
    {
        (await suite.Anybody.Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_REQUIRED");
        (await suite.Anybody.Get("/secure/public-key")).MustRefuse(401, "CLIENT_CERTIFICATE_REQUIRED");
        (await suite.Anybody.Post("/processor/authorizations", new { })).MustRefuse(401, "CLIENT_CERTIFICATE_REQUIRED");
    }

    [Fact]
    public async Task A_self_signed_certificate_is_invalid()
    {
        using var certificate = PartnerCertificates.SelfSigned();

        (await suite.OverPartnerPort(certificate).Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_INVALID");
    }

    [Fact]
    public async Task A_certificate_of_another_authority_of_ours_is_invalid()
    {
        using var ofTheEdge = PartnerCertificates.Issue(suite.Certificates.EdgeAuthority);
        using var ofTheInside = PartnerCertificates.Issue(suite.Certificates.InternalAuthority);

        (await suite.OverPartnerPort(ofTheEdge).Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_INVALID");
        (await suite.OverPartnerPort(ofTheInside).Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_INVALID");
        (await suite.OverPartnerPort(suite.Certificates.CertificateOf("cardservice")).Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_INVALID");
    }

    [Fact]
    public async Task A_registered_self_signed_certificate_is_invalid_all_the_same()
    {
        using var certificate = PartnerCertificates.SelfSigned();
        await suite.Register(certificate, TestUsers.SandboxPartner);

        (await suite.OverPartnerPort(certificate).Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_INVALID");
    }

    [Theory]
    [InlineData(-30, -5)]
    [InlineData(30, 60)]
    public async Task A_registered_certificate_that_is_not_in_force_is_invalid(int fromMinutes, int untilMinutes)
    {
        using var certificate = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority, fromMinutes, untilMinutes);
        await suite.Register(certificate, TestUsers.SandboxPartner);

        (await suite.OverPartnerPort(certificate).Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_INVALID");
    }

    [Fact]
    public async Task A_certificate_of_the_partner_CA_is_unknown_until_it_is_registered()
    {
        using var certificate = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority);
        var newcomer = suite.OverPartnerPort(certificate);
        (await newcomer.Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");

        await suite.Register(certificate, TestUsers.SandboxPartner);
        suite.Clock.Advance(_remembered);

        Assert.Equal(suite.User.UserId, (await newcomer.Get(suite.Customer)).Must(200).Id);
    }

    [Fact]
    public async Task A_revoked_certificate_is_refused_once_the_memory_of_it_has_passed()
    {
        using var certificate = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority);
        await suite.Register(certificate, TestUsers.SandboxPartner);
        var partner = suite.OverPartnerPort(certificate);
        (await partner.Get(suite.Customer)).Must(200);

        await suite.Revoke(certificate);
        suite.Clock.Advance(_remembered);

        (await partner.Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");
        // Over a connection of its own as well.
        (await suite.OverPartnerPort(certificate).Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");
    }

    [Fact]
    public async Task Another_partner_sees_nothing_of_mine()
    {
        var (stranger, program) = await suite.NewPartner();
        using var certificate = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority);
        await suite.Register(certificate, stranger);
        var partner = suite.OverPartnerPort(certificate);
        var theirs = await suite.NewAcceptedUser(stranger, program);
        Assert.Equal(theirs.UserId, (await partner.Get($"/secure/customers/{theirs.UserId}")).Must(200).Id);
        var before = await suite.Cards();

        Assert.Equal("USER_NOT_FOUND", (await partner.Get(suite.Customer)).Must(404).Code);
        Assert.NotNull((await partner.Get(suite.BalancePath)).Must(404).Code);
        Assert.NotNull((await partner.Get(suite.BalancePath + "/transactions")).Must(404).Code);
        Assert.NotNull((await partner.Get(suite.CardPath + "/summary")).Must(404).Code);
        Assert.NotNull((await partner.SendSealed(HttpMethod.Get, suite.CardPath)).Must(404).Code);
        Assert.NotNull((await partner.Post(suite.CardPath + "/lock", new { code = 1 })).Must(404).Code);
        Assert.NotNull((await partner.PostSealed(suite.IssuePath, suite.IssueBody, suite.GatewayKey)).Must(404).Code);
        // Nor by way of a user of their own.
        Assert.NotNull((await partner.SendSealed(HttpMethod.Get, $"/secure/customers/{theirs.UserId}/cards/{suite.CardId}")).Must(404).Code);
        Assert.NotNull((await partner.Get($"/secure/customers/{theirs.UserId}/balances/{suite.BalanceId}")).Must(404).Code);
        Assert.Equal(before, await suite.Cards());
        Assert.Equal("Active", (await suite.Partner.Get(suite.CardPath + "/summary")).Must(200)["status"].GetString());
    }

    [Fact]
    public async Task Another_user_of_mine_does_not_open_this_users_card()
    {
        var other = await suite.NewAcceptedUser();

        Assert.NotNull((await suite.Partner.SendSealed(HttpMethod.Get, $"/secure/customers/{other.UserId}/cards/{suite.CardId}")).Must(404).Code);
        Assert.NotNull((await suite.Partner.Get($"/secure/customers/{other.UserId}/balances/{suite.BalanceId}")).Must(404).Code);
    }

    [Fact]
    public async Task A_partners_certificate_is_for_secure_and_a_processors_for_processor()
    {
        (await suite.Partner.Post("/processor/authorizations", new { })).MustRefuse(403, "WRONG_CHANNEL");
        (await suite.Processor.Get(suite.Customer)).MustRefuse(403, "WRONG_CHANNEL");
        (await suite.Processor.Get("/secure/public-key")).MustRefuse(403, "WRONG_CHANNEL");
        (await suite.Processor.SendSealed(HttpMethod.Get, suite.CardPath)).MustRefuse(403, "WRONG_CHANNEL");
    }

    [Fact]
    public async Task Headers_from_outside_make_nobody_of_anyone()
    {
        // A token that the services would believe: the gateway's own key signed it.
        using var tokens = CallerTokens.FromFile(suite.Certificates.CallerPrivateKey, suite.Clock);
        var genuine = tokens.Sign(suite.User.Caller, "datacore");
        var (stranger, _) = await suite.NewPartner();
        using var certificate = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority);
        await suite.Register(certificate, stranger);
        (string, string)[] injected =
        [
            ("Caller-Token", genuine), ("Authorization", "Bearer " + genuine), ("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1;proto=http"),
            ("X-Forwarded-Proto", "http"), ("X-Forwarded-Client-Cert", "Subject=\"CN=sandbox-partner\""), ("X-Original-URL", "/alive"), ("X-HTTP-Method-Override", "DELETE"),
        ];

        Assert.Equal("CLIENT_CERTIFICATE_REQUIRED", (await Get(suite.Anybody)).Must(401).Code);
        Assert.Equal("WRONG_CHANNEL", (await Get(suite.Processor)).Must(403).Code);
        Assert.Equal("USER_NOT_FOUND", (await Get(suite.OverPartnerPort(certificate))).Must(404).Code);
        Assert.Equal((await suite.Partner.Get(suite.Customer)).Must(200).Text, (await Get(suite.Partner)).Must(200).Text);

        Task<Answer> Get(Api api) => api.Send(HttpMethod.Get, suite.Customer, content: null, key: null, injected);
    }

    [Theory]
    [InlineData("Caller-Token", "x")]
    [InlineData("X-Forwarded-For", "10.0.0.1")]
    [InlineData("Authorization", "Basic eDp5")]
    [InlineData("Cookie", "session=x")]
    public async Task A_header_that_is_settled_here_changes_nothing_for_who_is_known(string name, string value) =>
        Assert.Equal(suite.User.UserId, (await suite.Partner.Send(HttpMethod.Get, suite.Customer, content: null, key: null, (name, value))).Must(200).Id);
}
