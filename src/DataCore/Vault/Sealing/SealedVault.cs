using Antaca.ServiceDefaults;

namespace Antaca.DataCore.Vault.Sealing;

/// <summary>
/// A start without the master key (<c>Vault:Sealed</c>). The service's ports are open and everything on them is 503; nothing
/// else of the service runs. Operators enter shares of the key, each on a machine they trust, until those make it; then
/// this is over, and the service starts as it does with a key from a file. Every replica is unsealed for itself.
/// </summary>
internal static class SealedVault
{
    public const string Prefix = "/internal/vault";

    public static bool Is(string[] args) =>
        new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build().GetSection("Vault").GetValue<bool>(nameof(VaultSettings.Sealed));

    /// <summary>Waits for the shares.</summary>
    /// <returns>The vault with its key; null where the process was asked to end before.</returns>
    public static async Task<Hsm?> Open(string[] args)
    {
        var builder = Defaults.CreateBuilder(Service.Name, args);
        builder.AddJson(DataCoreJson.Default);
        builder.AddSettings<VaultSettings>("Vault");
        using var shares = new EnteredShares();
        builder.Services.AddSingleton(shares);
        builder.Services.AddSingleton(new HealthCheck("vault", () => "Unhealthy"));
        builder.Services.AddSingleton(new HealthCheck("shares", () => shares.ToString()));
        builder.Services.AddSingleton<IStartupFilter>(new Closed());
        await using var app = builder.BuildService();
        app.MapForServices("datacore/seal", Prefix).MapEnterShare();
        await app.StartAsync();
        var ended = app.WaitForShutdownAsync();
        await Task.WhenAny(shares.Complete, ended);
        await app.StopAsync();
        return shares.Complete.IsCompletedSuccessfully ? await shares.Complete : null;
    }

    /// <summary>503 for whatever comes by TLS and is no share.</summary>
    private sealed class Closed : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, further) => context.Request.IsHttps && !context.Request.Path.StartsWithSegments(Prefix + EnterShare.Path)
                ? Problems.OfStatus(StatusCodes.Status503ServiceUnavailable).ExecuteAsync(context)
                : further(context));
            next(app);
        };
    }
}
