using System.Security.Cryptography;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Certificates;

/// <summary>
/// Signs a client certificate for a partner, or for a processor of one of its programmes. It works from the next request
/// on, beside those that were signed before.
/// </summary>
internal static class SignCertificate
{
    /// <summary>How many certificates of one partner may be in force.</summary>
    public const int MaxInForce = 20;

    private const int MaxProcessorLength = 64;

    /// <summary>Of a key that nobody has.</summary>
    private const string CsrExample =
        """
        -----BEGIN CERTIFICATE REQUEST-----
        MIHSMHsCAQAwGTEXMBUGA1UEAwwOYmFuay1nYXRld2F5LTEwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAARwD/yNzqg3dmlEu/BR3KpM11+qNHOko5MxDLcm7PZhweEJ
        iKdksi487/olJh3mbUYRsuSsUe6Rix+PRze/iRTHoAAwCgYIKoZIzj0EAwIDRwAw
        RAIgVruf8n2xo2N7c2n49vyNc0rjQgP4zr6Xg5mzoC4jvhkCIC4lgIl7Scs03f1v
        Rborn80ArKIftbjgA+8a+1sAx1IQ
        -----END CERTIFICATE REQUEST-----
        """;

    internal enum CertificateKind
    {
        Partner,
        Processor,
    }

    /// <param name="Csr">PEM of a PKCS #10 request: RSA of 2048 to 4096 bits or EC P-256; CN of 1 to 64 characters, O only if it is the partner's name.</param>
    /// <param name="Processor">The name of a processor of the partner's programmes; for kind Processor.</param>
    internal sealed record Request(string Csr, CertificateKind Kind, string? Processor = null);

    /// <param name="Certificate">PEM.</param>
    /// <param name="Chain">PEM of the authority that signed it.</param>
    internal sealed record Answer(string Certificate, string Chain, string Serial, DateTimeOffset NotAfter);

    public static void MapSignCertificate(this IEndpointRouteBuilder partners) =>
        partners.MapPost("/{partnerId:guid}/certificates", Handle).AdmitsOperators(Role.Admin).Produces<Answer>(201)
            .Example(new Request(CsrExample, CertificateKind.Partner))
            .Refuses(CertificateProblems.PartnerNotFound(), CertificateProblems.KeyInUse(), CertificateProblems.TooMany());

    private static async Task<IResult> Handle(
        Guid partnerId, Request request, Caller caller, Idempotency once, PartnerAuthority authority, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var forProcessor = request.Kind == CertificateKind.Processor;
        var (wanted, fault) = SigningRequest.Read(request.Csr);
        var faults = new Faults()
            .Unless(wanted is not null, "csr", fault ?? "")
            .Unless(forProcessor == (request.Processor is { Length: >= 1 and <= MaxProcessorLength }), "processor", "is required for a processor's certificate, and for no other")
            .Unless(request.Processor?.Any(char.IsControl) is not true, "processor", "must have no control character");
        if (faults.Any)
        {
            return faults.Problem();
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        if (await work.HoldPartner(partnerId) is not { } name)
        {
            return CertificateProblems.PartnerNotFound();
        }
        if (wanted!.Organisation is { } organisation && organisation != name)
        {
            return Problems.Invalid("csr", "names an organisation (O) that is not the partner");
        }
        if (forProcessor && !await work.HasProcessor(partnerId, request.Processor!))
        {
            return Problems.Invalid("processor", "is the processor of none of the partner's programmes");
        }
        Guid? holder = forProcessor ? null : partnerId;
        await work.HoldKey(wanted.KeyHash);
        if (await work.KeyIsAnothers(wanted.KeyHash, holder, request.Processor))
        {
            return CertificateProblems.KeyInUse();
        }
        if (await work.CountInForce(partnerId, now) >= MaxInForce)
        {
            return CertificateProblems.TooMany();
        }

        using var certificate = authority.Sign(wanted.Key, new CertificateSubject(wanted.CommonName, request.Kind.ToString(), name), now);
        var notAfter = new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        await work.AddCertificate(new CertificateStore.Row
        {
            Thumbprint = certificate.GetCertHashString(HashAlgorithmName.SHA256),
            Serial = certificate.SerialNumber,
            Kind = request.Kind.ToString(),
            PartnerId = holder,
            Processor = request.Processor,
            Subject = certificate.Subject,
            IssuedFor = partnerId,
            IssuedBy = caller.Actor,
            KeyHash = wanted.KeyHash,
            NotBefore = new DateTimeOffset(certificate.NotBefore.ToUniversalTime(), TimeSpan.Zero),
            NotAfter = notAfter,
            CreatedAt = now,
        });
        Work.Audit(subject: $"certificate:{certificate.SerialNumber}", partnerId: partnerId);
        return await work.Answer(
            once, StatusCodes.Status201Created, new Answer(certificate.ExportCertificatePem(), authority.Chain, certificate.SerialNumber, notAfter));
    }
}
