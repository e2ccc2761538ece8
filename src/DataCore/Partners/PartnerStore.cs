using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Partners;

internal static class PartnerStore
{
    public static Task<Partner?> FindPartner(this NpgsqlDataSource database, Guid partnerId, CancellationToken cancel) =>
        database.One<Partner>(
            """
            select id, name, contact_email, networks::text[] as networks, encryption_key, created_at
            from partners
            where id = @partnerId
            """,
            new { partnerId },
            cancel);

    public static Task<Partner?> FindPartnerForChange(this Work work, Guid partnerId) =>
        work.One<Partner>(
            """
            select id, name, contact_email, networks::text[] as networks, encryption_key, created_at
            from partners
            where id = @partnerId
            for update
            """,
            new { partnerId });

    public static Task<IReadOnlyList<Partner>> ListPartners(this NpgsqlDataSource database, PageRequest page, CancellationToken cancel) =>
        database.Many<Partner>(
            """
            select id, name, contact_email, networks::text[] as networks, encryption_key, created_at
            from partners
            where (created_at, id) < (@At, @Id)
            order by created_at desc, id desc
            limit @Rows
            """,
            new { page.After.At, page.After.Id, page.Rows },
            cancel);

    /// <returns>False when there is a partner of that name.</returns>
    public static async Task<bool> AddPartner(this Work work, Partner partner) =>
        await work.Change(
            """
            insert into partners (id, name, contact_email, networks, created_at)
            values (@Id, @Name, @ContactEmail, @Networks::text[]::cidr[], @CreatedAt)
            on conflict (name) do nothing
            """,
            new { partner.Id, partner.Name, partner.ContactEmail, partner.Networks, partner.CreatedAt }) == 1;

    /// <returns>
    /// False when another partner has that name, or takes it at this moment: the database decides. It finds a deadlock where two
    /// want each other's name: neither is free.
    /// </returns>
    public static async Task<bool> SavePartner(this Work work, Partner partner)
    {
        try
        {
            await work.Change(
                "update partners set name = @Name, contact_email = @ContactEmail, networks = @Networks::text[]::cidr[] where id = @Id",
                new { partner.Id, partner.Name, partner.ContactEmail, partner.Networks });
            return true;
        }
        catch (PostgresException taken) when (taken.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DeadlockDetected)
        {
            return false;
        }
    }

    /// <param name="key">Null for none.</param>
    public static Task SaveEncryptionKey(this Work work, Guid partnerId, string? key) =>
        work.Change("update partners set encryption_key = @key where id = @partnerId", new { partnerId, key });
}
