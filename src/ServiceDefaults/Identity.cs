using System.ComponentModel.DataAnnotations;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Hosting;

namespace Antaca.ServiceDefaults;

/// <summary>The certificate a service shows its neighbours, and the authority it trusts them by. All are PEM files.</summary>
public sealed record IdentitySettings
{
    [Required]
    public string Certificate { get; init; } = "";

    [Required]
    public string Key { get; init; } = "";

    /// <summary>The suite's internal CA.</summary>
    [Required]
    public string Authority { get; init; } = "";
}

/// <summary>
/// Who this service is among its neighbours: a certificate of the suite's internal CA whose common name is the service's
/// name. Both ends of every call between services show one.
/// </summary>
public sealed class ServiceIdentity
{
    /// <summary>The organisation that the AppHost writes into everything it makes. Production refuses it.</summary>
    public const string DevelopmentOrganization = "Antaca Development";

    private readonly X509Certificate2 _authority;

    private ServiceIdentity(string name, X509Certificate2 certificate, X509Certificate2 authority)
    {
        Name = name;
        Certificate = certificate;
        _authority = authority;
    }

    public string Name { get; }

    public X509Certificate2 Certificate { get; }

    /// <summary>Reads the identity and makes sure that it is this service's and fit for the environment.</summary>
    /// <exception cref="SettingsException">The certificate is another service's, or a development one in Production.</exception>
    public static ServiceIdentity Load(IdentitySettings settings, string service, IHostEnvironment environment)
    {
        var certificate = ReadPair(settings.Certificate, settings.Key);
        var name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        if (name != service)
        {
            throw new SettingsException([$"Identity:Certificate is {name}'s, but this service is {service}"]);
        }
        RefuseDevelopment(certificate, "Identity:Certificate", environment);
        return new ServiceIdentity(name, certificate, X509CertificateLoader.LoadCertificateFromFile(settings.Authority));
    }

    /// <summary>A certificate with its private key, from two PEM files.</summary>
    public static X509Certificate2 ReadPair(string certificateFile, string keyFile) => X509Certificate2.CreateFromPemFile(certificateFile, keyFile);

    /// <summary>Outside Development nothing made for development is accepted.</summary>
    public static void RefuseDevelopment(X509Certificate2 certificate, string setting, IHostEnvironment environment)
    {
        if (!environment.IsDevelopment() && certificate.Subject.Contains("O=" + DevelopmentOrganization, StringComparison.Ordinal))
        {
            throw new SettingsException([$"{setting} is a development certificate; {environment.EnvironmentName} needs one of its own"]);
        }
    }

    /// <summary>Whether a neighbour's certificate was issued by the internal CA and is in force.</summary>
    public bool Trusts(X509Certificate2? neighbour) => neighbour is not null && ChainsTo(neighbour, _authority);

    /// <summary>Whether <paramref name="certificate"/> was issued by <paramref name="authority"/> and is in force now.</summary>
    public static bool ChainsTo(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        };
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        return chain.Build(certificate);
    }

    /// <summary>TLS options for calling a neighbour: our certificate, and only the internal CA's word for theirs.</summary>
    public SslClientAuthenticationOptions ForCalling(string neighbour) => new()
    {
        ClientCertificates = [Certificate],
        LocalCertificateSelectionCallback = (_, _, _, _, _) => Certificate,
        RemoteCertificateValidationCallback = (_, shown, _, _) =>
            shown is X509Certificate2 certificate && Trusts(certificate) && certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) == neighbour,
    };
}
