using System.Security.Cryptography;
using Antaca.Jose;

namespace Antaca.Client;

/// <summary>Keys that live as long as this object: for tests, and for an installation that need not outlive the process.</summary>
public sealed class InMemoryKeyStore : IKeyStore, IDisposable
{
    private readonly DeviceKeys _keys = DeviceKeys.Create();
    private readonly Lock _lock = new();
    private Guid? _installation;

    public ValueTask<Jwk> GetSigningKey(CancellationToken cancel = default) => ValueTask.FromResult(_keys.SigningKey);

    public ValueTask<byte[]> Sign(ReadOnlyMemory<byte> data, CancellationToken cancel = default) => ValueTask.FromResult(_keys.Sign(data.Span));

    public ValueTask<RsaPrivateKey> GetAnswerKey(CancellationToken cancel = default) => ValueTask.FromResult(_keys.AnswerKey);

    public ValueTask<Guid?> GetInstallation(CancellationToken cancel = default)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(_installation);
        }
    }

    public ValueTask KeepInstallation(Guid? installationId, CancellationToken cancel = default)
    {
        lock (_lock)
        {
            _installation = installationId;
        }
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _keys.Dispose();
}

/// <summary>The two keys of a device, in this process's memory.</summary>
internal sealed class DeviceKeys(ECDsa signing, RsaPrivateKey answers) : IDisposable
{
    private readonly Lock _signing = new();

    public Jwk SigningKey { get; } = Jwk.Of(signing);

    public RsaPrivateKey AnswerKey => answers;

    public static DeviceKeys Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), RsaPrivateKey.Create());

    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        lock (_signing)
        {
            return signing.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    public void Dispose()
    {
        signing.Dispose();
        answers.Dispose();
    }
}
