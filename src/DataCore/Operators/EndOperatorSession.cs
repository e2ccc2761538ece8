using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>Logs the operator out. Once more changes nothing.</summary>
internal static class EndOperatorSession
{
    public static RouteHandlerBuilder MapEndOperatorSession(this IEndpointRouteBuilder sessions) => sessions.MapDelete("/mine", Handle);

    private static async Task<NoContent> Handle(Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var (operatorId, sessionId) = (caller.OperatorId!.Value, caller.SessionId!.Value);
        await using var work = await Work.Begin(database, cancel);
        if (await work.EndSession(sessionId, operatorId, now))
        {
            work.Owe(new OperatorSessionEnded(operatorId, sessionId, "Logout", now));
            Work.Audit(subject: $"operatorSession:{sessionId}");
            await work.Commit();
        }
        return TypedResults.NoContent();
    }
}
