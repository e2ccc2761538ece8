using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>An end user to register.</summary>
public sealed record NewUser
{
    /// <summary>The partner's programme that the user joins.</summary>
    public required Guid ProgramId { get; init; }

    /// <summary>The partner's own id of the user: 1 to 128 characters, unique in the programme.</summary>
    public string? ExternalId { get; init; }

    /// <summary>E.164, such as <c>+48600100200</c>; unique in the programme.</summary>
    public required string Phone { get; init; }

    /// <summary>Unique in the programme, whatever its case.</summary>
    public required string Email { get; init; }

    /// <summary>1 to 64 characters.</summary>
    public required string FirstName { get; init; }

    /// <summary>1 to 64 characters.</summary>
    public required string LastName { get; init; }

    public required DateOnly BirthDate { get; init; }

    /// <summary>ISO 3166-1 alpha-2, such as <c>PL</c>.</summary>
    public required string Nationality { get; init; }

    public required Address Address { get; init; }

    /// <summary>Prints no personal data.</summary>
    public override string ToString() => $"NewUser of programme {ProgramId}";
}

/// <param name="Country">ISO 3166-1 alpha-2.</param>
public sealed record Address(string Street, string City, string PostalCode, string Country);

/// <summary>A registered end user. What describes the person is null once the user is deleted.</summary>
public sealed record User
{
    /// <summary>What paths call <c>customerId</c>.</summary>
    public required Guid Id { get; init; }

    public required Guid ProgramId { get; init; }

    /// <summary>Told to operators alone.</summary>
    public Guid? PartnerId { get; init; }

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

    /// <summary>UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Prints no personal data.</summary>
    public override string ToString() => $"User {Id}, {Status}, KYC {KycStatus}";
}

[JsonConverter(typeof(ByName<UserStatus>))]
public enum UserStatus
{
    /// <summary>A state of a later version of the suite.</summary>
    Unknown,
    Active,
    Locked,
    Deleted,
}

/// <summary>Where a user's verification (KYC) stands.</summary>
[JsonConverter(typeof(ByName<KycStatus>))]
public enum KycStatus
{
    /// <summary>A state of a later version of the suite.</summary>
    Unknown,
    None,
    InProgress,
    Accepted,
    Rejected,
}

/// <summary>The outcome of a verification that the partner did itself.</summary>
[JsonConverter(typeof(ByName<KycOutcome>))]
public enum KycOutcome
{
    Accepted = 1,
    Rejected = 2,
}

/// <summary>What is to change of a user; null leaves as it is.</summary>
public sealed record UserChange
{
    /// <summary>E.164, unique in the programme.</summary>
    public string? Phone { get; init; }

    /// <summary>Unique in the programme, whatever its case.</summary>
    public string? Email { get; init; }

    /// <summary>1 to 64 characters.</summary>
    public string? FirstName { get; init; }

    /// <summary>1 to 64 characters.</summary>
    public string? LastName { get; init; }

    public DateOnly? BirthDate { get; init; }

    /// <summary>ISO 3166-1 alpha-2.</summary>
    public string? Nationality { get; init; }

    public Address? Address { get; init; }

    /// <summary>1 to 128 characters, unique in the programme.</summary>
    public string? ExternalId { get; init; }

    /// <summary>Prints no personal data.</summary>
    public override string ToString() => nameof(UserChange);
}

/// <summary>What lets a user pair a device: deliver it, and keep it nowhere.</summary>
/// <param name="Code">Six digits; five wrong tries use it up, and a new one ends it.</param>
/// <param name="ExpiresAt">UTC.</param>
public sealed record ActivationCode([property: JsonPropertyName("activationCode")] string Code, DateTimeOffset ExpiresAt)
{
    /// <summary>The code masked.</summary>
    public override string ToString() => $"activation code ******, until {ExpiresAt:O}";
}

internal sealed record NewUserLock(string? Reason);

internal sealed record KycDecision(KycOutcome Status, string Reference);
