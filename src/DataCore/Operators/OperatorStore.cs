using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>Operators as of now (<see cref="Operator.At"/>), their links, challenges and sessions.</summary>
internal static class OperatorStore
{
    public static async Task<Operator?> FindOperator(this NpgsqlDataSource database, Guid operatorId, DateTimeOffset now, CancellationToken cancel) =>
        (await database.One<Row>(
            """
            select id, email, name, role, status, password_hash, totp_secret, totp_step, wrong_tries, locked_until, created_at
            from operators
            where id = @operatorId
            """,
            new { operatorId },
            cancel))?.ToOperator(now);

    public static async Task<IReadOnlyList<Operator>> ListOperators(this NpgsqlDataSource database, PageRequest page, DateTimeOffset now, CancellationToken cancel) =>
    [
        .. (await database.Many<Row>(
            """
            select id, email, name, role, status, password_hash, totp_secret, totp_step, wrong_tries, locked_until, created_at
            from operators
            where (created_at, id) < (@At, @Id)
            order by created_at desc, id desc
            limit @Rows
            """,
            new { page.After.At, page.After.Id, page.Rows },
            cancel)).Select(row => row.ToOperator(now)),
    ];

    public static async Task<Operator?> FindForChange(this Work work, Guid operatorId, DateTimeOffset now) =>
        (await work.One<Row>(
            """
            select id, email, name, role, status, password_hash, totp_secret, totp_step, wrong_tries, locked_until, created_at
            from operators
            where id = @operatorId
            for update
            """,
            new { operatorId }))?.ToOperator(now);

    /// <summary>For judging a password: whoever holds the row judges, the others wait and see how it ended.</summary>
    public static async Task<Operator?> FindForLogin(this Work work, string email, DateTimeOffset now) =>
        (await work.One<Row>(
            """
            select id, email, name, role, status, password_hash, totp_secret, totp_step, wrong_tries, locked_until, created_at
            from operators
            where email = @email
            for update
            """,
            new { email }))?.ToOperator(now);

    public static Task<Guid?> FindActiveByEmail(this NpgsqlDataSource database, string email, DateTimeOffset now, CancellationToken cancel) =>
        database.One<Guid?>(
            "select id from operators where email = @email and (status = 'Active' or locked_until <= @now)",
            new { email, now },
            cancel);

    /// <summary>Every active Admin, held until this work ends: of two that put each other out at once, the second sees the first's doing.</summary>
    public static async Task<IReadOnlyList<Guid>> HoldActiveAdmins(this Work work, DateTimeOffset now) =>
        await work.Many<Guid>(
            """
            select id
            from operators
            where role = 'Admin' and (status = 'Active' or locked_until <= @now)
            order by id
            for update
            """,
            new { now });

    /// <returns>False when an operator has that e-mail address.</returns>
    public static async Task<bool> Add(this Work work, Operator invited) =>
        await work.Change(
            """
            insert into operators (id, email, name, role, status, created_at)
            values (@Id, @Email, @Name, @role, @status, @CreatedAt)
            on conflict (email) do nothing
            """,
            new { invited.Id, invited.Email, invited.Name, role = invited.Role.ToString(), status = invited.Status.ToString(), invited.CreatedAt }) == 1;

    /// <summary>Writes whatever the rules changed. The row is held for change.</summary>
    public static Task Save(this Work work, Operator changed) =>
        work.Change(
            """
            update operators
            set role = @role, status = @status, password_hash = @PasswordHash, totp_secret = @TotpSecret, totp_step = @TotpStep,
                wrong_tries = @WrongTries, locked_until = @LockedUntil
            where id = @Id
            """,
            new
            {
                changed.Id,
                role = changed.Role.ToString(),
                status = changed.Status.ToString(),
                changed.PasswordHash,
                changed.TotpSecret,
                changed.TotpStep,
                changed.WrongTries,
                changed.LockedUntil,
            });

    /// <summary>A link that can be used; a newer one of its kind replaces it.</summary>
    public static async Task AddLink(this Work work, string hash, Guid operatorId, LinkKind kind, DateTimeOffset now, DateTimeOffset expiresAt)
    {
        await work.Change(
            "update operator_links set ended_at = @now where operator_id = @operatorId and kind = @kind and ended_at is null",
            new { operatorId, kind = kind.ToString(), now });
        await work.Change(
            """
            insert into operator_links (hash, operator_id, kind, created_at, expires_at)
            values (@hash, @operatorId, @kind, @now, @expiresAt)
            """,
            new { hash, operatorId, kind = kind.ToString(), now, expiresAt });
    }

    public static async Task<Link?> FindLink(this NpgsqlDataSource database, string hash, DateTimeOffset now, CancellationToken cancel) =>
        (await database.One<LinkRow>(
            "select operator_id, kind from operator_links where hash = @hash and ended_at is null and expires_at > @now",
            new { hash, now },
            cancel))?.ToLink();

