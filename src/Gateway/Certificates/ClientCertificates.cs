using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Antaca.Contracts.Requests;
using Antaca.Gateway.Channels;
using Antaca.ServiceDefaults;

namespace Antaca.Gateway.Certificates;

/// <summary>What a client certificate turned out to be.</summary>
internal enum Standing
{
    /// <summary>Not issued by the partner CA, or not in force.</summary>
    Invalid,

    /// <summary>Issued by us, but unknown to DataCore or revoked there.</summary>
    Unknown,

    Known,
}

/// <summary>A certificate's holder, with its networks read.</summary>
internal sealed record KnownCertificate(CertificateHolder Holder, IPNetwork[] Networks)
{
    /// <summary>Whether the holder may call from there. Who names no network may call from any.</summary>
    public bool MayCallFrom(IPAddress? address)
    {
        if (Networks.Length == 0)
        {
            return true;
        }
        var plain = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        return plain is not null && Array.Exists(Networks, network => network.Contains(plain));
    }
}

/// <summary>Who holds a client certificate: asked of DataCore, and remembered until it may have changed.</summary>
internal sealed class ClientCertificates(X509Certificate2 partnerAuthority, Peer dataCore, Remembered remembered)
{
    /// <summary>A connection shows one certificate object for all its calls.</summary>
    private readonly ConditionalWeakTable<X509Certificate2, string> _thumbprints = [];

    public KnownCertificate? Known(X509Certificate2 certificate) => remembered.Known<KnownCertificate>(ThumbprintOf(certificate));

    public async Task<(Standing Standing, KnownCertificate? Certificate)> Ask(X509Certificate2 certificate, CancellationToken cancel)
    {
        var thumbprint = ThumbprintOf(certificate);
        var standing = Standing.Known;
        var known = await remembered.Ask<KnownCertificate>(thumbprint, async () =>
        {
            if (!ServiceIdentity.ChainsTo(certificate, partnerAuthority))
            {
                standing = Standing.Invalid;
                return (null, []);
            }
            var answer = await dataCore.Post<IdentifyCertificate, CertificateHolder>("/internal/certificates/identify", new IdentifyCertificate(thumbprint), cancel);
            if (answer.Value is not { } holder)
            {
                standing = Standing.Unknown;
                return (null, []);
            }
            return (new KnownCertificate(holder, [.. holder.Networks.Select(network => IPNetwork.Parse(network))]), [$"certificate:{holder.Serial}", $"partner:{holder.PartnerId}"]);
        });
        return (known is null ? standing : Standing.Known, known);
    }

    private string ThumbprintOf(X509Certificate2 certificate) => _thumbprints.GetValue(certificate, shown => shown.GetCertHashString(HashAlgorithmName.SHA256));
}
