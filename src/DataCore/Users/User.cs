namespace Antaca.DataCore.Users;

/// <summary>An end user of one programme, on the wire and in the table.</summary>
internal sealed record User
{
    public required Guid Id { get; init; }
    public required Guid ProgramId { get; init; }
    public string? ExternalId { get; init; }
    public required string Phone { get; init; }
    public required string Email { get; init; }
    public required string FirstName { get; init; }
    public required string LastName { get; init; }
    public required DateOnly BirthDate { get; init; }
    public required string Nationality { get; init; }
    public required Address Address { get; init; }
    public required UserStatus Status { get; init; }
    public required KycStatus KycStatus { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed record Address(string Street, string City, string PostalCode, string Country);

internal enum UserStatus
{
    Active,
    Locked,
    Deleted,
}

internal enum KycStatus
{
    None,
    InProgress,
    Accepted,
    Rejected,
}
