using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Certificates;

[Collection("certificates")]
public sealed class RevokeCertificateTests(CertificateSuite suite)
{
    [Fact]
    public async Task A_revoked_certificate_has_no_holder_and_the_one_beside_it_has()
    {
        var bank = await suite.NewBank();
        using var revoked = (await suite.Sign(bank, Requests.Csr())).Must(201).Certificate();
        using var other = (await suite.Sign(bank, Requests.Csr())).Must(201).Certificate();

        (await suite.Revoke(bank, revoked.SerialNumber)).Must(204);

        (await suite.Identify(revoked)).MustRefuse(404, "CERTIFICATE_UNKNOWN");
        (await suite.Identify(other)).Must(200);
    }

    [Fact]
    public async Task It_stays_in_the_lists_with_the_time_of_its_end()
    {
        var bank = await suite.NewBank();
        var serial = (await suite.Sign(bank, Requests.Csr())).Must(201)["serial"].GetString()!;
        var before = suite.Clock.GetUtcNow();

        (await suite.Revoke(bank, serial)).Must(204);

        foreach (var list in new[] { await suite.OfAdmin.Get($"/partners/{bank.Id}/certificates"), await suite.As(new Caller { Channel = Channel.Secure, PartnerId = bank.Id }, "datacore").Get("/certificates") })
        {
            var only = Assert.Single(list.Must(200)["items"].EnumerateArray());
            Assert.Equal(serial, only.GetProperty("serial").GetString());
            Assert.InRange(only.GetProperty("revokedAt").GetDateTimeOffset(), before, suite.Clock.GetUtcNow());
        }
    }

    [Fact]
    public async Task The_same_again_changes_nothing_and_a_serial_is_read_in_either_case()
    {
        var bank = await suite.NewBank();
        var serial = (await suite.Sign(bank, Requests.Csr())).Must(201)["serial"].GetString()!;
        (long Events, DateTime? RevokedAt) once = default;
        (long Events, DateTime? RevokedAt) twice = default;
        var admin = TestUsers.Operator(Role.Admin);
        var api = suite.As(admin, "datacore");

        var entries = await suite.Rows.Audited(async () =>
        {
            (await api.Delete($"/partners/{bank.Id}/certificates/{serial.ToLowerInvariant()}")).Must(204);
            once = (await EventsOwed(serial), await RevokedAt(serial));
            suite.Clock.Advance(TimeSpan.FromSeconds(1));
            (await api.Delete($"/partners/{bank.Id}/certificates/{serial}")).Must(204);
            twice = (await EventsOwed(serial), await RevokedAt(serial));
        });

        Assert.Equal(1, once.Events);
        Assert.NotNull(once.RevokedAt);
        Assert.Equal(once, twice);
        Assert.Equal($"Admin operator:{admin.OperatorId} RevokeCertificate certificate:{serial}  {bank.Id}", Assert.Single(entries).Line());
    }

    [Fact]
    public async Task Twice_at_once_is_once()
    {
        var bank = await suite.NewBank();
        var serial = (await suite.Sign(bank, Requests.Csr())).Must(201)["serial"].GetString()!;
        long owed = 0;

        var entries = await suite.Rows.Audited(async () =>
        {
            var answers = await Races.AtOnce(
                suite.Rows, $"select 1 from certificates where serial = '{serial}' for update", waiters: 2, () => suite.Revoke(bank, serial), () => suite.Revoke(bank, serial));
            Assert.Equal([204, 204], answers.Select(answer => answer.Status));
            owed = await EventsOwed(serial);
        });

        Assert.Equal(1, owed);
        Assert.Single(entries);
    }

    [Fact]
    public async Task Under_the_name_of_another_partner_it_is_not_found_and_stays_in_force()
    {
        var (id, _) = await suite.NewPartner(processor: "west-processing");
        var (bank, other) = (new TestPartner(id, id.ToString()), await suite.NewBank());
        using var own = (await suite.Sign(bank, Requests.Csr())).Must(201).Certificate();
        using var ofProcessor = (await suite.Sign(bank, Requests.Csr(), "Processor", "west-processing")).Must(201).Certificate();

        var entries = await suite.Rows.Audited(async () =>
        {
            foreach (var certificate in new[] { own, ofProcessor })
            {
                (await suite.Revoke(other, certificate.SerialNumber)).MustRefuse(404, "CERTIFICATE_NOT_FOUND");
                (await suite.Revoke(new TestPartner(Guid.CreateVersion7(), ""), certificate.SerialNumber)).MustRefuse(404, "CERTIFICATE_NOT_FOUND");
            }
        });

        Assert.Empty(entries);
        (await suite.Identify(own)).Must(200);
        (await suite.Identify(ofProcessor)).Must(200);
        (await suite.Revoke(bank, ofProcessor.SerialNumber)).Must(204);
        (await suite.Identify(ofProcessor)).MustRefuse(404, "CERTIFICATE_UNKNOWN");
        (await suite.Identify(own)).Must(200);
    }

    [Theory]
    [InlineData("00")]
    [InlineData("4AFB")]
    [InlineData("'%20or%20''='")]
    [InlineData("%C5%BC")]
    public async Task A_serial_that_the_partner_has_not_is_not_found(string serial) =>
        (await suite.Revoke(await suite.NewBank(), serial)).MustRefuse(404, "CERTIFICATE_NOT_FOUND");

    private Task<long> EventsOwed(string serial) =>
        suite.Rows.Scalar<long>("select count(*) from outbox where type = 'CertificateRevoked' and body->>'serial' = $1", serial);

    private Task<DateTime?> RevokedAt(string serial) => suite.Rows.Scalar<DateTime?>("select revoked_at from certificates where serial = $1", serial);
}
