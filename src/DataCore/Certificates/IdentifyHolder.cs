using Antaca.Contracts.Requests;
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
        var holder = await database.One<CertificateHolder>(
            """
            select kind, partner_id, processor
            from certificates
            where thumbprint = @Thumbprint and revoked_at is null and not_after > @now
            """,
            new { request.Thumbprint, now = clock.GetUtcNow() },
            cancel);
        return holder is not null ? TypedResults.Ok(holder) : Problems.NotFound("CERTIFICATE_UNKNOWN", "certificate");
    }
}
