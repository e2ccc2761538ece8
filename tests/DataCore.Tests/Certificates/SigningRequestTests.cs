using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Antaca.DataCore.Certificates;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Certificates;

/// <summary>What is no request that may be signed, each refused as a fault of the field.</summary>
[Collection("certificates")]
public sealed class SigningRequestTests(CertificateSuite suite)
{
    /// <summary>Made with OpenSSL 3.0: <c>openssl genpkey -algorithm ed25519</c>, <c>openssl req -new</c>.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----")]
    public Task What_is_no_PEM_of_a_request_is_refused(string csr) => Refused(csr);

    [Fact]
    public async Task The_PEM_of_something_else_is_refused()
    {
        using var key = Requests.NewKey();
        var der = Requests.Der(Requests.Csr(key));

        await Refused(await File.ReadAllTextAsync(suite.Certificates.PartnerAuthority), "must be a PEM of a CERTIFICATE REQUEST");
        await Refused(PemEncoding.WriteString("CERTIFICATE", der), "must be a PEM of a CERTIFICATE REQUEST");
        await Refused(key.ExportPkcs8PrivateKeyPem(), "must be a PEM of a CERTIFICATE REQUEST");
        await Refused(Convert.ToBase64String(der), "must be a PEM of a CERTIFICATE REQUEST");
    }

    [Fact]
    public async Task A_request_cut_short_anywhere_or_with_something_behind_it_is_refused()
    {
        var der = Requests.Der(Requests.Csr());

        foreach (var length in Enumerable.Range(0, 12).Select(part => der.Length * part / 12).Append(der.Length - 1))
        {
            await Refused(Requests.Pem(der[..length]));
        }
        await Refused(Requests.Pem([.. der, 0]), "is damaged, or not signed by its own key");
    }

    [Fact]
    public async Task A_request_that_was_changed_after_it_was_signed_is_refused()
    {
        var der = Requests.Der(Requests.Csr("CN=bank-gateway-1"));
        var name = der.AsSpan().IndexOf("bank-gateway-1"u8);
        var (subject, signature) = ((byte[])der.Clone(), (byte[])der.Clone());
        subject[name] ^= 1;
        signature[^1] ^= 1;

        await Refused(Requests.Pem(subject), "is damaged, or not signed by its own key");
        await Refused(Requests.Pem(signature), "is damaged, or not signed by its own key");
    }

    [Fact]
    public async Task A_request_for_anothers_key_is_refused()
    {
        using var theirs = Requests.NewKey();
        using var mine = Requests.NewKey();
        var request = new CertificateRequest(new X500DistinguishedName("CN=bank-gateway-1"), new PublicKey(theirs), HashAlgorithmName.SHA256);

        await Refused(Requests.Pem(request.CreateSigningRequest(X509SignatureGenerator.CreateForECDsa(mine))), "is damaged, or not signed by its own key");
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(2040)]
    public async Task An_RSA_key_that_is_too_small_is_refused(int bits)
    {
        using var key = RSA.Create(bits);

        await Refused(Requests.Csr(key), $"has an RSA key of {bits} bits, not 2048 to 4096");
    }

    [Fact]
    public async Task An_RSA_key_that_is_too_large_is_refused_before_anything_is_computed_with_it()
    {
        // No primes: only its size is looked at.
        var modulus = RandomNumberGenerator.GetBytes(4104 / 8);
        (modulus[0], modulus[^1]) = (0x80, 1);

        await Refused(Forged(modulus, [1, 0, 1]), "has an RSA key of 4104 bits, not 2048 to 4096");
    }

    [Fact]
    public async Task An_RSA_key_whose_signatures_anybody_can_make_is_refused()
    {
        using var key = RSA.Create(2048);
        var modulus = key.ExportParameters(false).Modulus!;

        // With the exponent 1 a signature is its own padding: this one is genuine.
        await Refused(Forged(modulus, [1]), "has an RSA key whose exponent is not an odd number of 65537 to 2^256");
        await Refused(Forged(modulus, [3]), "has an RSA key whose exponent is not an odd number of 65537 to 2^256");
        await Refused(Forged(modulus, [1, 0, 0]), "has an RSA key whose exponent is not an odd number of 65537 to 2^256");
        await Refused(Forged(modulus, RandomNumberGenerator.GetBytes(64).Append((byte)1).Prepend((byte)1).ToArray()), "has an RSA key whose exponent is not an odd number of 65537 to 2^256");
    }

