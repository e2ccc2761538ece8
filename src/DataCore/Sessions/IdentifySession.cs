using Antaca.Contracts.Requests;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Sessions;

/// <summary>Tells the gateway whose session a token is, and counts that as use. One that ended, expired or idled is nobody's.</summary>
internal static class IdentifySession
{
    public static void MapIdentifySession(this IEndpointRouteBuilder sessions) => sessions.MapPost("/sessions/identify", Handle);

    private static async Task<Results<Ok<SessionHolder>, ProblemHttpResult>> Handle(
        Contracts.Requests.IdentifySession request, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var session = await database.One<Row>(
            """
            update sessions s
            set used_at = @now
            from installations i, users u
            where s.token_hash = @TokenHash and s.ended_at is null and s.expires_at > @now
                and s.used_at + make_interval(secs => s.idle_seconds) > @now
                and i.id = s.installation_id and i.ended_at is null
                and u.id = s.user_id and u.status = 'Active'
            returning s.id, s.installation_id, s.user_id, s.partner_id, u.programme_id, i.encryption_key,
                least(s.expires_at, @now + make_interval(secs => s.idle_seconds)) as ends_at
            """,
            new { request.TokenHash, now },
            cancel);
        return session is not null ? TypedResults.Ok(session.ToHolder()) : Problems.NotFound("SESSION_ENDED", "session");
    }

    private sealed record Row
    {
        public required Guid Id { get; init; }
        public required Guid InstallationId { get; init; }
        public required Guid UserId { get; init; }
        public required Guid PartnerId { get; init; }
        public required Guid ProgrammeId { get; init; }
        public string? EncryptionKey { get; init; }
        public required DateTimeOffset EndsAt { get; init; }

        public SessionHolder ToHolder() => new(
            Id, InstallationId, UserId, PartnerId, ProgrammeId, EncryptionKey is not null && Jwk.TryParse(EncryptionKey, out var key) ? key.Thumbprint : null, EndsAt);
    }
}
