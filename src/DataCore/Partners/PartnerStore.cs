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

    /// <returns>False when another partner has that name.</returns>
    public static async Task<bool> SavePartner(this Work work, Partner partner) =>
        await work.Change(
            """
            update partners
            set name = @Name, contact_email = @ContactEmail, networks = @Networks::text[]::cidr[], encryption_key = @EncryptionKey
            where id = @Id and not exists (select 1 from partners other where other.name = @Name and other.id <> @Id)
            """,
            new { partner.Id, partner.Name, partner.ContactEmail, partner.Networks, partner.EncryptionKey }) == 1;
}