    [Fact]
    public async Task A_curve_that_is_not_P256_is_refused()
    {
        foreach (var curve in new[] { ECCurve.NamedCurves.nistP384, ECCurve.NamedCurves.nistP521, ECCurve.NamedCurves.brainpoolP256r1 })
        {
            using var key = ECDsa.Create(curve);
            await Refused(Requests.Csr(key), "has an EC key that is not on P-256");
        }
    }

    [Fact]
    public Task P256_by_its_numbers_in_place_of_its_name_is_refused() => Refused(Requests.ExplicitCurve, "is damaged, or not signed by its own key");

    [Fact]
    public Task An_Ed25519_key_is_refused() => Refused(Requests.Ed25519, "must be signed with SHA-256, SHA-384 or SHA-512");

    [Fact]
    public async Task A_weak_or_unknown_signature_is_refused()
    {
        using var rsa = RSA.Create(2048);

        await Refused(Requests.RsaWithSha1, "must be signed with SHA-256, SHA-384 or SHA-512");
        await Refused(Requests.EcWithSha1, "must be signed with SHA-256, SHA-384 or SHA-512");
        await Refused(Requests.Csr(rsa, padding: RSASignaturePadding.Pss), "must be signed with SHA-256, SHA-384 or SHA-512");
    }

    [Fact]
    public async Task SHA384_and_SHA512_are_as_good()
    {
        using var rsa = RSA.Create(3072);
        using var ec = Requests.NewKey();
        var bank = await suite.NewBank();

        (await suite.Sign(bank, Requests.Csr(rsa, HashAlgorithmName.SHA384))).Must(201);
        (await suite.Sign(bank, Requests.Csr(rsa, HashAlgorithmName.SHA512))).Must(201);
        (await suite.Sign(bank, Requests.Csr(ec, hash: HashAlgorithmName.SHA512))).Must(201);
        (await suite.Sign(bank, Requests.Csr().Replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", StringComparison.Ordinal))).Must(201);
    }

    [Theory]
    [InlineData("", "must name a CN of 1 to 64 printable characters")]
    [InlineData("O=Some Bank", "must name a CN of 1 to 64 printable characters")]
    [InlineData("CN=one, CN=two", "names an attribute of the subject twice")]
    [InlineData("CN=one, OU=Partner, OU=Processor", "names an attribute of the subject twice")]
    [InlineData("CN=one, E=card@bank.example", "has a subject with more than CN, O, OU, C, L and ST")]
    [InlineData("CN=one, DC=example", "has a subject with more than CN, O, OU, C, L and ST")]
    [InlineData("CN=one, O=Another Bank", "names an organisation (O) that is not the partner")]
    public Task A_subject_that_names_another_holder_or_none_or_two_is_refused(string subject, string fault) => Refused(Requests.Csr(subject), fault);

    [Fact]
    public Task A_subject_with_two_attributes_in_one_part_is_refused() => Refused(Requests.TwoInOnePart, "has a subject with several attributes in one part");

    [Fact]
    public async Task The_name_of_another_partner_is_refused_and_so_is_ones_own_in_other_letters()
    {
        var (bank, other) = (await suite.NewBank(), await suite.NewBank());

        (await suite.Sign(bank, Requests.Csr($"CN=one, O={bank.Name}"))).Must(201);
        Faulty(await suite.Sign(bank, Requests.Csr($"CN=one, O={other.Name}")), "names an organisation (O) that is not the partner");
        Faulty(await suite.Sign(bank, Requests.Csr($"CN=one, O={bank.Name.ToUpperInvariant()}")), "names an organisation (O) that is not the partner");
        Faulty(await suite.Sign(bank, Requests.Csr($"CN=one, O=\"{bank.Name} \"")), "names an organisation (O) that is not the partner");
        Assert.Equal((1, 0), (await suite.CertificatesOf(bank), await suite.CertificatesOf(other)));
    }

    [Fact]
    public async Task A_CN_has_1_to_64_printable_characters()
    {
        var bank = await suite.NewBank();

        Assert.StartsWith($"CN={new string('ż', 64)}, ", (await suite.Sign(bank, WithCommonName(new string('ż', 64)))).Must(201).Certificate().Subject, StringComparison.Ordinal);
        foreach (var name in new[] { "", " ", "a\nb", "a\0b", new string('x', 65) })
        {
            Faulty(await suite.Sign(bank, WithCommonName(name)), "must name a CN of 1 to 64 printable characters");
        }
    }

    [Fact]
    public async Task A_subject_that_cannot_be_read_is_refused()
    {
        // No UTF-8, and no text at all.
        await Refused(WithName(writer => writer.WriteEncodedValue([0x0C, 0x02, 0xC3, 0x28])), "is damaged, or not signed by its own key");
        await Refused(WithName(writer => writer.WriteInteger(5)));
        await Refused(WithName(writer => writer.WriteNull()));
    }

    [Fact]
    public async Task A_request_over_the_limit_is_refused_and_one_at_it_is_read()
    {
        var csr = Requests.Csr();
        var bank = await suite.NewBank();

        Faulty(await suite.Sign(bank, csr.PadRight(SigningRequest.MaxCharacters + 1)), "is too long");
        (await suite.Sign(bank, csr.PadRight(SigningRequest.MaxCharacters))).Must(201);
        (await suite.Sign(bank, csr.PadRight(2 * 1024 * 1024))).Must(413);
    }

    [Theory]
    [InlineData("""{"kind":"Partner"}""")]
    [InlineData("""{"csr":null,"kind":"Partner"}""")]
    [InlineData("""{"csr":"x","kind":"Owner"}""")]
    [InlineData("""{"csr":"x","kind":0}""")]
    [InlineData("""{"csr":"x"}""")]
    [InlineData("""{"csr":"x","kind":"Partner","lifetimeDays":3650}""")]
    public async Task A_body_that_is_not_of_the_contract_is_refused(string body)
    {
        var bank = await suite.NewBank();

        (await suite.OfAdmin.PostText($"/partners/{bank.Id}/certificates", body)).MustRefuse(422, "VALIDATION_FAILED");
    }

    private async Task Refused(string csr, string? fault = null)
    {
        var bank = await suite.NewBank();

        Faulty(await suite.Sign(bank, csr), fault);

        Assert.Equal(0, await suite.CertificatesOf(bank));
    }

    private static void Faulty(Answer answer, string? fault)
    {
        var only = Assert.Single(answer.MustRefuse(422, "VALIDATION_FAILED")["errors"].EnumerateObject());
        Assert.Equal("csr", only.Name);
        Assert.Equal(fault ?? only.Value[0].GetString(), Assert.Single(only.Value.EnumerateArray()).GetString());
    }

    private static string WithCommonName(string name) => WithName(writer => writer.WriteCharacterString(UniversalTagNumber.UTF8String, name));

    /// <summary>With a CN of this ASN.1 value, whatever it is.</summary>
    private static string WithName(Action<AsnWriter> value)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSetOf())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.5.4.3");
            value(writer);
        }
        using var key = Requests.NewKey();
        return Requests.Csr(key, new X500DistinguishedName(writer.Encode()));
    }

    /// <summary>A request for an RSA key of these numbers, signed by whoever knows no private key: true where the exponent is 1.</summary>
    private static string Forged(byte[] modulus, byte[] exponent)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(modulus);
            writer.WriteIntegerUnsigned(exponent);
        }
        var key = new PublicKey(new Oid("1.2.840.113549.1.1.1"), new AsnEncodedData([5, 0]), new AsnEncodedData(writer.Encode()));
        var request = new CertificateRequest(new X500DistinguishedName("CN=bank-gateway-1"), key, HashAlgorithmName.SHA256);
        return Requests.Pem(request.CreateSigningRequest(new PaddingAlone(key, modulus.Length)));
    }

    /// <summary>EMSA-PKCS1-v1_5 (RFC 8017, 9.2) and nothing more.</summary>
    private sealed class PaddingAlone(PublicKey key, int length) : X509SignatureGenerator
    {
        /// <summary>DigestInfo of SHA-256 (RFC 8017, 9.2, note 1).</summary>
        private static readonly byte[] _digestInfo = Convert.FromHexString("3031300d060960864801650304020105000420");

        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => Convert.FromHexString("300d06092a864886f70d01010b0500");

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm)
        {
            byte[] told = [.. _digestInfo, .. SHA256.HashData(data)];
            return [0, 1, .. Enumerable.Repeat((byte)0xFF, length - told.Length - 3), 0, .. told];
        }

        protected override PublicKey BuildPublicKey() => key;
    }
}
