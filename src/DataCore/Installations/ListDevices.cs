using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Installations;

/// <summary>Shows the user the devices that are paired.</summary>
internal static class ListDevices
{
    public static void MapListDevices(this IEndpointRouteBuilder devices) => devices.MapGet("/", Handle);

    private static async Task<Ok<Page<DeviceView>>> Handle(Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        var devices = await database.ListDevices(caller, cancel);
        return TypedResults.Ok(new Page<DeviceView>(
            [.. devices.Select(device => new DeviceView(device.Id, device.DeviceId, device.DeviceName, device.CreatedAt, device.UsedAt, device.Id == caller.InstallationId))],
            Next: null));
    }
}
