using System.Text.Json.Serialization;
using Antaca.ServiceDefaults;

namespace Antaca.DataCore.Users;

/// <summary>An end user of one programme, on the wire and in the table. A deleted one has nothing personal left.</summary>
internal sealed record User
{
    public required Guid Id { get; init; }

    /// <summary>Shown to operators alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? PartnerId { get; init; }

    public required Guid ProgramId { get; init; }
    public string? ExternalId { get; init; }
    public string? Phone { get; init; }
    public string? Email { get; init; }
    public string? FirstName { get; init; }
    public string? LastName { get; init; }
    public DateOnly? BirthDate { get; init; }
    public string? Nationality { get; init; }
    public Address? Address { get; init; }
    public required UserStatus Status { get; init; }
    public required KycStatus KycStatus { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    public static User New(Guid id, Guid partnerId, Guid programId, UserFields fields, DateTimeOffset now) => fields.On(new User
    {
        Id = id,
        PartnerId = partnerId,
        ProgramId = programId,
        Status = UserStatus.Active,
        KycStatus = KycStatus.None,
        CreatedAt = now,
    });

    /// <summary>The user as <paramref name="caller"/> may see it.</summary>
    public User For(Caller caller) => caller.IsOperator ? this : this with { PartnerId = null };

    /// <summary>Prints nothing personal.</summary>
    public override string ToString() => $"user {Id}";
}

internal sealed record Address(string Street, string City, string PostalCode, string Country)
{
    /// <summary>Prints nothing personal.</summary>
    public override string ToString() => "***";
}

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
