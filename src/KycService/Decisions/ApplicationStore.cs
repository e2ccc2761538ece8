using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.KycService.Decisions;

internal static class ApplicationStore
{
    /// <summary>Where the user's verification stands: the newest application speaks.</summary>
    public static Task<string?> FindStatus(this NpgsqlDataSource database, Guid userId, Guid partnerId, CancellationToken cancel) =>
        database.One<string>(
            """
            select status
            from applications
            where user_id = @userId and partner_id = @partnerId
            order by created_at desc, id desc
            limit 1
            """,
            new { userId, partnerId },
            cancel);

    /// <summary>Makes sure that the partner has an application of its own to decide on.</summary>
    public static Task OpenForPartner(this Work work, Guid applicationId, Guid userId, Guid partnerId, DateTimeOffset now) =>
        work.Change(
            """
            insert into applications (id, partner_id, user_id, provider, status, created_at)
            values (@applicationId, @partnerId, @userId, 'Partner', 'InProgress', @now)
            on conflict (partner_id, user_id) where provider = 'Partner' do nothing
            """,
            new { applicationId, partnerId, userId, now });

    /// <summary>The application that the partner decides on, its row locked until the work ends.</summary>
    public static async Task<Application> FindForDecision(this Work work, Guid userId, Guid partnerId) =>
        await work.One<Application>(
            """
            select id, partner_id, user_id, status, reference, decided_at
            from applications
            where user_id = @userId and partner_id = @partnerId and provider = 'Partner'
            for update
            """,
            new { userId, partnerId })
        ?? throw new InvalidOperationException("An application that was opened in this work is gone.");

    /// <summary>Decides, and keeps the decision for ever.</summary>
    public static Task SaveDecision(this Work work, Application decided, Guid decisionId, string decidedBy) =>
        work.Change(
            """
            with decided as (
                update applications
                set status = @status, reference = @Reference, decided_at = @DecidedAt
                where id = @Id and user_id = @UserId and partner_id = @PartnerId
                returning id, partner_id, user_id
            )
            insert into decisions (id, application_id, partner_id, user_id, status, reference, decided_by, decided_at)
            select @decisionId, id, partner_id, user_id, @status, @Reference, @decidedBy, @DecidedAt
            from decided
            """,
            new
            {
                decided.Id,
                decided.UserId,
                decided.PartnerId,
                status = decided.Status.ToString(),
                decided.Reference,
                decided.DecidedAt,
                decisionId,
                decidedBy,
            });
}
