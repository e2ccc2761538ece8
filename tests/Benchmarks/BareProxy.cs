using System.Net;
using System.Security.Authentication;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Antaca.Benchmarks;

/// <summary>YARP and nothing else, with the gateway's certificates on both sides: what a proxy of this kind costs at the least.</summary>
internal static class BareProxy
{
    public static async Task<int> Run(Place place)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, place.BareProxyPort, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = ServiceIdentity.ReadPair(place.Certificates.EdgeCertificate, place.Certificates.EdgeKey);
                https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.AllowAnyClientCertificate();
            }));
        });
        builder.Services.AddSingleton<IForwarderHttpClientFactory>(new ShowingACertificate(place));
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "backend", Match = new RouteMatch { Path = "/{**path}" } }],
            [
                new ClusterConfig
                {
                    ClusterId = "backend",
                    Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = $"https://localhost:{place.BackendPort}" } },
                    HttpRequest = new ForwarderRequestConfig { Version = HttpVersion.Version20 },
                },
            ]);
        var app = builder.Build();
        app.MapReverseProxy();
        await app.RunAsync();
        return 0;
    }

    private sealed class ShowingACertificate(Place place) : ForwarderHttpClientFactory
    {
        protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
        {
            base.ConfigureHandler(context, handler);
            var certificate = ServiceIdentity.ReadPair(place.Certificates.CertificateOf("gateway"), place.Certificates.KeyOf("gateway"));
            handler.SslOptions.ClientCertificates = [certificate];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
            handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => place.IsOurs(shown);
            handler.EnableMultipleHttp2Connections = true;
        }
    }
}
