using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Certificates;

/// <summary>Shows a partner its certificates, and an operator those that were issued for a partner, processors' too: the newest.</summary>
internal static class ListCertificates
{
    private const int MaxCertificates = 200;

    public static void MapListCertificates(this IEndpointRouteBuilder partners) =>
        partners.MapGet("/{partnerId:guid}/certificates", OfPartner).AdmitsOperators(Role.Admin);

    public static void MapListOwnCertificates(this IEndpointRouteBuilder certificates) => certificates.MapGet("/", Own);

    private static async Task<Ok<Page<CertificateView>>> OfPartner(Guid partnerId, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel) =>
        Show(await database.ListIssuedFor(partnerId, MaxCertificates, cancel), clock);

    private static async Task<Ok<Page<CertificateView>>> Own(Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel) =>
        Show(await database.ListHeldBy(caller.PartnerId, MaxCertificates, cancel), clock);

    private static Ok<Page<CertificateView>> Show(IReadOnlyList<CertificateStore.Row> certificates, TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        return TypedResults.Ok(new Page<CertificateView>([.. certificates.Select(certificate => certificate.View(now))], Next: null));
    }
}
