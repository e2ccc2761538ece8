namespace Antaca.KycService.Decisions;

internal enum KycStatus
{
    None,
    Draft,
    InProgress,
    Accepted,
    Rejected,
}

/// <summary>One attempt to verify one user.</summary>
internal sealed record Application
{
    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid UserId { get; init; }
    public required KycStatus Status { get; init; }
    public string? Reference { get; init; }
    public DateTimeOffset? DecidedAt { get; init; }
}
