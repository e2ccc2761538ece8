using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Sessions;

/// <summary>Logs out: the caller's session ends. The same again changes nothing.</summary>
internal static class EndSession
{
    public static void MapEndSession(this IEndpointRouteBuilder sessions) => sessions.MapDelete("/mine", Handle);

    private static async Task<NoContent> Handle(Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.EndSession(caller, now))
        {
            work.Owe(new SessionEnded(caller.UserId!.Value, caller.InstallationId!.Value, caller.SessionId!.Value, "Logout", now));
            Work.Audit(subject: $"session:{caller.SessionId}");
            await work.Commit();
        }
        return TypedResults.NoContent();
    }
}
