using Antaca.Contracts.Events;
using Antaca.DataCore.Credentials;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Sessions;

/// <summary>A session that has just begun. The token is for its holder's answer; the database has its hash.</summary>
internal sealed record NewSession(Guid Id, Token Token, DateTimeOffset ExpiresAt);

internal static class SessionStore
{
    public static async Task<NewSession> BeginSession(
        this Work work, Guid partnerId, Guid userId, Guid installationId, int sessionMinutes, int idleMinutes, DateTimeOffset now)
    {
        var session = new NewSession(Guid.CreateVersion7(now), Token.New(), now.AddMinutes(sessionMinutes));
        await work.Change(
            """
            insert into sessions (id, token_hash, partner_id, user_id, installation_id, created_at, expires_at, idle_seconds, used_at)
            values (@Id, @hash, @partnerId, @userId, @installationId, @now, @ExpiresAt, @idleSeconds, @now)
            """,
            new { session.Id, hash = session.Token.Hash, partnerId, userId, installationId, now, session.ExpiresAt, idleSeconds = idleMinutes * 60 });
        return session;
    }

    /// <returns>False when it had ended already.</returns>
    public static async Task<bool> EndSession(this Work work, Caller caller, DateTimeOffset now) =>
        await work.Change(
            """
            update sessions
            set ended_at = @now, ended_reason = 'Logout'
            where id = @SessionId and user_id = @UserId and partner_id = @PartnerId and ended_at is null
            """,
            new { caller.SessionId, caller.UserId, caller.PartnerId, now }) == 1;

    /// <summary>Ends what the installation has, and owes the gateways the news of each.</summary>
    public static async Task EndSessionsOfInstallation(this Work work, Guid installationId, string reason, DateTimeOffset now) =>
        work.OweEnded(
            await work.Many<EndedSession>(
                """
                update sessions
                set ended_at = @now, ended_reason = @reason
                where id in (select id from sessions where installation_id = @installationId and ended_at is null order by id for update)
                returning id, user_id, installation_id
                """,
                new { installationId, reason, now }),
            reason,
            now);

    /// <summary>Ends what the user has, on every device, and owes the gateways the news of each.</summary>
    public static async Task EndSessionsOfUser(this Work work, Guid userId, string reason, DateTimeOffset now) =>
        work.OweEnded(
            await work.Many<EndedSession>(
                """
                update sessions
                set ended_at = @now, ended_reason = @reason
                where id in (select id from sessions where user_id = @userId and ended_at is null order by id for update)
                returning id, user_id, installation_id
                """,
                new { userId, reason, now }),
            reason,
            now);

    /// <summary>A challenge for whom it may concern: an installation that is not there, or has very many open, gets none that works.</summary>
    public static Task AddChallenge(this NpgsqlDataSource database, string hash, Guid installationId, DateTimeOffset now, DateTimeOffset expiresAt, CancellationToken cancel) =>
        database.One<int?>(
            """
            insert into challenges (hash, installation_id, expires_at)
            select @hash, id, @expiresAt
            from installations
            where id = @installationId and ended_at is null
                and (select count(*) from challenges where installation_id = @installationId and expires_at > @now) < @MaxChallenges
            returning 1
            """,
            new { hash, installationId, now, expiresAt, MaxChallenges },
            cancel);

    /// <summary>A challenge that was signed wrong works no more.</summary>
    public static Task SpendChallenge(this NpgsqlDataSource database, string hash, Guid installationId, CancellationToken cancel) =>
        database.One<int?>("delete from challenges where hash = @hash and installation_id = @installationId returning 1", new { hash, installationId }, cancel);

    /// <returns>False when it was used before, has expired, or is another installation's.</returns>
    public static async Task<bool> UseChallenge(this Work work, string hash, Guid installationId, DateTimeOffset now) =>
        await work.Change(
            "delete from challenges where hash = @hash and installation_id = @installationId and expires_at > @now",
            new { hash, installationId, now }) == 1;

    /// <returns>False when the session has ended.</returns>
    public static async Task<bool> AddApproval(this Work work, string hash, Caller caller, string action, Guid cardId, DateTimeOffset now, DateTimeOffset expiresAt) =>
        await work.Change(
            """
            insert into approvals (hash, installation_id, session_id, action, card_id, created_at, expires_at)
            select @hash, installation_id, id, @action, @cardId, @now, @expiresAt
            from sessions
            where id = @SessionId and installation_id = @InstallationId and user_id = @UserId and ended_at is null and expires_at > @now
            """,
            new { hash, caller.InstallationId, caller.SessionId, caller.UserId, action, cardId, now, expiresAt }) == 1;

    /// <summary>Uses up an approval of this installation, in a session that goes on, for this action on this card.</summary>
    public static async Task<bool> UseApproval(this Work work, string hash, Guid installationId, string action, Guid cardId, DateTimeOffset now) =>
        await work.Change(
            """
            update approvals a
            set used_at = @now
            from sessions s
            where a.hash = @hash and a.installation_id = @installationId and a.action = @action and a.card_id = @cardId
                and a.used_at is null and a.expires_at > @now
                and s.id = a.session_id and s.ended_at is null and s.expires_at > @now
            """,
            new { hash, installationId, action, cardId, now }) == 1;

    /// <summary>Forgets what has been over for long, up to <paramref name="most"/> rows of each kind.</summary>
    /// <returns>How many rows of the kind that had most of them.</returns>
    public static async Task<int> Forget(this Work work, DateTimeOffset now, DateTimeOffset sessionsBefore, int most) =>
        await work.One<int>(
            """
            with challenge as (
                delete from challenges where hash in
                    (select hash from challenges where expires_at < @now order by expires_at limit @most)
                returning 1
            ), operator_challenge as (
                delete from operator_challenges where hash in
                    (select hash from operator_challenges where expires_at < @now order by expires_at limit @most)
                returning 1
            ), approval as (
                delete from approvals where hash in
                    (select hash from approvals where expires_at < @now order by expires_at limit @most)
                returning 1
            ), session as (
                delete from sessions where id in
                    (select id from sessions where expires_at < @sessionsBefore order by expires_at limit @most)
                returning 1
            ), operator_session as (
                delete from operator_sessions where id in
                    (select id from operator_sessions where expires_at < @sessionsBefore order by expires_at limit @most)
                returning 1
            ), code as (
                delete from activation_codes where id in
                    (select id from activation_codes where expires_at < @sessionsBefore order by expires_at limit @most)
                returning 1
            )
            select greatest(
                (select count(*) from challenge), (select count(*) from operator_challenge), (select count(*) from approval),
                (select count(*) from session), (select count(*) from operator_session), (select count(*) from code))::int
            """,
            new { now, sessionsBefore, most });

    /// <summary>Challenges that one installation may have at once: logins that were begun and not ended.</summary>
    private const int MaxChallenges = 1_000;

    private static void OweEnded(this Work work, IReadOnlyList<EndedSession> ended, string reason, DateTimeOffset now)
    {
        foreach (var session in ended)
        {
            work.Owe(new SessionEnded(session.UserId, session.InstallationId, session.Id, reason, now));
        }
    }

    private sealed record EndedSession
    {
        public required Guid Id { get; init; }
        public required Guid UserId { get; init; }
        public required Guid InstallationId { get; init; }
    }
}
