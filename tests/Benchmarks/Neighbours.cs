using System.Net;
using System.Security.Cryptography.X509Certificates;
using Antaca.AppHost;
using Antaca.ServiceDefaults;

namespace Antaca.Benchmarks;

/// <summary>Calls of the suite's own services to each other, made from here.</summary>
internal static class Neighbours
{
    /// <summary>One HTTP/2 connection to a service's own port, as that neighbour.</summary>
    /// <param name="authority">The suite's internal CA.</param>
    public static HttpClient Connect(Certificates certificates, X509Certificate2 authority, string neighbour, Uri service)
    {
        var certificate = ServiceIdentity.ReadPair(certificates.CertificateOf(neighbour), certificates.KeyOf(neighbour));
        return new HttpClient(new SocketsHttpHandler
        {
            SslOptions =
            {
                ClientCertificates = [certificate],
                LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate,
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is X509Certificate2 theirs && ServiceIdentity.ChainsTo(theirs, authority),
            },
            UseProxy = false,
        })
        {
            BaseAddress = service,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }
}
