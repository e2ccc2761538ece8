using System.Security.Cryptography;
using System.Text;
using Antaca.DataCore.Credentials;
using Antaca.DataCore.Installations;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Sessions;

/// <summary>The two ways an installation proves that its user is there: the device's signature, and the PIN.</summary>
internal static class DeviceProof
{
    private const int SignatureBytes = 64;

    private static readonly string _nobodysKey = Nobodys();

    /// <summary>
    /// ES256 (RFC 7518 section 3.4): r and s over the challenge's ASCII text. Where there is no key the answer is no, and takes
    /// as long.
    /// </summary>
    public static bool Signs(string? deviceKey, string challenge, string signature)
    {
        if (!Ascii.IsValid(challenge) || !StrictBase64Url.TryDecode(signature, out var bytes) || bytes.Length != SignatureBytes
            || !Jwk.TryParse(deviceKey ?? _nobodysKey, out var jwk) || !jwk.TryGetP256(out var key))
        {
            return false;
        }
        using (key)
        {
            var signs = key.VerifyData(Encoding.ASCII.GetBytes(challenge), bytes, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            return signs && deviceKey is not null;
        }
    }

    /// <summary>
    /// Judges a PIN; the installation's row is held. Null when it is right, and the tries are whole again. A wrong one is
    /// counted, and this work committed; the last ends the installation and its sessions.
    /// </summary>
    public static async Task<ProblemHttpResult?> JudgePin(this Work work, Installation installation, string pin, SlowHash slow, DateTimeOffset now)
    {
        if (slow.Verify(Installation.PinPurpose, pin, installation.PinHash))
        {
            if (installation.WrongPins > 0)
            {
                await work.SavePinTries(installation.Id, wrongPins: 0, now);
            }
            return null;
        }
        await work.SavePinTries(installation.Id, installation.WrongPins + 1, now);
        if (installation.TriesLeft > 1)
        {
            Work.Audit(actor: $"user:{installation.UserId}", subject: $"installation:{installation.Id}", outcome: "WRONG_PIN", installation.UserId, installation.PartnerId);
            await work.Commit();
            return SessionProblems.WrongPin(installation.TriesLeft - 1);
        }
        await work.EndInstallation(installation.Id, installation.UserId, "PinTries", now);
        await work.EndSessionsOfInstallation(installation.Id, "PinTries", now);
        Work.Audit(actor: $"user:{installation.UserId}", subject: $"installation:{installation.Id}", outcome: "INSTALLATION_ENDED", installation.UserId, installation.PartnerId);
        await work.Commit();
        return SessionProblems.InstallationEnded();
    }

    private static string Nobodys()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Jwk.Of(key).ToJson();
    }
}
