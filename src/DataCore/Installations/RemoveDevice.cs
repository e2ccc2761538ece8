using Antaca.DataCore.Sessions;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Installations;

/// <summary>Ends the app on one of the user's devices, this one included, and its sessions.</summary>
internal static class RemoveDevice
{
    public static void MapRemoveDevice(this IEndpointRouteBuilder devices) =>
        devices.MapDelete("/{installationId:guid}", Handle)
            .Refuses(InstallationProblems.NotFound());

    private static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        Guid installationId, Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (!await work.EndInstallation(installationId, caller.UserId, "Removed", now))
        {
            return InstallationProblems.NotFound();
        }
        await work.EndSessionsOfInstallation(installationId, "Removed", now);
        await work.Commit();
        return TypedResults.NoContent();
    }
}
