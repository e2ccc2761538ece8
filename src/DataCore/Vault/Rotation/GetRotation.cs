using System.Globalization;
using Antaca.ServiceDefaults;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault.Rotation;

/// <summary>Says how far the re-encryption of the vault is, and how many numbers are under each data key.</summary>
internal static class GetRotation
{
    private const int UnusableSettings = 78;

    public static void MapGetRotation(this IEndpointRouteBuilder vault) => vault.MapGet("/rotation", Handle).AdmitsOperators(Role.Admin);

    private static async Task<Ok<RotationView>> Handle(NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        return TypedResults.Ok(await work.ViewOfRotation(clock.GetUtcNow()));
    }

    public static async Task<RotationView> ViewOfRotation(this Work work, DateTimeOffset now)
    {
        var rotation = await work.FindLastRotation();
        return RotationView.Of(rotation, await work.ListDataKeys(), rotation is null ? [] : await work.ListFailures(rotation.Id), now);
    }

    /// <summary>The command <c>vault status</c>.</summary>
    public static async Task<int> Run(string[] args, TimeProvider clock, TextWriter output, TextWriter errors)
    {
        if (new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build().GetConnectionString("database") is not { } owner)
        {
            await errors.WriteLineAsync("ConnectionStrings:database is required.");
            return UnusableSettings;
        }
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        await using var database = NpgsqlDataSource.Create(owner);
        await using var work = await Work.Begin(database, CancellationToken.None);
        var view = await work.ViewOfRotation(clock.GetUtcNow());
        await output.WriteLineAsync(Line($"rotation: {view.State}"));
        if (view.ToVersion is not null)
        {
            await output.WriteLineAsync(Line($"from version {view.FromVersion} to {view.ToVersion}: {view.Done} of {view.Total} numbers, {view.Failed} failed, {view.PerSecond ?? 0:F1} a second"));
            await output.WriteLineAsync(Line($"started {view.StartedAt:u}, finished {(view.FinishedAt is { } end ? Line($"{end:u}") : "not yet")}"));
        }
        foreach (var key in view.Keys)
        {
            await output.WriteLineAsync(Line($"key version {key.Version}: {key.Records} numbers{(key.RetiredAt is { } retired ? Line($", retired {retired:u}") : "")}"));
        }
        foreach (var failure in view.Failures)
        {
            await output.WriteLineAsync(Line($"card {failure.CardId}: {failure.Reason}"));
        }
        return 0;
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
