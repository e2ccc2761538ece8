using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.Extensions.Caching.Memory;

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

/// <summary>Who holds a client certificate: asked of DataCore, remembered for a few seconds, so that a revocation works at once or nearly.</summary>
internal sealed class ClientCertificates(
    X509Certificate2 partnerAuthority, [FromKeyedServices("datacore")] Peer dataCore, TimeProvider clock) : IDisposable
{
    private const int RememberedSeconds = 5;
    private const int MostRemembered = 10_000;

    private readonly MemoryCache _holders = new(new MemoryCacheOptions { SizeLimit = MostRemembered });

    public async ValueTask<(Standing Standing, CertificateHolder? Holder)> Identify(X509Certificate2 certificate, CancellationToken cancel)
    {
        var thumbprint = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        if (_holders.TryGetValue(thumbprint, out Remembered? remembered) && remembered!.Until > clock.GetUtcNow())
        {
            return (remembered.Standing, remembered.Holder);
        }
        if (!ServiceIdentity.ChainsTo(certificate, partnerAuthority))
        {
            return (Standing.Invalid, null);
        }
        var answer = await dataCore.Post<IdentifyCertificate, CertificateHolder>("/internal/certificates/identify", new IdentifyCertificate(thumbprint), cancel);
        var standing = answer.Found ? Standing.Known : Standing.Unknown;
        _holders.Set(
            thumbprint,
            new Remembered(standing, answer.Value, clock.GetUtcNow().AddSeconds(RememberedSeconds)),
            new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(RememberedSeconds) });
        return (standing, answer.Value);
    }

    public void Dispose() => _holders.Dispose();

    private sealed record Remembered(Standing Standing, CertificateHolder? Holder, DateTimeOffset Until);
}