    /// <returns>False when it was used, replaced or had expired meanwhile.</returns>
    public static async Task<bool> UseLink(this Work work, string hash, DateTimeOffset now) =>
        await work.Change(
            "update operator_links set ended_at = @now where hash = @hash and ended_at is null and expires_at > @now",
            new { hash, now }) == 1;

    public static Task EndLinks(this Work work, Guid operatorId, DateTimeOffset now) =>
        work.Change("update operator_links set ended_at = @now where operator_id = @operatorId and ended_at is null", new { operatorId, now });

    public static Task<int> CountLinks(this NpgsqlDataSource database, Guid operatorId, LinkKind kind, DateTimeOffset since, CancellationToken cancel) =>
        database.One<int>(
            "select count(*)::int from operator_links where operator_id = @operatorId and kind = @kind and created_at > @since",
            new { operatorId, kind = kind.ToString(), since },
            cancel);

    /// <summary>Only the newest challenge of an operator works.</summary>
    public static async Task AddChallenge(this Work work, string hash, Guid operatorId, DateTimeOffset expiresAt)
    {
        await work.EndChallenges(operatorId);
        await work.Change(
            "insert into operator_challenges (hash, operator_id, expires_at) values (@hash, @operatorId, @expiresAt)",
            new { hash, operatorId, expiresAt });
    }

    public static Task<Guid?> FindChallenged(this Work work, string hash, DateTimeOffset now) =>
        work.One<Guid?>("select operator_id from operator_challenges where hash = @hash and expires_at > @now", new { hash, now });

    public static Task EndChallenges(this Work work, Guid operatorId) =>
        work.Change("delete from operator_challenges where operator_id = @operatorId", new { operatorId });

    /// <summary>Begins a session, and forgets the operator's old ones.</summary>
    public static Task AddSession(this Work work, Guid sessionId, string tokenHash, Guid operatorId, DateTimeOffset now, DateTimeOffset expiresAt, DateTimeOffset forgetBefore) =>
        work.Change(
            """
            with forgotten as (
                delete from operator_sessions where operator_id = @operatorId and expires_at < @forgetBefore
            )
            insert into operator_sessions (id, token_hash, operator_id, created_at, expires_at, used_at)
            values (@sessionId, @tokenHash, @operatorId, @now, @expiresAt, @now)
            """,
            new { sessionId, tokenHash, operatorId, now, expiresAt, forgetBefore });

    /// <returns>False when it had ended already, or is another's.</returns>
    public static async Task<bool> EndSession(this Work work, Guid sessionId, Guid operatorId, DateTimeOffset now) =>
        await work.Change(
            """
            update operator_sessions
            set ended_at = @now, ended_reason = 'Logout'
            where id = @sessionId and operator_id = @operatorId and ended_at is null
            """,
            new { sessionId, operatorId, now }) == 1;

    /// <summary>Ends every session of the operator, and owes the gateways the news of each.</summary>
    public static async Task EndSessions(this Work work, Guid operatorId, string reason, DateTimeOffset now)
    {
        var ended = await work.Many<Guid>(
            """
            update operator_sessions
            set ended_at = @now, ended_reason = @reason
            where operator_id = @operatorId and ended_at is null
            returning id
            """,
            new { operatorId, reason, now });
        foreach (var sessionId in ended)
        {
            work.Owe(new OperatorSessionEnded(operatorId, sessionId, reason, now));
        }
    }

    internal sealed record Link(Guid OperatorId, LinkKind Kind);

    private sealed record LinkRow
    {
        public required Guid OperatorId { get; init; }
        public required string Kind { get; init; }

        public Link ToLink() => new(OperatorId, Enum.Parse<LinkKind>(Kind));
    }

    private sealed record Row
    {
        public required Guid Id { get; init; }
        public required string Email { get; init; }
        public required string Name { get; init; }
        public required string Role { get; init; }
        public required string Status { get; init; }
        public string? PasswordHash { get; init; }
        public byte[]? TotpSecret { get; init; }
        public required long TotpStep { get; init; }
        public required int WrongTries { get; init; }
        public DateTimeOffset? LockedUntil { get; init; }
        public required DateTimeOffset CreatedAt { get; init; }

        public Operator ToOperator(DateTimeOffset now) => new Operator
        {
            Id = Id,
            Email = Email,
            Name = Name,
            Role = Enum.Parse<Role>(Role),
            Status = Enum.Parse<OperatorStatus>(Status),
            PasswordHash = PasswordHash,
            TotpSecret = TotpSecret,
            TotpStep = TotpStep,
            WrongTries = WrongTries,
            LockedUntil = LockedUntil,
            CreatedAt = CreatedAt,
        }.At(now);
    }
}
