using System.Security.Cryptography;
using System.Text;
using Antaca.Jose;

namespace Antaca.Client;

/// <summary>
/// Keys in a folder of their own, for desktops and servers: PKCS #8, encrypted with a passphrase (PBES2, RFC 8018: PBKDF2 with
/// HMAC-SHA256 and AES-256-CBC), readable by their owner alone (mode 600). A session is never among the files.
/// </summary>
public sealed class FileKeyStore : IKeyStore, IDisposable
{
    private const string SigningFile = "signing.pem";
    private const string AnswersFile = "answers.pem";
    private const string InstallationFile = "installation";
    private const int Iterations = 600_000;
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly string _folder;
    private readonly DeviceKeys _keys;
    private readonly Lock _lock = new();

    private FileKeyStore(string folder, DeviceKeys keys)
    {
        _folder = folder;
        _keys = keys;
    }

    /// <summary>Opens the store in the folder; makes the folder and the keys where there are none.</summary>
    /// <param name="folder">Of this store alone.</param>
    /// <param name="passphrase">Of the keys; not empty.</param>
    /// <exception cref="CryptographicException">The passphrase is another, or a file is damaged.</exception>
    /// <exception cref="UnauthorizedAccessException">A key file may be read by others than its owner.</exception>
    public static FileKeyStore Open(string folder, string passphrase)
    {
        ArgumentException.ThrowIfNullOrEmpty(passphrase);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, Owner | UnixFileMode.UserExecute);
        }

        var signing = Kept(Path.Combine(folder, SigningFile), passphrase, ECDsa.Create, () => ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var answers = Kept(Path.Combine(folder, AnswersFile), passphrase, RSA.Create, () => RSA.Create(RsaPublicKey.MinSizeBits));
        return new FileKeyStore(folder, new DeviceKeys(signing, RsaPrivateKey.Of(answers)));
    }

    public ValueTask<Jwk> GetSigningKey(CancellationToken cancel = default) => ValueTask.FromResult(_keys.SigningKey);

    public ValueTask<byte[]> Sign(ReadOnlyMemory<byte> data, CancellationToken cancel = default) => ValueTask.FromResult(_keys.Sign(data.Span));

    public ValueTask<RsaPrivateKey> GetAnswerKey(CancellationToken cancel = default) => ValueTask.FromResult(_keys.AnswerKey);

    /// <exception cref="FormatException">The file of the installation is damaged.</exception>
    public ValueTask<Guid?> GetInstallation(CancellationToken cancel = default)
    {
        var file = Path.Combine(_folder, InstallationFile);
        lock (_lock)
        {
            return ValueTask.FromResult(File.Exists(file) ? Guid.Parse(File.ReadAllText(file)) : (Guid?)null);
        }
    }

    public ValueTask KeepInstallation(Guid? installationId, CancellationToken cancel = default)
    {
        var file = Path.Combine(_folder, InstallationFile);
        lock (_lock)
        {
            if (installationId is { } id)
            {
                Write(file, id.ToString(), overwrite: true);
            }
            else
            {
                File.Delete(file);
            }
        }
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _keys.Dispose();

    private static TKey Kept<TKey>(string file, string passphrase, Func<TKey> empty, Func<TKey> made)
        where TKey : AsymmetricAlgorithm
    {
        if (!File.Exists(file))
        {
            using var key = made();
            var parameters = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, Iterations);
            Write(file, key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, parameters), overwrite: false);
        }
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & Others) != 0)
        {
            throw new UnauthorizedAccessException($"{file} may be read by others than its owner: chmod 600 it.");
        }

        var kept = empty();
        try
        {
            kept.ImportFromEncryptedPem(File.ReadAllText(file), passphrase);
            return kept;
        }
        catch (ArgumentException damaged)
        {
            throw new CryptographicException($"{file} holds no encrypted key.", damaged);
        }
    }

    /// <summary>At once or not at all; where another process was faster with a new key, its file stays.</summary>
    private static void Write(string file, string text, bool overwrite)
    {
        var draft = $"{file}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Owner;
        }
        using (var stream = new FileStream(draft, options))
        {
            stream.Write(Encoding.ASCII.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }
        try
        {
            File.Move(draft, file, overwrite);
        }
        catch (IOException) when (!overwrite && File.Exists(file))
        {
            File.Delete(draft);
        }
    }
}
