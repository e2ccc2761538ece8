using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Programmes;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Users;

internal static class UserStore
{
    /// <returns>False when the programme has a user with that phone, e-mail or external id.</returns>
    public static async Task<bool> Add(this Work work, User user) =>
        await work.Change(
            """
            insert into users (id, partner_id, programme_id, external_id, phone, email, first_name, last_name, birth_date, nationality,
                street, city, postal_code, country, status, kyc_status, created_at)
            values (@Id, @PartnerId, @ProgramId, @ExternalId, @Phone, @Email, @FirstName, @LastName, @BirthDate, @Nationality,
                @Street, @City, @PostalCode, @Country, @status, @kycStatus, @CreatedAt)
            on conflict do nothing
            """,
            new
            {
                user.Id,
                user.PartnerId,
                user.ProgramId,
                user.ExternalId,
                user.Phone,
                user.Email,
                user.FirstName,
                user.LastName,
                user.BirthDate,
                user.Nationality,
                user.Address?.Street,
                user.Address?.City,
                user.Address?.PostalCode,
                user.Address?.Country,
                status = user.Status.ToString(),
                kycStatus = user.KycStatus.ToString(),
                user.CreatedAt,
            }) == 1;

    /// <summary>The caller's user, to show; an operator sees every partner's, and the deleted ones too.</summary>
    public static async Task<User?> FindUser(this NpgsqlDataSource database, Guid userId, Caller caller, CancellationToken cancel) =>
        (await database.One<UserRow>(
            """
            select id, partner_id, programme_id, external_id, phone, email, first_name, last_name, birth_date, nationality,
                street, city, postal_code, country, status, kyc_status, created_at
            from users
            where id = @userId and (@IsOperator or (partner_id = @PartnerId and status <> 'Deleted'))
            """,
            new { userId, caller.IsOperator, caller.PartnerId },
            cancel))?.ToUser();

    /// <summary>The caller's user with its row locked: what is decided from it holds until the work commits. A deleted one never changes again.</summary>
    public static async Task<User?> FindUserForChange(this Work work, Guid userId, Caller caller) =>
        (await work.One<UserRow>(
            """
            select id, partner_id, programme_id, external_id, phone, email, first_name, last_name, birth_date, nationality,
                street, city, postal_code, country, status, kyc_status, created_at
            from users
            where id = @userId and (@IsOperator or partner_id = @PartnerId) and status <> 'Deleted'
            for update
            """,
            new { userId, caller.IsOperator, caller.PartnerId }))?.ToUser();

    public static async Task<UserStatus?> FindStatus(this NpgsqlDataSource database, Guid userId, Guid partnerId, CancellationToken cancel) =>
        await database.One<string>("select status from users where id = @userId and partner_id = @partnerId", new { userId, partnerId }, cancel) is { } status
            ? Enum.Parse<UserStatus>(status)
            : null;

    /// <summary>The users that match, newest first: the caller's, or every partner's for an operator, who sees the deleted ones too.</summary>
    public static async Task<IReadOnlyList<User>> ListUsers(
        this NpgsqlDataSource database, UserFilter filter, Caller caller, PageRequest page, CancellationToken cancel) =>
        [.. (await database.Many<UserRow>(
            """
            select id, partner_id, programme_id, external_id, phone, email, first_name, last_name, birth_date, nationality,
                street, city, postal_code, country, status, kyc_status, created_at
            from users
            where (@IsOperator or (partner_id = @PartnerId and status <> 'Deleted'))
                and (@ExternalId::text is null or external_id = @ExternalId)
                and (@Phone::text is null or phone = @Phone)
                and (@Email::text is null or email = @Email)
                and (@ofPartner::uuid is null or partner_id = @ofPartner)
                and (@ProgramId::uuid is null or programme_id = @ProgramId)
                and (@Status::text is null or status = @Status)
                and (created_at, id) < (@At, @Id)
            order by created_at desc, id desc
            limit @Rows
            """,
            new
            {
                caller.IsOperator,
                caller.PartnerId,
                filter.ExternalId,
                filter.Phone,
                filter.Email,
                ofPartner = filter.PartnerId,
                filter.ProgramId,
                filter.Status,
                page.After.At,
                page.After.Id,
                page.Rows,
            },
            cancel)).Select(row => row.ToUser())];

