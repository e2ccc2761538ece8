using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Antaca.Gateway.Channels;
using Antaca.Gateway.Tests.Authorisation;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>Certificates as an administrator has them signed and revoked over the public port, and what their holders meet on the other.</summary>
public sealed class RevocationTests(SuiteWithEveryCaller suite) : IClassFixture<SuiteWithEveryCaller>
{
    private string Customer => $"/secure/customers/{suite.Ours.User.UserId}";

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_revoked_certificate_is_refused_on_the_next_request_of_a_connection_that_was_kept_open(string version)
    {
        var admin = await NewAdmin();
        using var certificate = await admin.Signed();
        using var beside = await admin.Signed();
        using var holder = new KeptOpen(suite, suite.PartnerAddress, certificate, version);
        using var other = new KeptOpen(suite, suite.PartnerAddress, beside, version);
        Assert.Equal(suite.Ours.User.UserId, (await holder.Api.Get(Customer)).Must(200).Id);
        (await other.Api.Get(Customer)).Must(200);

        await admin.Revokes(certificate.SerialNumber);

        (await holder.Api.Get(Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");
        (await holder.Api.Post("/secure/customers", TestUsers.Registration())).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");
        (await other.Api.Get(Customer)).Must(200);
        Assert.Equal((1, 1), (holder.Connections, other.Connections));
    }

    [Fact]
    public async Task Its_serial_in_small_letters_ends_it_as_soon()
    {
        var admin = await NewAdmin();
        using var certificate = await admin.Signed();
        using var holder = new KeptOpen(suite, suite.PartnerAddress, certificate, "2.0");
        (await holder.Api.Get(Customer)).Must(200);

        await admin.Revokes(certificate.SerialNumber.ToLowerInvariant());

        (await holder.Api.Get(Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");
    }

    [Fact]
    public async Task A_signed_certificate_works_on_its_channel_alone_and_a_processors_is_revoked_as_soon()
    {
        var admin = await NewAdmin();
        using var ofPartner = await admin.Signed();
        using var ofProcessor = await admin.Signed("Processor", "sandbox");
        using var partner = new KeptOpen(suite, suite.PartnerAddress, ofPartner, "2.0");
        using var processor = new KeptOpen(suite, suite.PartnerAddress, ofProcessor, "1.1");

        (await partner.Api.Get(Customer)).Must(200);
        (await partner.Api.Post("/processor/authorizations", new { })).MustRefuse(403, "WRONG_CHANNEL");
        (await processor.Api.Get(Customer)).MustRefuse(403, "WRONG_CHANNEL");
        (await processor.Api.Post("/processor/authorizations", new { })).MustRefuse(422, "VALIDATION_FAILED");

        await admin.Revokes(ofProcessor.SerialNumber);

        (await processor.Api.Post("/processor/authorizations", new { })).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");
        (await processor.Api.Get(Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");
        (await partner.Api.Get(Customer)).Must(200);
    }

    [Fact]
    public async Task Under_the_name_of_another_partner_it_is_not_revoked()
    {
        var admin = await NewAdmin();
        using var certificate = await admin.Signed();
        using var holder = new KeptOpen(suite, suite.PartnerAddress, certificate, "2.0");
        (await holder.Api.Get(Customer)).Must(200);

        (await admin.Revoke(suite.AnotherPartners.User.PartnerId, certificate.SerialNumber)).MustRefuse(404, "CERTIFICATE_NOT_FOUND");

        suite.Clock.Advance(TimeSpan.FromSeconds(Remembered.Seconds));
        (await holder.Api.Get(Customer)).Must(200);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Another_replica_refuses_it_from_the_moment_that_it_hears(string version)
    {
        await using var replica = await SecondGateway.Start(suite);
        var admin = await NewAdmin();
        using var certificate = await admin.Signed();
        using var holder = new KeptOpen(suite, replica.PartnerAddress, certificate, version);
        (await holder.Api.Get(Customer)).Must(200);

        await admin.Revokes(certificate.SerialNumber);
        await replica.Heard(certificate.SerialNumber);

        (await holder.Api.Get(Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");
        Assert.Equal(1, holder.Connections);
    }

    private async Task<Administrator> NewAdmin() => new(suite.Public, (await suite.Operator(Role.Admin)).Token);

    private sealed class Administrator(Api gateway, string token)
    {
        /// <summary>For the sandbox partner.</summary>
        public async Task<X509Certificate2> Signed(string kind = "Partner", string? processor = null)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var csr = new CertificateRequest("CN=bank-gateway-1", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
            var signed = await gateway.Send(
                HttpMethod.Post,
                $"/admin/partners/{TestUsers.SandboxPartner}/certificates",
                JsonContent.Create(new { csr, kind, processor }),
                Guid.CreateVersion7().ToString(),
                ("Authorization", "Bearer " + token));
            using var certificate = X509Certificate2.CreateFromPem(signed.Must(201)["certificate"].GetString());
            return certificate.CopyWithPrivateKey(key);
        }

        public Task<Answer> Revoke(Guid partnerId, string serial) =>
            gateway.Send(HttpMethod.Delete, $"/admin/partners/{partnerId}/certificates/{serial}", content: null, key: null, ("Authorization", "Bearer " + token));

        public async Task Revokes(string serial) => (await Revoke(TestUsers.SandboxPartner, serial)).Must(204);
    }
}
