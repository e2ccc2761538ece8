using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Antaca.ServiceDefaults;
using Antaca.TestKit;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>Clients that call from a loopback address of their own: all of 127.0.0.0/8 is this machine.</summary>
internal static class Addresses
{
    /// <summary>A client of the public port.</summary>
    public static Api PublicPortFrom(this Suite suite, string address) => From(suite, suite.PublicAddress, address, certificate: null);

    /// <summary>A client of the mTLS port.</summary>
    public static Api PartnerPortFrom(this Suite suite, string address, X509Certificate2 certificate) => From(suite, suite.PartnerAddress, address, certificate);

    private static Api From(Suite suite, Uri port, string address, X509Certificate2? certificate)
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(suite.Certificates.EdgeAuthority);
        var handler = new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is X509Certificate2 server && ServiceIdentity.ChainsTo(server, authority) },
            UseProxy = false,
            ConnectCallback = async (connection, cancel) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                    await socket.ConnectAsync(IPAddress.Loopback, connection.DnsEndPoint.Port, cancel);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch (Exception)
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        if (certificate is not null)
        {
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }
        return new Api(new HttpClient(handler) { BaseAddress = port, DefaultRequestVersion = HttpVersion.Version20 });
    }
}
