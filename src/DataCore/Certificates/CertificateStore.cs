using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Certificates;

/// <summary>A client certificate on the wire.</summary>
internal sealed record CertificateView(
    string Serial,
    string Kind,
    Guid? PartnerId,
    string? Processor,
    string Subject,
    DateTimeOffset? NotBefore,
    DateTimeOffset NotAfter,
    bool ExpiresSoon,
    DateTimeOffset? RevokedAt,
    DateTimeOffset CreatedAt);

internal static class CertificateStore
{
    /// <summary>The partner's name, its row held: its certificates are counted one after another.</summary>
    public static Task<string?> HoldPartner(this Work work, Guid partnerId) =>
        work.One<string>("select name from partners where id = @partnerId for update", new { partnerId });

    public static Task<bool> HasProcessor(this Work work, Guid partnerId, string processor) =>
        work.One<bool>("select exists (select 1 from programmes where partner_id = @partnerId and processor = @processor)", new { partnerId, processor });

    /// <summary>Keeps the key until the work ends: two holders who want it are judged one after the other.</summary>
    public static Task HoldKey(this Work work, string keyHash) =>
        work.One<int>("select 1 from pg_advisory_xact_lock(hashtextextended(@keyHash, 0))", new { keyHash });

    /// <summary>Whether somebody else was ever certified for this key.</summary>
    public static Task<bool> KeyIsAnothers(this Work work, string keyHash, Guid? partnerId, string? processor) =>
        work.One<bool>(
            """
            select exists (
                select 1 from certificates
                where key_hash = @keyHash and (partner_id is distinct from @partnerId or processor is distinct from @processor)
            )
            """,
            new { keyHash, partnerId, processor });

    public static Task<int> CountInForce(this Work work, Guid partnerId, DateTimeOffset now) =>
        work.One<int>("select count(*)::int from certificates where issued_for = @partnerId and revoked_at is null and not_after > @now", new { partnerId, now });

    public static Task AddCertificate(this Work work, Row certificate) =>
        work.Change(
            """
            insert into certificates (thumbprint, serial, kind, partner_id, processor, subject, issued_for, issued_by, key_hash, not_before, not_after, created_at)
            values (@Thumbprint, @Serial, @Kind, @PartnerId, @Processor, @Subject, @IssuedFor, @IssuedBy, @KeyHash, @NotBefore, @NotAfter, @CreatedAt)
            """,
            certificate);

    /// <summary>The certificates that were issued for a partner, processors' too, newest first.</summary>
    public static Task<IReadOnlyList<Row>> ListIssuedFor(this NpgsqlDataSource database, Guid partnerId, int limit, CancellationToken cancel) =>
        database.Many<Row>(
            """
            select thumbprint, serial, kind, partner_id, processor, subject, issued_for, issued_by, key_hash, not_before, not_after, revoked_at, created_at
            from certificates
            where issued_for = @partnerId
            order by created_at desc, thumbprint desc
            limit @limit
            """,
            new { partnerId, limit },
            cancel);

    /// <summary>The partner's own, newest first.</summary>
    public static Task<IReadOnlyList<Row>> ListHeldBy(this NpgsqlDataSource database, Guid? partnerId, int limit, CancellationToken cancel) =>
        database.Many<Row>(
            """
            select thumbprint, serial, kind, partner_id, processor, subject, issued_for, issued_by, key_hash, not_before, not_after, revoked_at, created_at
            from certificates
            where partner_id = @partnerId
            order by created_at desc, thumbprint desc
            limit @limit
            """,
            new { partnerId, limit },
            cancel);

    /// <returns>The certificate as it was before, or null where the partner has none with that serial.</returns>
    public static Task<Row?> FindForRevoking(this Work work, Guid partnerId, string serial) =>
        work.One<Row>(
            """
            select thumbprint, serial, kind, partner_id, processor, subject, issued_for, issued_by, key_hash, not_before, not_after, revoked_at, created_at
            from certificates
            where serial = @serial and issued_for = @partnerId
            for update
            """,
            new { partnerId, serial });

    public static Task Revoke(this Work work, string thumbprint, DateTimeOffset now) =>
        work.Change("update certificates set revoked_at = @now where thumbprint = @thumbprint and revoked_at is null", new { thumbprint, now });

    /// <summary>Takes some of the partners' certificates that end before <paramref name="until"/> and were not warned of; replicas take different ones.</summary>
    public static Task<IReadOnlyList<Expiring>> TakeExpiring(this Work work, DateTimeOffset now, DateTimeOffset until, int limit) =>
        work.Many<Expiring>(
            """
            update certificates c
            set warned_at = @now
            from partners p
            where p.id = c.partner_id and c.thumbprint in (
                select thumbprint
                from certificates
                where kind = 'Partner' and revoked_at is null and warned_at is null and not_after > @now and not_after < @until
                order by not_after
                limit @limit
                for update skip locked
            )
            returning c.serial, c.partner_id, c.not_after, p.contact_email
            """,
            new { now, until, limit });

    internal sealed record Row
    {
        public required string Thumbprint { get; init; }
        public required string Serial { get; init; }
        public required string Kind { get; init; }
        public Guid? PartnerId { get; init; }
        public string? Processor { get; init; }
        public required string Subject { get; init; }
        public Guid? IssuedFor { get; init; }
        public required string IssuedBy { get; init; }
        public string? KeyHash { get; init; }
        public DateTimeOffset? NotBefore { get; init; }
        public required DateTimeOffset NotAfter { get; init; }
        public DateTimeOffset? RevokedAt { get; init; }
        public required DateTimeOffset CreatedAt { get; init; }

        public CertificateView View(DateTimeOffset now) => new(
            Serial, Kind, PartnerId, Processor, Subject, NotBefore, NotAfter, RevokedAt is null && NotAfter < now.AddDays(WarnOfExpiry.WarnDays), RevokedAt, CreatedAt);
    }

    internal sealed record Expiring
    {
        public required string Serial { get; init; }
        public required Guid PartnerId { get; init; }
        public required DateTimeOffset NotAfter { get; init; }
        public string? ContactEmail { get; init; }
    }
}
