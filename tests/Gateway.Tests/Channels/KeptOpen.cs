using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Antaca.ServiceDefaults;
using Antaca.TestKit;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>One connection with a client certificate, kept open from call to call, of exactly this version of HTTP.</summary>
internal sealed class KeptOpen : IDisposable
{
    private int _connections;

    public KeptOpen(Suite suite, Uri address, X509Certificate2 certificate, string version)
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(suite.Certificates.EdgeAuthority);
        Api = new Api(new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = Connect,
            MaxConnectionsPerServer = 1,
            SslOptions =
            {
                ClientCertificates = [certificate],
                LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate,
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is X509Certificate2 server && ServiceIdentity.ChainsTo(server, authority),
            },
            UseProxy = false,
        })
        {
            BaseAddress = address,
            DefaultRequestVersion = Version.Parse(version),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        });
    }

    public Api Api { get; }

    public int Connections => Volatile.Read(ref _connections);

    public void Dispose() => Api.Dispose();

    private async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        Interlocked.Increment(ref _connections);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
