using System.Diagnostics.CodeAnalysis;
using Antaca.Jose;
using Microsoft.Extensions.Caching.Memory;

namespace Antaca.Gateway.Encryption;

/// <summary>The thumbprint of the only key that answers to the caller may be sealed for; null where it registered none.</summary>
internal sealed record RegisteredKey(string? KeyId);

/// <summary>The callers' public keys, parsed once each and kept within a bound.</summary>
internal sealed class CallerKeys : IDisposable
{
    private const int MostKept = 1_000;
    private const int KeptMinutes = 10;

    private readonly MemoryCache _keys = new(new MemoryCacheOptions { SizeLimit = MostKept });

    /// <param name="header">The header <c>Public-Key</c>.</param>
    public bool TryGet(string? header, [NotNullWhen(true)] out RsaPublicKey? key)
    {
        if (header is not null && _keys.TryGetValue(header, out key) && key is not null)
        {
            return true;
        }
        if (!RsaPublicKey.TryParse(header, out key))
        {
            return false;
        }
        // An evicted key may still be sealing an answer: its handle is left to the collector.
        _keys.Set(header!, key, new MemoryCacheEntryOptions { Size = 1, SlidingExpiration = TimeSpan.FromMinutes(KeptMinutes) });
        return true;
    }

    public void Dispose() => _keys.Dispose();
}
