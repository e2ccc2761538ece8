using System.Net;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Antaca.Benchmarks;

/// <summary>
/// What stands behind the proxies: a service that answers at once, over the suite's inner TLS. It also answers for DataCore
/// whose certificate or session a call shows, so that the gateway authenticates as it always does.
/// </summary>
internal static class Backend
{
    private static readonly byte[] _answer =
        """{"items":[{"id":"0190a000-0000-7000-8000-000000000009","type":"Virtual","status":"Active","maskedCardNo":"510510******5100","exp":"2029-11-30","balanceId":"0190a000-0000-7000-8000-00000000000a","activationDate":"2026-11-25","lock":null,"pin":{"set":false,"triesLeft":3},"createdAt":"2026-11-25T10:00:00Z"}],"next":null}"""u8.ToArray();

    public static async Task<int> Run(Place place)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Listen(place.BackendPort, Place.MeasuredService);
            Listen(place.IdentifierPort, Place.Identifier);

            void Listen(int port, string service) => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = ServiceIdentity.ReadPair(place.Certificates.CertificateOf(service), place.Certificates.KeyOf(service));
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.AllowAnyClientCertificate();
            }));
        });
        var app = builder.Build();
        var later = TimeProvider.System.GetUtcNow().AddHours(1);
        var (partner, user) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        app.MapPost("/internal/certificates/identify", () => Results.Json(new CertificateHolder("Partner", partner, null, "01", later.AddYears(1), [], null)));
        app.MapPost("/internal/sessions/identify", () => Results.Json(
            new SessionHolder(Guid.CreateVersion7(), Guid.CreateVersion7(), user, partner, Guid.CreateVersion7(), null, later)));
        app.Map("/{**path}", (HttpContext context) =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = _answer.Length;
            return context.Response.Body.WriteAsync(_answer).AsTask();
        });
        await app.RunAsync();
        return 0;
    }
}
