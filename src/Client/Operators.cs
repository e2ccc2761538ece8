using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>Somebody who works with the administration panel.</summary>
/// <param name="LockedUntil">UTC; null where not locked, or until an Admin unlocks.</param>
/// <param name="CreatedAt">UTC.</param>
public sealed record Operator(
    Guid Id, string Email, string Name, OperatorRole Role, OperatorStatus Status, DateTimeOffset CreatedAt, DateTimeOffset? LockedUntil = null)
{
    /// <summary>Prints no personal data.</summary>
    public override string ToString() => $"Operator {Id}, {Role}, {Status}";
}

[JsonConverter(typeof(ByName<OperatorRole>))]
public enum OperatorRole
{
    /// <summary>A role of a later version of the suite.</summary>
    Unknown,
    Employee,
    Manager,
    Admin,
}

[JsonConverter(typeof(ByName<OperatorStatus>))]
public enum OperatorStatus
{
    /// <summary>A state of a later version of the suite.</summary>
    Unknown,
    Invited,
    Active,
    Locked,
}

/// <summary>A password that was accepted.</summary>
/// <param name="Totp">The new second factor of an invited operator: show it once. Null where the former stays.</param>
public sealed record AcceptedPassword(string Email, TotpEnrolment? Totp = null)
{
    /// <summary>Prints no personal data.</summary>
    public override string ToString() => $"password accepted, {(Totp is null ? "second factor as it was" : "new second factor")}";
}

/// <summary>A second factor (TOTP, RFC 6238: SHA-1, 30 seconds, 6 digits).</summary>
/// <param name="Secret">Base32 (RFC 4648).</param>
/// <param name="Uri"><c>otpauth://totp/...</c>, as authenticator apps read it from a QR code.</param>
public sealed record TotpEnrolment(string Secret, string Uri)
{
    /// <summary>Masked.</summary>
    public override string ToString() => "***";
}

/// <summary>An entry of the audit trail: a write, a reveal, or a refusal that counted.</summary>
/// <param name="Position">1, 2, 3 ... without gaps.</param>
/// <param name="Action">Such as <c>LockCard</c>.</param>
/// <param name="Outcome">Null where it succeeded; otherwise the refusal's code.</param>
/// <param name="OccurredAt">UTC.</param>
/// <param name="Hash">Hex SHA-256 over the entry and the hash before it.</param>
public sealed record AuditEntry(
    long Position,
    Guid Id,
    string Channel,
    string Actor,
    string Action,
    string Subject,
    DateTimeOffset OccurredAt,
    string Hash,
    Guid? CustomerId = null,
    Guid? PartnerId = null,
    string? Outcome = null,
    string? TraceId = null);

/// <summary>Which entries of the audit trail; what is null does not matter.</summary>
/// <param name="From">From this time on.</param>
/// <param name="To">Before this time.</param>
public sealed record AuditFilter(string? Actor = null, string? Subject = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>Which users; what is null does not matter.</summary>
public sealed record UserFilter
{
    public string? ExternalId { get; init; }

    /// <summary>E.164.</summary>
    public string? Phone { get; init; }

    /// <summary>Whatever its case.</summary>
    public string? Email { get; init; }

    public Guid? PartnerId { get; init; }

    public Guid? ProgramId { get; init; }

    public UserStatus? Status { get; init; }

    /// <summary>Prints no personal data.</summary>
    public override string ToString() => nameof(UserFilter);
}

/// <summary>Which transactions; what is null does not matter.</summary>
public sealed record TransactionFilter
{
    public Guid? CustomerId { get; init; }

    public Guid? BalanceId { get; init; }

    public Guid? CardId { get; init; }

    public TransactionStatus? Status { get; init; }

    public TransactionType? Type { get; init; }

    /// <summary>From this time on.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before this time.</summary>
    public DateTimeOffset? To { get; init; }
}

internal sealed record Credentials(string Email, string Password)
{
    public override string ToString() => nameof(Credentials);
}

internal sealed record SecondFactor(string Challenge, string Code)
{
    public override string ToString() => nameof(SecondFactor);
}

internal sealed record NewPassword(string Link, string Password)
{
    public override string ToString() => nameof(NewPassword);
}

internal sealed record ForgottenPassword(string Email);

internal sealed record NewOperator(string Email, string Name, OperatorRole Role);

internal sealed record NewRole(OperatorRole Role);
