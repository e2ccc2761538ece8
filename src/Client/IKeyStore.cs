using Antaca.Jose;

namespace Antaca.Client;

/// <summary>
/// Keeps a device's keys and which installation they belong to: one store for one user on one device. On a phone this is the
/// platform's key store; <see cref="FileKeyStore"/> and <see cref="InMemoryKeyStore"/> are for desktops, servers and tests.
/// Used from several threads at once.
/// </summary>
public interface IKeyStore
{
    /// <summary>The public half of the device's signing key: EC on P-256 (RFC 7518 section 6.2).</summary>
    ValueTask<Jwk> GetSigningKey(CancellationToken cancel = default);

    /// <summary>Signs with the key, which never leaves the store: ES256, 64 bytes r||s (RFC 7518 section 3.4).</summary>
    ValueTask<byte[]> Sign(ReadOnlyMemory<byte> data, CancellationToken cancel = default);

    /// <summary>
    /// The RSA key (2048 to 4096 bits) that answers to this device are sealed for. The store keeps and disposes it. A key that
    /// hardware holds fits in too: <see cref="RsaPrivateKey.Of"/> takes any <see cref="System.Security.Cryptography.RSA"/>.
    /// </summary>
    ValueTask<RsaPrivateKey> GetAnswerKey(CancellationToken cancel = default);

    /// <summary>The installation that the suite gave this device; null before pairing.</summary>
    ValueTask<Guid?> GetInstallation(CancellationToken cancel = default);

    /// <param name="installationId">Null where the installation has ended.</param>
    /// <param name="cancel">Ends the waiting.</param>
    ValueTask KeepInstallation(Guid? installationId, CancellationToken cancel = default);
}
