using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Certificates;

/// <summary>One suite for all the verbs of certificates.</summary>
public sealed class CertificateSuite : Suite
{
    public NpgsqlDataSource Rows { get; private set; } = null!;

    public Api OfAdmin { get; private set; } = null!;

    protected override Task Given()
    {
        Rows = Database("datacore");
        OfAdmin = As(TestUsers.Operator(Role.Admin), "datacore");
        return Task.CompletedTask;
    }

    /// <summary>A partner of that name, or of one that nobody else has.</summary>
    public async Task<TestPartner> NewBank(string? name = null, string? contactEmail = null)
    {
        name ??= $"Bank {Guid.CreateVersion7():N}";
        return new TestPartner((await OfAdmin.Post("/partners", new { name, contactEmail })).Must(201).Id, name);
    }

    public Task<Answer> Sign(TestPartner partner, string csr, string kind = "Partner", string? processor = null, string? key = null) =>
        OfAdmin.Post($"/partners/{partner.Id}/certificates", new { csr, kind, processor }, key);

    public Task<Answer> Revoke(TestPartner partner, string serial) => OfAdmin.Delete($"/partners/{partner.Id}/certificates/{serial}");

    /// <summary>As the gateway asks whose certificate it was shown.</summary>
    public Task<Answer> Identify(X509Certificate2 certificate) =>
        Neighbour("gateway", "datacore").Post("/internal/certificates/identify", new { thumbprint = certificate.GetCertHashString(HashAlgorithmName.SHA256) });

    public Task<long> CertificatesOf(TestPartner partner) => Rows.Scalar<long>("select count(*) from certificates where issued_for = $1", partner.Id);
}

public sealed record TestPartner(Guid Id, string Name);

[CollectionDefinition("certificates")]
public sealed class SharesCertificateSuite : ICollectionFixture<CertificateSuite>;
