using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Cryptography;
using Antaca.Jose;
using Antaca.ServiceDefaults;

namespace Antaca.Gateway.Encryption;

internal sealed record EncryptionSettings
{
    /// <summary>Holds our RSA private keys as <c>{yyyyMMddTHHmmssZ}.pem</c>; the newest is current.</summary>
    [Required]
    public string KeyFolder { get; init; } = "";
}

/// <summary>
/// Our keys for what callers encrypt: the current one, and its forerunners for as long as callers may still use them. The
/// folder is read again every <see cref="ReadAgainSeconds"/> seconds, and when a payload does not open: a key that was made
/// meanwhile, here or for another replica, is known without a restart.
/// </summary>
internal sealed partial class EncryptionKeys : IDisposable
{
    /// <summary>How long a key opens payloads after its successor was made.</summary>
    public const int OverlapHours = 24;

    public const int ReadAgainSeconds = 5;

    private const string NameFormat = "yyyyMMdd'T'HHmmss'Z'";
    private const int ReadOnMissMilliseconds = 1_000;

    private readonly string _folder;
    private readonly TimeProvider _clock;
    private readonly ILogger<EncryptionKeys> _log;
    private readonly ITimer _timer;
    private readonly Lock _reading = new();
    private readonly HashSet<string> _unusable = [];
    private volatile Made[] _newestFirst;
    private long _lastRead;

    /// <exception cref="SettingsException">The folder holds no key, or a file that is no key or not named for its time.</exception>
    public EncryptionKeys(EncryptionSettings settings, TimeProvider clock, ILogger<EncryptionKeys> log)
    {
        (_folder, _clock, _log) = (settings.KeyFolder, clock, log);
        _newestFirst = [];
        _newestFirst = Read(strict: true);
        if (_newestFirst.Length == 0)
        {
            throw new SettingsException(["Encryption:KeyFolder holds no key"]);
        }
        _timer = clock.CreateTimer(_ => ReadAgain(), null, TimeSpan.FromSeconds(ReadAgainSeconds), TimeSpan.FromSeconds(ReadAgainSeconds));
    }

    /// <summary>The key that callers are to encrypt for.</summary>
    public RsaPublicKey Current => _newestFirst[0].Key.PublicKey;

    public JweResult Open(string payload)
    {
        var known = _newestFirst;
        var result = Jwe.Open(payload, Accepted(known));
        if (result is not JweResult.CannotDecrypt || _clock.GetElapsedTime(Interlocked.Read(ref _lastRead)).TotalMilliseconds < ReadOnMissMilliseconds)
        {
            return result;
        }
        ReadAgain();
        var now = _newestFirst;
        return ReferenceEquals(now, known) ? result : Jwe.Open(payload, Accepted(now));
    }

    /// <summary>Makes the key that is current from now on; its forerunner works for <see cref="OverlapHours"/> hours more.</summary>
    /// <returns>Its <c>kid</c>.</returns>
    /// <exception cref="SettingsException">A key was made within the last second.</exception>
    public static string Rotate(EncryptionSettings settings, TimeProvider clock)
    {
        using var rsa = RSA.Create(RsaPublicKey.MinSizeBits);
        using var key = RsaPrivateKey.Of(rsa);
        var file = Path.Combine(settings.KeyFolder, clock.GetUtcNow().ToString(NameFormat, CultureInfo.InvariantCulture) + ".pem");
        var unfinished = file + ".new";
        var ownersOnly = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            ownersOnly.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        using (var stream = new FileStream(unfinished, ownersOnly))
        using (var writer = new StreamWriter(stream))
        {
            writer.WriteLine(rsa.ExportPkcs8PrivateKeyPem());
        }
        if (File.Exists(file))
        {
            File.Delete(unfinished);
            throw new SettingsException([$"A key was made this very second: {Path.GetFileName(file)}"]);
        }
        File.Move(unfinished, file);
        return key.Kid;
    }

    public void Dispose()
    {
        _timer.Dispose();
        foreach (var made in _newestFirst)
        {
            made.Key.Dispose();
        }
    }

    private RsaPrivateKey[] Accepted(Made[] newestFirst) => newestFirst.Length == 1 || _clock.GetUtcNow() >= newestFirst[0].MadeAt.AddHours(OverlapHours)
        ? [newestFirst[0].Key]
        : [.. newestFirst.Take(Jwe.MaxKeys).Select(made => made.Key)];

    private void ReadAgain()
    {
        lock (_reading)
        {
            var read = Read(strict: false);
            // Not one key left is a mishap in the folder, not a wish: what is known goes on. Keys that went may be in use; the collector ends them.
            if (read.Length > 0 && !read.SequenceEqual(_newestFirst))
            {
                _newestFirst = read;
                CurrentKey(_log, read[0].Key.Kid, read.Length);
            }
        }
    }

    /// <summary>What the folder holds, newest first; keys that are known already are not read again.</summary>
    private Made[] Read(bool strict)
    {
        Interlocked.Exchange(ref _lastRead, _clock.GetTimestamp());
        var known = _newestFirst.ToDictionary(made => made.File);
        var found = new List<Made>();
        foreach (var file in Directory.EnumerateFiles(_folder, "*.pem"))
        {
            string? fault = null;
            if ((known.GetValueOrDefault(file) ?? TryRead(file, out fault)) is { } made)
            {
                found.Add(made);
                continue;
            }
            if (strict)
            {
                throw new SettingsException([$"Encryption:KeyFolder: {Path.GetFileName(file)} {fault}"]);
            }
            if (_unusable.Add(file))
            {
                Unusable(_log, Path.GetFileName(file), fault!);
            }
        }
        return [.. found.OrderByDescending(made => made.MadeAt)];
    }

    private static Made? TryRead(string file, out string? fault)
    {
        fault = null;
        if (!DateTimeOffset.TryParseExact(Path.GetFileNameWithoutExtension(file), NameFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var madeAt))
        {
            fault = "is not named for the time it was made, such as 20260131T120000Z.pem";
            return null;
        }
        try
        {
            return new Made(file, madeAt, RsaPrivateKey.FromPem(File.ReadAllText(file)));
        }
        catch (Exception unreadable) when (unreadable is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            fault = $"holds no RSA private key that can be read ({unreadable.GetType().Name})";
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Callers encrypt for the key {Kid} now; {Keys} keys are known")]
    private static partial void CurrentKey(ILogger log, string kid, int keys);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The key file {File} is left out: it {Fault}")]
    private static partial void Unusable(ILogger log, string file, string fault);

    private sealed record Made(string File, DateTimeOffset MadeAt, RsaPrivateKey Key);
}