    /// <returns>False when another user of the programme has that phone, e-mail or external id.</returns>
    public static async Task<bool> SaveFields(this Work work, User changed)
    {
        try
        {
            await work.Change(
                """
                update users
                set external_id = @ExternalId, phone = @Phone, email = @Email, first_name = @FirstName, last_name = @LastName,
                    birth_date = @BirthDate, nationality = @Nationality, street = @Street, city = @City, postal_code = @PostalCode, country = @Country
                where id = @Id and partner_id = @PartnerId and status <> 'Deleted'
                """,
                new
                {
                    changed.Id,
                    changed.PartnerId,
                    changed.ExternalId,
                    changed.Phone,
                    changed.Email,
                    changed.FirstName,
                    changed.LastName,
                    changed.BirthDate,
                    changed.Nationality,
                    changed.Address?.Street,
                    changed.Address?.City,
                    changed.Address?.PostalCode,
                    changed.Address?.Country,
                });
            return true;
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    public static Task SaveLock(this Work work, Guid userId, string? reason, DateTimeOffset now) =>
        work.Change(
            "update users set status = 'Locked', lock_reason = @reason, locked_at = @now where id = @userId and status = 'Active'",
            new { userId, reason, now });

    public static Task SaveUnlock(this Work work, Guid userId) =>
        work.Change("update users set status = 'Active', lock_reason = null, locked_at = null where id = @userId and status = 'Locked'", new { userId });

    /// <summary>Overwrites everything personal; phone, e-mail and external id are free for others again.</summary>
    public static Task Erase(this Work work, Guid userId, DateTimeOffset now) =>
        work.Change(
            """
            update users
            set status = 'Deleted', deleted_at = @now, external_id = null, phone = null, email = null, first_name = null, last_name = null,
                birth_date = null, nationality = null, street = null, city = null, postal_code = null, country = null, lock_reason = null
            where id = @userId and status <> 'Deleted'
            """,
            new { userId, now });

    /// <summary>Ends the installations of a user who is deleted; what they say of the person's devices goes, with those that ended before.</summary>
    public static async Task EndInstallations(this Work work, Guid userId, DateTimeOffset now)
    {
        await work.Change(
            "update installations set ended_at = @now, ended_reason = 'UserDeleted' where user_id = @userId and ended_at is null",
            new { userId, now });
        await work.Change(
            "update installations set device_id = id::text, device_name = 'erased', encryption_key = null, pin_hash = '' where user_id = @userId",
            new { userId });
    }

    /// <summary>Whose programme it is, when people may register themselves in it.</summary>
    public static async Task<Guid?> FindOpenProgramme(this NpgsqlDataSource database, Guid programId, CancellationToken cancel) =>
        await database.One<Guid?>("select partner_id from programmes where id = @programId and self_registration", new { programId }, cancel);

    public static Task<Guid?> FindUserIdByPhone(this Work work, Guid programId, string phone) =>
        work.One<Guid?>("select id from users where programme_id = @programId and phone = @phone", new { programId, phone });

    /// <summary>How a user who is not deleted can be reached; its row is locked, so that one code is made for it at a time.</summary>
    public static Task<Reach?> FindReach(this Work work, Guid userId) =>
        work.One<Reach>("select phone, email from users where id = @userId and status <> 'Deleted' for update", new { userId });

    public static async Task<UserFacts?> FindUserFacts(this NpgsqlDataSource database, Guid userId, Guid? partnerId, CancellationToken cancel) =>
        (await database.One<FactsRow>(
            """
            select u.id, u.partner_id, u.status = 'Active' as active, p.id as programme_id, p.currency, p.processor, p.digital_first, p.card_validity_months,
                p.time_zone, p.hold_lifetime_days, p.remote_url, p.stand_in_mode, p.stand_in_max_amount, p.stand_in_max_minutes, p.controls
            from users u
            join programmes p on p.id = u.programme_id
            where u.id = @userId and (@partnerId::uuid is null or u.partner_id = @partnerId) and u.status <> 'Deleted'
            """,
            new { userId, partnerId },
            cancel))?.ToFacts();

    /// <summary>Follows a KYC decision. An older decision that arrives late changes nothing.</summary>
    public static Task SetKycStatus(this Work work, Guid userId, Guid partnerId, KycStatus status, DateTimeOffset decidedAt) =>
        work.Change(
            """
            update users
            set kyc_status = @status, kyc_changed_at = @decidedAt
            where id = @userId and partner_id = @partnerId and (kyc_changed_at is null or kyc_changed_at < @decidedAt)
            """,
            new { userId, partnerId, status = status.ToString(), decidedAt });

    private sealed record UserRow
    {
        public required Guid Id { get; init; }
        public required Guid PartnerId { get; init; }
        public required Guid ProgrammeId { get; init; }
        public string? ExternalId { get; init; }
        public string? Phone { get; init; }
        public string? Email { get; init; }
        public string? FirstName { get; init; }
        public string? LastName { get; init; }
        public DateOnly? BirthDate { get; init; }
        public string? Nationality { get; init; }
        public string? Street { get; init; }
        public string? City { get; init; }
        public string? PostalCode { get; init; }
        public string? Country { get; init; }
        public required string Status { get; init; }
        public required string KycStatus { get; init; }
        public required DateTimeOffset CreatedAt { get; init; }

        public User ToUser() => new()
        {
            Id = Id,
            PartnerId = PartnerId,
            ProgramId = ProgrammeId,
            ExternalId = ExternalId,
            Phone = Phone,
            Email = Email,
            FirstName = FirstName,
            LastName = LastName,
            BirthDate = BirthDate,
            Nationality = Nationality,
            Address = Street is null ? null : new Address(Street, City!, PostalCode!, Country!),
            Status = Enum.Parse<UserStatus>(Status),
            KycStatus = Enum.Parse<KycStatus>(KycStatus),
            CreatedAt = CreatedAt,
        };
    }

    private sealed record FactsRow : ProgrammeRow
    {
        public required Guid Id { get; init; }
        public required bool Active { get; init; }

        public UserFacts ToFacts() => new(Id, PartnerId, Active, Facts());
    }
}

/// <summary>What a list of users is narrowed to; null does not narrow.</summary>
internal sealed record UserFilter(string? ExternalId, string? Phone, string? Email, Guid? PartnerId, Guid? ProgramId, string? Status);

internal sealed record Reach
{
    public required string Phone { get; init; }
    public required string Email { get; init; }
}
