using Antaca.Contracts.Requests;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Certificates;

/// <summary>Tells the gateway whose client certificate it was shown; one that is unknown, expired or revoked has no holder.</summary>
internal static class IdentifyHolder
{
    public static void MapIdentifyHolder(this IEndpointRouteBuilder certificates) => certificates.MapPost("/identify", Handle);

    private static async Task<Results<Ok<CertificateHolder>, ProblemHttpResult>> Handle(
        IdentifyCertificate request, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var holder = await database.One<Row>(
            """
            select c.kind, c.partner_id, c.processor, c.serial, c.not_after, p.networks::text[] as networks, p.encryption_key
            from certificates c
            left join partners p on p.id = c.partner_id
            where c.thumbprint = @Thumbprint and c.revoked_at is null and c.not_after > @now
            """,
            new { request.Thumbprint, now = clock.GetUtcNow() },
            cancel);
        return holder is not null ? TypedResults.Ok(holder.ToHolder()) : Problems.NotFound("CERTIFICATE_UNKNOWN", "certificate");
    }

    private sealed record Row
    {
        public required string Kind { get; init; }
        public Guid? PartnerId { get; init; }
        public string? Processor { get; init; }
        public required string Serial { get; init; }
        public required DateTimeOffset NotAfter { get; init; }
        public string[]? Networks { get; init; }
        public string? EncryptionKey { get; init; }

        public CertificateHolder ToHolder() => new(
            Kind, PartnerId, Processor, Serial, NotAfter, Networks ?? [], EncryptionKey is not null && Jwk.TryParse(EncryptionKey, out var key) ? key.Thumbprint : null);
    }
}
