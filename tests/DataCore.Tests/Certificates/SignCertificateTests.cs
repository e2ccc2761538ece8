using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Antaca.DataCore.Certificates;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Certificates;

[Collection("certificates")]
public sealed class SignCertificateTests(CertificateSuite suite)
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    [Theory]
    [InlineData("EC")]
    [InlineData("RSA 2048")]
    [InlineData("RSA 4096")]
    public async Task The_certificate_says_what_we_say_and_of_the_request_it_has_the_key(string kind)
    {
        var bank = await suite.NewBank();
        using AsymmetricAlgorithm key = kind == "EC" ? Requests.NewKey() : RSA.Create(int.Parse(kind[4..], CultureInfo.InvariantCulture));
        var csr = key is RSA rsa ? Requests.Csr(rsa) : Requests.Csr((ECDsa)key);
        var before = suite.Clock.GetUtcNow();

        var signed = (await suite.Sign(bank, csr)).Must(201);

        using var certificate = signed.Certificate();
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), certificate.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.Equal($"CN=bank-gateway-1, OU=Partner, O={bank.Name}", Subject(certificate));
        Assert.Equal(["2.5.29.14", "2.5.29.15", "2.5.29.19", "2.5.29.35", "2.5.29.37"], certificate.Extensions.Select(extension => extension.Oid!.Value).Order(StringComparer.Ordinal));
        Assert.Equal((false, true), certificate.Extensions.OfType<X509BasicConstraintsExtension>().Select(basic => (basic.CertificateAuthority, basic.Critical)).Single());
        Assert.Equal((X509KeyUsageFlags.DigitalSignature, true), certificate.Extensions.OfType<X509KeyUsageExtension>().Select(usage => (usage.KeyUsages, usage.Critical)).Single());
        var purpose = Assert.Single(certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>());
        Assert.Equal(ClientAuthentication, purpose.Value);
        var until = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
        Assert.InRange(until, before.AddDays(365).AddSeconds(-1), suite.Clock.GetUtcNow().AddDays(365));
        Assert.InRange(new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), before.AddMinutes(-5).AddSeconds(-1), suite.Clock.GetUtcNow().AddMinutes(-5));
        Assert.Equal((certificate.SerialNumber, until), (signed["serial"].GetString(), signed["notAfter"].GetDateTimeOffset()));
    }

    [Fact]
    public async Task It_chains_to_the_partner_CA_for_a_client_alone()
    {
        var signed = (await suite.Sign(await suite.NewBank(), Requests.Csr())).Must(201);
        using var certificate = signed.Certificate();
        using var shown = X509Certificate2.CreateFromPem(signed["chain"].GetString());
        using var partnerAuthority = X509CertificateLoader.LoadCertificateFromFile(suite.Certificates.PartnerAuthority);
        using var edgeAuthority = X509CertificateLoader.LoadCertificateFromFile(suite.Certificates.EdgeAuthority);

        Assert.Equal(partnerAuthority.RawData, shown.RawData);
        Assert.True(Chains(certificate, partnerAuthority, ClientAuthentication));
        Assert.False(Chains(certificate, partnerAuthority, "1.3.6.1.5.5.7.3.1"));
        Assert.False(Chains(certificate, edgeAuthority, ClientAuthentication));
    }

    [Fact]
    public async Task What_a_request_asks_for_beyond_its_key_is_not_carried_over()
    {
        var bank = await suite.NewBank();
        using var key = Requests.NewKey();
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName("bank-gateway-2");
        subject.AddOrganizationalUnitName("Processor");
        subject.AddOrganizationName(bank.Name);
        subject.AddLocalityName("Warszawa");
        subject.AddCountryOrRegion("PL");
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("datacore");
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        // Nor what no standard knows: until 2099, says the partner.
        request.CertificateExtensions.Add(new X509Extension("1.3.6.1.4.1.99999.1", "2099-12-31"u8, critical: false));

        using var certificate = (await suite.Sign(bank, request.CreateSigningRequestPem())).Must(201).Certificate();

        Assert.Equal($"CN=bank-gateway-2, OU=Partner, O={bank.Name}", Subject(certificate));
        Assert.Empty(certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>());
        Assert.Equal(5, certificate.Extensions.Count);
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.Equal(X509KeyUsageFlags.DigitalSignature, certificate.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        Assert.True(certificate.NotAfter.ToUniversalTime() <= suite.Clock.GetUtcNow().AddDays(365));
    }

    [Fact]
    public async Task Serials_are_positive_of_sixteen_bytes_and_never_the_same()
    {
        var bank = await suite.NewBank();
        var serials = new HashSet<string>();
        for (var signed = 0; signed < 5; signed++)
        {
            var serial = (await suite.Sign(bank, Requests.Csr())).Must(201)["serial"].GetString()!;
            Assert.Matches("^[4-7][0-9A-F]{31}$", serial);
            Assert.True(serials.Add(serial));
        }
    }

    [Fact]
    public async Task Its_holder_is_known_at_once_beside_the_one_before()
    {
        var bank = await suite.NewBank();
        using var first = (await suite.Sign(bank, Requests.Csr())).Must(201).Certificate();
        using var second = (await suite.Sign(bank, Requests.Csr())).Must(201).Certificate();

        foreach (var certificate in new[] { first, second })
        {
            var holder = (await suite.Identify(certificate)).Must(200);
            Assert.Equal(("Partner", bank.Id, certificate.SerialNumber), (holder["kind"].GetString(), holder["partnerId"].GetGuid(), holder["serial"].GetString()));
            Assert.Equal(JsonValueKind.Null, holder["processor"].ValueKind);
        }
    }

    [Fact]
    public async Task The_partner_and_the_operator_see_it_in_their_lists_and_nobody_else_does()
    {
        var (bank, other) = (await suite.NewBank(), await suite.NewBank());
        using var certificate = (await suite.Sign(bank, Requests.Csr())).Must(201).Certificate();

        foreach (var list in new[] { await suite.OfAdmin.Get($"/partners/{bank.Id}/certificates"), await Own(bank) })
        {
            var only = Assert.Single(list.Must(200)["items"].EnumerateArray());
            Assert.Equal((certificate.SerialNumber, "Partner"), (only.GetProperty("serial").GetString(), only.GetProperty("kind").GetString()));
            Assert.Equal(new DateTimeOffset(certificate.NotAfter.ToUniversalTime()), only.GetProperty("notAfter").GetDateTimeOffset());
            Assert.False(only.GetProperty("expiresSoon").GetBoolean());
            Assert.Equal(JsonValueKind.Null, only.GetProperty("revokedAt").ValueKind);
        }
        Assert.Empty((await Own(other)).Must(200)["items"].EnumerateArray());
        Assert.Empty((await suite.OfAdmin.Get($"/partners/{other.Id}/certificates")).Must(200)["items"].EnumerateArray());

        Task<Answer> Own(TestPartner partner) => suite.As(new Caller { Channel = Channel.Secure, PartnerId = partner.Id }, "datacore").Get("/certificates");
    }

    [Fact]
    public async Task A_processors_certificate_names_a_processor_of_the_partners_programmes_and_no_partner()
    {
        var (id, _) = await suite.NewPartner(processor: "north-processing");
        var bank = new TestPartner(id, id.ToString());

        using var certificate = (await suite.Sign(bank, Requests.Csr(), "Processor", "north-processing")).Must(201).Certificate();

        Assert.Equal($"CN=bank-gateway-1, OU=Processor, O={bank.Name}", Subject(certificate));
        var holder = (await suite.Identify(certificate)).Must(200);
        Assert.Equal(("Processor", "north-processing", JsonValueKind.Null), (holder["kind"].GetString(), holder["processor"].GetString(), holder["partnerId"].ValueKind));
        Assert.Empty((await suite.As(new Caller { Channel = Channel.Secure, PartnerId = id }, "datacore").Get("/certificates")).Must(200)["items"].EnumerateArray());
        Assert.Single((await suite.OfAdmin.Get($"/partners/{id}/certificates")).Must(200)["items"].EnumerateArray());
    }

    [Theory]
    [InlineData("Processor", null)]
    [InlineData("Processor", "")]
    [InlineData("Processor", "nobodys-processor")]
    [InlineData("Processor", "NORTH-PROCESSING")]
    [InlineData("Processor", "north\0processing")]
    [InlineData("Partner", "north-processing")]
    public async Task A_processor_that_does_not_fit_is_refused(string kind, string? processor)
    {
        var (id, _) = await suite.NewPartner(processor: "north-processing");

        var refused = (await suite.Sign(new TestPartner(id, ""), Requests.Csr(), kind, processor)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal("processor", Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task A_key_has_one_holder_for_ever_and_its_holder_may_renew_with_it()
    {
        var (id, _) = await suite.NewPartner(processor: "north-processing");
        var (bank, other) = (new TestPartner(id, id.ToString()), await suite.NewBank());
        using var key = Requests.NewKey();
        var first = (await suite.Sign(bank, Requests.Csr(key))).Must(201);

        (await suite.Sign(other, Requests.Csr(key))).MustRefuse(409, "KEY_IN_USE");
        (await suite.Sign(bank, Requests.Csr(key), "Processor", "north-processing")).MustRefuse(409, "KEY_IN_USE");
        var renewed = (await suite.Sign(bank, Requests.Csr(key, "CN=bank-gateway-2"))).Must(201);
        Assert.NotEqual(first["serial"].GetString(), renewed["serial"].GetString());
        // Whose key it was stays known: whoever took it from there is not let in with it.
        (await suite.Revoke(bank, first["serial"].GetString()!)).Must(204);
        (await suite.Revoke(bank, renewed["serial"].GetString()!)).Must(204);
        (await suite.Sign(other, Requests.Csr(key))).MustRefuse(409, "KEY_IN_USE");
        Assert.Equal((2, 0), (await suite.CertificatesOf(bank), await suite.CertificatesOf(other)));
    }

    [Fact]
    public async Task A_key_has_one_holder_at_once_too()
    {
        var (bank, other) = (await suite.NewBank(), await suite.NewBank());
        using var key = Requests.NewKey();
        var (csr, csrOfOther) = (Requests.Csr(key), Requests.Csr(key));

        var answers = await Races.AtOnce(suite.Rows, "lock table certificates in share mode", waiters: 2, () => suite.Sign(bank, csr), () => suite.Sign(other, csrOfOther));

        Assert.Equal([(201, null), (409, "KEY_IN_USE")], answers.Select(answer => (answer.Status, answer.Code)).Order());
        Assert.Equal(1, await suite.CertificatesOf(bank) + await suite.CertificatesOf(other));
    }

    [Fact]
    public async Task A_partner_has_so_many_in_force_and_not_one_more_at_once_either()
    {
        var bank = await suite.NewBank();
        var serials = new List<string>();
        while (serials.Count < SignCertificate.MaxInForce - 1)
        {
            serials.Add((await suite.Sign(bank, Requests.Csr())).Must(201)["serial"].GetString()!);
        }

        var answers = await Races.AtOnce(
            suite.Rows, $"select 1 from partners where id = '{bank.Id}' for update", waiters: 2, () => suite.Sign(bank, Requests.Csr()), () => suite.Sign(bank, Requests.Csr()));

        Assert.Equal([(201, null), (409, "TOO_MANY_CERTIFICATES")], answers.Select(answer => (answer.Status, answer.Code)).Order());
        (await suite.Sign(bank, Requests.Csr())).MustRefuse(409, "TOO_MANY_CERTIFICATES");
        (await suite.Sign(await suite.NewBank(), Requests.Csr())).Must(201);
        (await suite.Revoke(bank, serials[0])).Must(204);
        (await suite.Sign(bank, Requests.Csr())).Must(201);
        (await suite.Sign(bank, Requests.Csr())).MustRefuse(409, "TOO_MANY_CERTIFICATES");
        // One that has ended makes room as well.
        await using var end = suite.Rows.CreateCommand("update certificates set not_after = now() - interval '1 second' where serial = $1");
        end.Parameters.AddWithValue(serials[1]);
        await end.ExecuteNonQueryAsync();
        (await suite.Sign(bank, Requests.Csr())).Must(201);
    }

    [Fact]
    public async Task The_same_key_gives_the_same_certificate_again_and_another_request_under_it_is_refused()
    {
        var bank = await suite.NewBank();
        var (csr, key) = (Requests.Csr(), Guid.CreateVersion7().ToString());

        var first = (await suite.Sign(bank, csr, key: key)).Must(201);
        var again = (await suite.Sign(bank, csr, key: key)).Must(201);

        Assert.Equal((first.Text, "true"), (again.Text, again.Header("Idempotent-Replayed")));
        (await suite.Sign(bank, Requests.Csr(), key: key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        (await suite.Sign(await suite.NewBank(), csr, key: key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        Assert.Equal(1, await suite.CertificatesOf(bank));
    }

    [Fact]
    public async Task Under_one_key_one_certificate_is_signed_at_once_too()
    {
        var bank = await suite.NewBank();
        var (csr, key) = (Requests.Csr(), Guid.CreateVersion7().ToString());
        await using var held = await Races.Hold(suite.Rows, $"select 1 from partners where id = '{bank.Id}' for update");

        var first = suite.Sign(bank, csr, key: key);
        await held.Waiters(1);
        (await suite.Sign(bank, csr, key: key)).MustRefuse(409, "IDEMPOTENCY_IN_PROGRESS");
        await held.Release();

        Assert.Equal((await first).Must(201).Text, (await suite.Sign(bank, csr, key: key)).Must(201).Text);
        Assert.Equal(1, await suite.CertificatesOf(bank));
    }

    [Fact]
    public async Task Only_an_administrator_signs()
    {
        var bank = await suite.NewBank();
        var body = new { csr = Requests.Csr(), kind = "Partner" };
        Caller[] others =
        [
            TestUsers.Operator(Role.Manager), TestUsers.Operator(Role.Employee), new() { Channel = Channel.Admin },
            new() { Channel = Channel.Secure, PartnerId = bank.Id }, new() { Channel = Channel.Processor, Processor = "sandbox" },
            new() { Channel = Channel.Customers, PartnerId = bank.Id, UserId = Guid.CreateVersion7(), InstallationId = Guid.CreateVersion7(), SessionId = Guid.CreateVersion7() },
        ];

        foreach (var other in others)
        {
            var api = suite.As(other, "datacore");
            (await api.Post($"/partners/{bank.Id}/certificates", body)).MustRefuse(403, "FORBIDDEN");
            (await api.Get($"/partners/{bank.Id}/certificates")).MustRefuse(403, "FORBIDDEN");
            (await api.Delete($"/partners/{bank.Id}/certificates/00")).MustRefuse(403, "FORBIDDEN");
        }
        Assert.Equal(0, await suite.CertificatesOf(bank));
    }

    [Fact]
    public async Task For_no_partner_there_is_no_certificate() =>
        (await suite.Sign(new TestPartner(Guid.CreateVersion7(), ""), Requests.Csr())).MustRefuse(404, "PARTNER_NOT_FOUND");

    [Fact]
    public async Task A_signing_leaves_one_entry_and_a_refusal_or_a_replay_none()
    {
        var bank = await suite.NewBank();
        var (csr, key) = (Requests.Csr(), Guid.CreateVersion7().ToString());
        var admin = TestUsers.Operator(Role.Admin);
        var serial = "";

        var entries = await suite.Rows.Audited(async () =>
        {
            var api = suite.As(admin, "datacore");
            (await api.Post($"/partners/{bank.Id}/certificates", new { csr = "x", kind = "Partner" })).Must(422);
            serial = (await api.Post($"/partners/{bank.Id}/certificates", new { csr, kind = "Partner" }, key)).Must(201)["serial"].GetString()!;
            (await api.Post($"/partners/{bank.Id}/certificates", new { csr, kind = "Partner" }, key)).Must(201);
        });

        Assert.Equal($"Admin operator:{admin.OperatorId} SignCertificate certificate:{serial}  {bank.Id}", Assert.Single(entries).Line());
        Assert.Equal($"operator:{admin.OperatorId}", await suite.Rows.Scalar<string>("select issued_by from certificates where serial = $1", serial));
    }

    [Fact]
    public async Task A_partners_name_of_any_length_and_letters_is_in_it_whole()
    {
        var name = $"{Guid.CreateVersion7():N} Bank \"Żółw\" + Söhne, Sp. z o.o.; <O=X>\\".PadRight(128, 'x');
        var bank = await suite.NewBank(name);

        using var certificate = (await suite.Sign(bank, Requests.Csr())).Must(201).Certificate();

        var organisation = certificate.SubjectName.EnumerateRelativeDistinguishedNames().Single(part => part.GetSingleElementType().Value == "2.5.4.10");
        Assert.Equal(name, organisation.GetSingleElementValue());
        (await suite.Identify(certificate)).Must(200);
    }

    private static string Subject(X509Certificate2 certificate) => certificate.Subject;

    private static bool Chains(X509Certificate2 certificate, X509Certificate2 authority, string purpose)
    {
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        };
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(purpose));
        return chain.Build(certificate);
    }
}
