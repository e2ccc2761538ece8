using System.Globalization;
using System.Security.Cryptography;
using Antaca.ServiceDefaults;

namespace Antaca.DataCore.Vault.Sealing;

/// <summary>
/// The command <c>vault split-key</c>: prints shares of the master key in its file, a line for each of the people who are to
/// keep one. Once they have them the file goes, and the service is started with <c>Vault:Sealed</c>.
/// </summary>
internal static class SplitMasterKey
{
    private const int WrongUse = 64;
    private const int UnusableSettings = 78;

    public static async Task<int> Run(string[] args, TextWriter output, TextWriter errors)
    {
        var builder = Defaults.CreateBuilder(Service.Name, args);
        var settings = builder.Configuration;
        if (!int.TryParse(settings["shares"], NumberStyles.None, CultureInfo.InvariantCulture, out var total)
            || !int.TryParse(settings["needed"], NumberStyles.None, CultureInfo.InvariantCulture, out var needed)
            || !MasterKeyShares.IsSplit(needed, total))
        {
            await errors.WriteLineAsync($"Give --shares N and --needed M with {MasterKeyShares.MinNeeded} <= M <= N <= {MasterKeyShares.MaxTotal}.");
            return WrongUse;
        }
        var key = GC.AllocateArray<byte>(Hsm.MasterKeyBytes, pinned: true);
        try
        {
            VaultKeys.ReadMasterKey(settings.GetSection("Vault").Get<VaultSettings>() ?? new VaultSettings(), builder.Environment, key);
            foreach (var share in MasterKeyShares.Split(key, needed, total))
            {
                using (share)
                {
                    await output.WriteLineAsync(share.Reveal());
                }
            }
            return 0;
        }
        catch (SettingsException unusable)
        {
            await errors.WriteLineAsync(unusable.Message);
            return UnusableSettings;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
