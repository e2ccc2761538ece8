using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Antaca.AppHost;
using Antaca.ServiceDefaults;

namespace Antaca.Benchmarks;

/// <summary>Where a benchmark's processes find each other: one folder of certificates, and ports counted from a base.</summary>
internal sealed class Place
{
    private readonly string _folder;
    private readonly int _portBase;
    private readonly X509Certificate2 _internal;
    private readonly X509Certificate2 _edge;

    public Place(string folder, int portBase)
    {
        _folder = folder;
        _portBase = portBase;
        Certificates = Certificates.Keep(folder, [Identifier, MeasuredService, "balanceservice", "kycservice", "notifications", "gateway"], TimeProvider.System);
        _internal = X509CertificateLoader.LoadCertificateFromFile(Certificates.InternalAuthority);
        _edge = X509CertificateLoader.LoadCertificateFromFile(Certificates.EdgeAuthority);
    }

    /// <summary>The service that all measured calls end at.</summary>
    public const string MeasuredService = "cardservice";

    public const string Identifier = "datacore";

    public Place(string[] arguments)
        : this(arguments[0], int.Parse(arguments[1], CultureInfo.InvariantCulture))
    {
    }

    public Certificates Certificates { get; }

    public string[] Arguments => [_folder, _portBase.ToString(CultureInfo.InvariantCulture)];

    public int BackendPort => _portBase;

    public int IdentifierPort => _portBase + 1;

    public int BareProxyPort => _portBase + 2;

    public int GatewayPublicPort => _portBase + 3;

    public int GatewayPartnersPort => _portBase + 4;

    public int GatewayHealthPort => _portBase + 5;

    public int AwayPort => _portBase + 6;

    public const int Ports = 7;

    /// <summary>Whether a certificate was issued by the place's inner or outer authority.</summary>
    public bool IsOurs(X509Certificate? shown) => shown is X509Certificate2 certificate
        && (ServiceIdentity.ChainsTo(certificate, _internal) || ServiceIdentity.ChainsTo(certificate, _edge));
}
