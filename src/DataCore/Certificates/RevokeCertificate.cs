using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Certificates;

/// <summary>Revokes a client certificate: the next request that shows it is refused. The same again changes nothing.</summary>
internal static class RevokeCertificate
{
    public static void MapRevokeCertificate(this IEndpointRouteBuilder partners) =>
        partners.MapDelete("/{partnerId:guid}/certificates/{serial}", Handle).AdmitsOperators(Role.Admin)
            .Refuses(CertificateProblems.NotFound());

    private static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        Guid partnerId, string serial, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindForRevoking(partnerId, serial.ToUpperInvariant()) is not { } certificate)
        {
            return CertificateProblems.NotFound();
        }
        if (certificate.RevokedAt is null)
        {
            var now = clock.GetUtcNow();
            await work.Revoke(certificate.Thumbprint, now);
            work.Owe(new CertificateRevoked(certificate.Serial, now));
            Work.Audit(subject: $"certificate:{certificate.Serial}", partnerId: partnerId);
            await work.Commit();
        }
        return TypedResults.NoContent();
    }
}
