using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Aspire.Hosting;

namespace Antaca.LocalHosting;

/// <summary>
/// Gives out the suite's ports. Without ANTACA_PORT_BASE an endpoint that asks for a port gets it and the inner ones count
/// up from 18010; with it, the endpoints that ask get base+443, base+444, ... in the order of AppHost.cs, the inner ones
/// base+10 and up.
/// </summary>
public sealed class Ports
{
    private const int DefaultBase = 18000;
    private const int FirstInner = 10;
    private const int FirstOuter = 443;
    private const int Highest = 65535 - 1000;

    private static readonly List<Socket> claims = [];

    private readonly int start;
    private readonly bool moved;
    private int inner = FirstInner;
    private int outer = FirstOuter;

    public Ports(int? portBase = null)
    {
        moved = portBase is not null;
        start = portBase ?? DefaultBase;
    }

    public static Ports FromEnvironment()
    {
        var text = Environment.GetEnvironmentVariable("ANTACA_PORT_BASE");
        if (string.IsNullOrWhiteSpace(text))
        {
            return new Ports();
        }
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var portBase) && portBase is >= 1024 and <= Highest
            ? new Ports(portBase)
            : throw new DistributedApplicationException($"ANTACA_PORT_BASE is \"{text}\": give a number from 1024 to {Highest}.");
    }

    public int Next(int? wanted = null)
    {
        if (wanted is not null)
        {
            return moved ? start + outer++ : wanted.Value;
        }
        if (inner == FirstOuter)
        {
            throw new DistributedApplicationException($"The suite has more than {FirstOuter - FirstInner} inner endpoints: run fewer replicas.");
        }
        return start + inner++;
    }

    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>
    /// Ports nobody listens on now, below the range that outgoing connections take theirs from. They are this process's until
    /// it ends: a part keeps its port while it is stopped, whatever else asks for free ports on this machine meanwhile.
    /// </summary>
    public static int[] Free(int count)
    {
        const int attempts = 1000;
        var free = new HashSet<int>();
        for (var attempt = 0; attempt < attempts && free.Count < count; attempt++)
        {
            var port = RandomNumberGenerator.GetInt32(20000, 32000);
            if (IsFree(port) && Claim(port))
            {
                free.Add(port);
            }
        }
        return free.Count == count ? [.. free] : throw new DistributedApplicationException("No free port between 20000 and 32000.");
    }

    /// <summary>An abstract socket bears the port's name: one process can hold it, and the system lets it go with the process.</summary>
    private static bool Claim(int port)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint($"\0antaca-port-{port}"));
        }
        catch (SocketException)
        {
            socket.Dispose();
            return false;
        }
        lock (claims)
        {
            claims.Add(socket);
        }
        return true;
    }
}
