using Antaca.Gateway.Channels;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Channels;

public sealed class SuiteWithOwnBroker : Suite
{
    public SuiteWithOwnBroker() => OwnBroker = true;
}

public sealed class BrokerDownTests(SuiteWithOwnBroker suite) : IClassFixture<SuiteWithOwnBroker>
{
    [Fact]
    public async Task While_the_broker_is_down_a_certificate_is_revoked_all_the_same_and_refused_five_seconds_later()
    {
        var admin = suite.As(TestUsers.Operator(Role.Admin), "datacore");
        using var certificate = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority);
        await suite.Register(certificate, TestUsers.SandboxPartner);
        await IssuedForSandbox(certificate.SerialNumber);
        using var holder = new KeptOpen(suite, suite.PartnerAddress, certificate, "2.0");
        await suite.StopBroker();
        try
        {
            (await holder.Api.Get("/secure/public-key")).Must(200);

            // As if another replica had forwarded it: this gateway is not told.
            (await admin.Delete($"/partners/{TestUsers.SandboxPartner}/certificates/{certificate.SerialNumber}")).Must(204);
            suite.Clock.Advance(TimeSpan.FromSeconds(Remembered.Seconds));

            (await holder.Api.Get("/secure/public-key")).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");
            Assert.Equal(1, holder.Connections);
            Assert.Equal(1, await Owed());
        }
        finally
        {
            await suite.StartBroker();
        }
        await Eventually.Holds(async () => await Owed() == 0, "the event to leave");
        (await holder.Api.Get("/secure/public-key")).MustRefuse(401, "CLIENT_CERTIFICATE_UNKNOWN");
    }

    private async Task IssuedForSandbox(string serial)
    {
        await using var update = suite.Database("datacore").CreateCommand("update certificates set issued_for = partner_id where serial = $1");
        update.Parameters.AddWithValue(serial);
        Assert.Equal(1, await update.ExecuteNonQueryAsync());
    }

    private async Task<long> Owed()
    {
        await using var count = suite.Database("datacore").CreateCommand("select count(*) from outbox where type = 'CertificateRevoked'");
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
