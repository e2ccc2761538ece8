using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Antaca.ServiceDefaults;

[assembly: InternalsVisibleTo("Antaca.BalanceService.Tests")]

namespace Antaca.BalanceService.Journal;

internal sealed record JournalSettings
{
    /// <summary>A PEM file with a P-256 private key (PKCS #8). One that begins with <c>development:</c> serves Development only.</summary>
    [Required]
    public string SigningKey { get; init; } = "";
}

/// <summary>Signs the roots of the journal: ES256, that is ECDSA on P-256 with SHA-256, the signature as r || s in 64 bytes.</summary>
internal sealed class JournalKey : IDisposable
{
    private const string DevelopmentPrefix = "development:";

    private readonly ECDsa _key;

    private JournalKey(ECDsa key) => _key = key;

    public string PublicKeyPem => _key.ExportSubjectPublicKeyInfoPem();

    /// <exception cref="SettingsException">The file does not hold such a key, or holds a development one elsewhere.</exception>
    public static JournalKey Open(JournalSettings settings, string environment)
    {
        if (!File.Exists(settings.SigningKey))
        {
            throw new SettingsException(["Journal:SigningKey names no file"]);
        }
        var pem = File.ReadAllText(settings.SigningKey);
        if (pem.StartsWith(DevelopmentPrefix, StringComparison.Ordinal) && environment != Environments.Development)
        {
            throw new SettingsException([$"Journal:SigningKey holds a development key; {environment} needs one of its own"]);
        }
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.ExportParameters(includePrivateParameters: true).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value)
            {
                return new JournalKey(key);
            }
        }
        catch (Exception unusable) when (unusable is ArgumentException or CryptographicException)
        {
            // Said below, without the reader's words: they may quote the file.
        }
        key.Dispose();
        throw new SettingsException(["Journal:SigningKey must hold a P-256 private key in PEM"]);
    }

    /// <summary>Signs the line <c>root|day|position|entries|hash</c>: the day as 2026-11-29, the hash in lower-case hexadecimal.</summary>
    public byte[] Sign(string day, Seal last) => _key.SignData(
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"root|{day}|{last.Position}|{last.Number}|{Convert.ToHexStringLower(last.Hash)}")),
        HashAlgorithmName.SHA256,
        DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    public void Dispose() => _key.Dispose();
}
