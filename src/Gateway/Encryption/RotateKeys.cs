using Antaca.ServiceDefaults;

namespace Antaca.Gateway.Encryption;

/// <summary>
/// The command <c>keys rotate</c>: makes the next JWE key. Every gateway that reads the folder knows it within seconds; the
/// former key works for a day more.
/// </summary>
internal static class RotateKeys
{
    private const int UnusableSettings = 78;

    public static async Task<int> Run(string[] args)
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        var settings = configuration.GetSection("Encryption").Get<EncryptionSettings>();
        if (settings is null || !Directory.Exists(settings.KeyFolder))
        {
            await Console.Error.WriteLineAsync("Encryption:KeyFolder must name the folder of the gateway's JWE keys.");
            return UnusableSettings;
        }
        try
        {
            var kid = EncryptionKeys.Rotate(settings, TimeProvider.System);
            await Console.Out.WriteLineAsync($"Callers encrypt for the key {kid} from now on. The former key works for {EncryptionKeys.OverlapHours} hours more.");
            return 0;
        }
        catch (SettingsException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
    }
}
