using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Antaca.Jose;
using Antaca.ServiceDefaults;

namespace Antaca.Gateway.Encryption;

internal sealed record EncryptionSettings
{
    /// <summary>Holds our RSA private keys as <c>{yyyyMMddTHHmmssZ}.pem</c>; the newest is current.</summary>
    [Required]
    public string KeyFolder { get; init; } = "";
}

/// <summary>Our keys for what callers encrypt: the current one, and its forerunners for as long as callers may still use them.</summary>
internal sealed class EncryptionKeys : IDisposable
{
    /// <summary>How long a key opens payloads after its successor was made.</summary>
    public const int OverlapHours = 24;

    private const string NameFormat = "yyyyMMdd'T'HHmmss'Z'";

    private readonly (DateTimeOffset MadeAt, RsaPrivateKey Key)[] _newestFirst;
    private readonly TimeProvider _clock;

    private EncryptionKeys((DateTimeOffset MadeAt, RsaPrivateKey Key)[] newestFirst, TimeProvider clock)
    {
        _newestFirst = newestFirst;
        _clock = clock;
    }

    /// <summary>The key that callers are to encrypt for.</summary>
    public RsaPublicKey Current => _newestFirst[0].Key.PublicKey;

    /// <summary>The keys that open a payload now.</summary>
    public RsaPrivateKey[] Accepted => _newestFirst.Length == 1 || _clock.GetUtcNow() >= _newestFirst[0].MadeAt.AddHours(OverlapHours)
        ? [_newestFirst[0].Key]
        : [.. _newestFirst.Take(Jwe.MaxKeys).Select(made => made.Key)];

    /// <exception cref="SettingsException">The folder holds no key, or a file that is not named for its time.</exception>
    public static EncryptionKeys Load(EncryptionSettings settings, TimeProvider clock)
    {
        var keys = Directory.EnumerateFiles(settings.KeyFolder, "*.pem")
            .Select(file => (MadeAt: MadeAt(file), Key: RsaPrivateKey.FromPem(File.ReadAllText(file))))
            .OrderByDescending(made => made.MadeAt)
            .ToArray();
        return keys.Length > 0 ? new EncryptionKeys(keys, clock) : throw new SettingsException(["Encryption:KeyFolder holds no key"]);
    }

    public void Dispose()
    {
        foreach (var (_, key) in _newestFirst)
        {
            key.Dispose();
        }
    }

    private static DateTimeOffset MadeAt(string file) =>
        DateTimeOffset.TryParseExact(Path.GetFileNameWithoutExtension(file), NameFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var madeAt)
            ? madeAt
            : throw new SettingsException([$"Encryption:KeyFolder: {Path.GetFileName(file)} is not named for the time it was made, such as 20260131T120000Z.pem"]);
}
