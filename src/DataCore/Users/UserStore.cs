using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Users;

internal static class UserStore
{
    /// <returns>False when the programme has a user with that phone, e-mail or external id.</returns>
    public static async Task<bool> Add(this Work work, User user, Guid partnerId) =>
        await work.Change(
            """
            insert into users (id, partner_id, programme_id, external_id, phone, email, first_name, last_name, birth_date, nationality,
                street, city, postal_code, country, status, kyc_status, created_at)
            values (@Id, @partnerId, @ProgramId, @ExternalId, @Phone, @Email, @FirstName, @LastName, @BirthDate, @Nationality,
                @Street, @City, @PostalCode, @Country, @status, @kycStatus, @CreatedAt)
            on conflict do nothing
            """,
            new
            {
                user.Id,
                partnerId,
                user.ProgramId,
                user.ExternalId,
                user.Phone,
                user.Email,
                user.FirstName,
                user.LastName,
                user.BirthDate,
                user.Nationality,
                user.Address.Street,
                user.Address.City,
                user.Address.PostalCode,
                user.Address.Country,
                status = user.Status.ToString(),
                kycStatus = user.KycStatus.ToString(),
                user.CreatedAt,
            }) == 1;

    public static async Task<User?> FindUser(this NpgsqlDataSource database, Guid userId, Guid? partnerId, CancellationToken cancel) =>
        (await database.One<UserRow>(
            """
            select id, programme_id, external_id, phone, email, first_name, last_name, birth_date, nationality,
                street, city, postal_code, country, status, kyc_status, created_at
            from users
            where id = @userId and partner_id = @partnerId and status <> 'Deleted'
            """,
            new { userId, partnerId },
            cancel))?.ToUser();

    /// <param name="partnerId">Null where an operator asks, who sees every partner's users.</param>
    public static async Task<UserFacts?> FindUserFacts(this NpgsqlDataSource database, Guid userId, Guid? partnerId, CancellationToken cancel) =>
        (await database.One<FactsRow>(
            """
            select u.id, u.partner_id, u.status = 'Active' as active, p.id as programme_id, p.currency, p.processor, p.digital_first, p.card_validity_months
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
        public required Guid ProgrammeId { get; init; }
        public string? ExternalId { get; init; }
        public required string Phone { get; init; }
        public required string Email { get; init; }
        public required string FirstName { get; init; }
        public required string LastName { get; init; }
        public required DateOnly BirthDate { get; init; }
        public required string Nationality { get; init; }
        public required string Street { get; init; }
        public required string City { get; init; }
        public required string PostalCode { get; init; }
        public required string Country { get; init; }
        public required string Status { get; init; }
        public required string KycStatus { get; init; }
        public required DateTimeOffset CreatedAt { get; init; }

        public User ToUser() => new()
        {
            Id = Id,
            ProgramId = ProgrammeId,
            ExternalId = ExternalId,
            Phone = Phone,
            Email = Email,
            FirstName = FirstName,
            LastName = LastName,
            BirthDate = BirthDate,
            Nationality = Nationality,
            Address = new Address(Street, City, PostalCode, Country),
            Status = Enum.Parse<UserStatus>(Status),
            KycStatus = Enum.Parse<KycStatus>(KycStatus),
            CreatedAt = CreatedAt,
        };
    }

    private sealed record FactsRow
    {
        public required Guid Id { get; init; }
        public required Guid PartnerId { get; init; }
        public required bool Active { get; init; }
        public required Guid ProgrammeId { get; init; }
        public required string Currency { get; init; }
        public required string Processor { get; init; }
        public required bool DigitalFirst { get; init; }
        public required int CardValidityMonths { get; init; }

        public UserFacts ToFacts() =>
            new(Id, PartnerId, Active, new ProgrammeFacts(ProgrammeId, PartnerId, Currency, Processor, DigitalFirst, CardValidityMonths));
    }
}
