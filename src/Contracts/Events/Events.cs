using System.Text.Json.Serialization;

namespace Antaca.Contracts.Events;

/// <summary>
/// Something that happened. Carries ids and facts only: never a PAN, a name or a document. Its class name is its stable
/// name on the broker (<c>Antaca.Contracts.Events:CardLocked</c>). Fields may be added, never renamed.
/// </summary>
public interface IEvent
{
    /// <summary>The partner whose event it is: its webhooks and its event log get it.</summary>
    Guid PartnerId { get; }

    DateTimeOffset OccurredAt { get; }
}

// Users and KYC
public sealed record UserRegistered(Guid PartnerId, Guid UserId, Guid ProgramId, DateTimeOffset OccurredAt) : IEvent;

public sealed record KycAccepted(Guid PartnerId, Guid UserId, Guid ApplicationId, DateTimeOffset OccurredAt) : IEvent;

public sealed record KycRejected(Guid PartnerId, Guid UserId, Guid ApplicationId, DateTimeOffset OccurredAt) : IEvent;

// Money
public sealed record BalanceOpened(Guid PartnerId, Guid UserId, Guid BalanceId, string Currency, DateTimeOffset OccurredAt) : IEvent;

public sealed record BalanceReloaded(Guid PartnerId, Guid UserId, Guid BalanceId, Guid TransactionId, long Amount, string Currency, DateTimeOffset OccurredAt) : IEvent;

public sealed record AuthorisationApproved(
    Guid PartnerId, Guid UserId, Guid BalanceId, Guid CardId, Guid TransactionId, long Amount, string Currency, DateTimeOffset OccurredAt) : IEvent;

public sealed record AuthorisationDeclined(
    Guid PartnerId, Guid UserId, Guid BalanceId, Guid CardId, Guid TransactionId, long Amount, string Currency, string ActionCode, string Reason, DateTimeOffset OccurredAt) : IEvent;

// Cards
public sealed record CardIssued(Guid PartnerId, Guid UserId, Guid BalanceId, Guid CardId, string Type, DateTimeOffset OccurredAt) : IEvent;

public sealed record CardLocked(Guid PartnerId, Guid UserId, Guid CardId, int Code, DateTimeOffset OccurredAt) : IEvent;

public sealed record CardUnlocked(Guid PartnerId, Guid UserId, Guid CardId, int Code, DateTimeOffset OccurredAt) : IEvent;

/// <summary>Reads and writes the events without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UserRegistered))]
[JsonSerializable(typeof(KycAccepted))]
[JsonSerializable(typeof(KycRejected))]
[JsonSerializable(typeof(BalanceOpened))]
[JsonSerializable(typeof(BalanceReloaded))]
[JsonSerializable(typeof(AuthorisationApproved))]
[JsonSerializable(typeof(AuthorisationDeclined))]
[JsonSerializable(typeof(CardIssued))]
[JsonSerializable(typeof(CardLocked))]
[JsonSerializable(typeof(CardUnlocked))]
public sealed partial class EventsJson : JsonSerializerContext;
