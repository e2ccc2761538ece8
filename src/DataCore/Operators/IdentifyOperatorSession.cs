using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>Tells the gateway whose operator session a token is, and counts that as use. One that ended, expired or idled is nobody's.</summary>
internal static class IdentifyOperatorSession
{
    private const int IdleMinutes = 15;

    public static void MapIdentifyOperatorSession(this IEndpointRouteBuilder sessions) => sessions.MapPost("/operator-sessions/identify", Handle);

    private static async Task<Results<Ok<OperatorHolder>, ProblemHttpResult>> Handle(
        Contracts.Requests.IdentifyOperatorSession request, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var idleSince = now.AddMinutes(-IdleMinutes);
        var session = await database.One<Row>(
            """
            update operator_sessions s
            set used_at = @now
            from operators o
            where s.token_hash = @TokenHash and s.ended_at is null and s.expires_at > @now and s.used_at > @idleSince
                and o.id = s.operator_id and o.status = 'Active'
            returning s.id, s.operator_id, o.role, s.expires_at
            """,
            new { request.TokenHash, now, idleSince },
            cancel);
        if (session is null)
        {
            return Problems.NotFound("SESSION_ENDED", "session");
        }
        var idleAt = now.AddMinutes(IdleMinutes);
        return TypedResults.Ok(new OperatorHolder(session.Id, session.OperatorId, session.Role, session.ExpiresAt < idleAt ? session.ExpiresAt : idleAt));
    }

    private sealed record Row
    {
        public required Guid Id { get; init; }
        public required Guid OperatorId { get; init; }
        public required string Role { get; init; }
        public required DateTimeOffset ExpiresAt { get; init; }
    }
}
