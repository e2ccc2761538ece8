using System.Text.Json.Serialization;

namespace Antaca.Contracts.Events;

/// <summary>
/// Something that happened. Carries ids and facts only: never a PAN, a name or a document. Its class name is its stable
/// name on the broker (<c>Antaca.Contracts.Events:CardLocked</c>). Fields may be added, never renamed.
/// </summary>
public interface IEvent
{
    DateTimeOffset OccurredAt { get; }
}

/// <summary>An event that a partner hears of: in its event log and by its webhooks.</summary>
public interface IPartnerEvent : IEvent
{
    Guid PartnerId { get; }
}

// Users and KYC
public sealed record UserRegistered(Guid PartnerId, Guid UserId, Guid ProgramId, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record UserLocked(Guid PartnerId, Guid UserId, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record UserUnlocked(Guid PartnerId, Guid UserId, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record UserDeleted(Guid PartnerId, Guid UserId, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>A user registered itself and waits for a code to pair a device with. The code is made when it is sent, and is in no event.</summary>
/// <param name="Carrier"><c>Sms</c> or <c>Email</c>.</param>
public sealed record ActivationCodeRequested(Guid UserId, string Carrier, DateTimeOffset OccurredAt) : IEvent;

public sealed record KycAccepted(Guid PartnerId, Guid UserId, Guid ApplicationId, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record KycRejected(Guid PartnerId, Guid UserId, Guid ApplicationId, DateTimeOffset OccurredAt) : IPartnerEvent;

// Money
public sealed record BalanceOpened(Guid PartnerId, Guid UserId, Guid BalanceId, string Currency, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record BalanceReloaded(Guid PartnerId, Guid UserId, Guid BalanceId, Guid TransactionId, long Amount, string Currency, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record AuthorisationApproved(
    Guid PartnerId, Guid UserId, Guid BalanceId, Guid CardId, Guid TransactionId, long Amount, string Currency, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record AuthorisationDeclined(
    Guid PartnerId, Guid UserId, Guid BalanceId, Guid CardId, Guid TransactionId, long Amount, string Currency, string ActionCode, string Reason, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>CardService had no answer to an authorisation in time, and told the processor so: nothing may stay held for it.</summary>
public sealed record AuthorisationUnanswered(
    Guid PartnerId, Guid BalanceId, Guid CardId, string Processor, string TransactionId, string Type, Guid Attempt, DateTimeOffset OccurredAt) : IEvent;

/// <summary>A hold fell away, in part or in whole, without the money being taken.</summary>
/// <param name="Amount">What fell away, minor units.</param>
/// <param name="Reason"><c>REVERSED</c>, <c>HOLD_EXPIRED</c> or <c>ANSWERED_LATE</c>.</param>
public sealed record TransactionReversed(
    Guid PartnerId, Guid UserId, Guid BalanceId, Guid? CardId, Guid TransactionId, long Amount, string Currency, string Reason, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>The scheme took money.</summary>
/// <param name="ClearingId">One transaction may be cleared several times.</param>
/// <param name="Amount">What was cleared, minor units.</param>
/// <param name="FromPartner">The part of it that the partner's own balance bore, because the user's could not or the exchange rate had moved; negative where it gained.</param>
public sealed record TransactionCleared(
    Guid PartnerId, Guid UserId, Guid BalanceId, Guid? CardId, Guid TransactionId, Guid ClearingId, long Amount, long FromPartner, string Currency, DateTimeOffset OccurredAt)
    : IPartnerEvent;

public sealed record TransactionRefunded(
    Guid PartnerId, Guid UserId, Guid BalanceId, Guid? CardId, Guid TransactionId, long Amount, string Currency, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>An operator moved money.</summary>
/// <param name="Amount">Negative where it was taken from the balance.</param>
public sealed record BalanceAdjusted(
    Guid PartnerId, Guid UserId, Guid BalanceId, Guid TransactionId, long Amount, string Currency, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <param name="State"><c>Open</c>, <c>Blocked</c> or <c>Closed</c>.</param>
public sealed record BalanceStateChanged(Guid PartnerId, Guid UserId, Guid BalanceId, string State, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>What is available of a partner's own balance fell below its threshold; said again only after it was above.</summary>
/// <param name="Kind"><c>Partner</c>, <c>Credit</c> or <c>Deposit</c>.</param>
public sealed record PartnerBalanceLow(
    Guid PartnerId, Guid BalanceId, string Kind, long Available, long Threshold, string Currency, DateTimeOffset OccurredAt) : IPartnerEvent;

// Cards
public sealed record CardIssued(Guid PartnerId, Guid UserId, Guid BalanceId, Guid CardId, string Type, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>Plastic was ordered: a new card, or, of <paramref name="Type"/> <c>DigitalFirst</c>, plastic for a virtual card in use.</summary>
/// <param name="Type"><c>Physical</c> or <c>DigitalFirst</c>.</param>
public sealed record PhysicalCardOrdered(
    Guid PartnerId, Guid UserId, Guid BalanceId, Guid CardId, Guid OrderId, string Type, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>The bureau has made the plastic of an order. The card is shown to its user then.</summary>
/// <param name="UserId">Null for a card of the programme's stock.</param>
public sealed record PhysicalCardPersonalised(Guid PartnerId, Guid? UserId, Guid CardId, Guid OrderId, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>The bureau could not make the plastic of an order. A card that is nothing without it is removed.</summary>
/// <param name="UserId">Null for a card of the programme's stock.</param>
/// <param name="Kind"><c>Physical</c>, <c>DigitalFirst</c> or <c>Stock</c>: all but <c>DigitalFirst</c> are removed with it.</param>
public sealed record PhysicalCardFailed(Guid PartnerId, Guid? UserId, Guid CardId, Guid OrderId, string Kind, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>A card of the programme's stock became a user's.</summary>
public sealed record CardLinked(Guid PartnerId, Guid UserId, Guid BalanceId, Guid CardId, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record CardLocked(Guid PartnerId, Guid UserId, Guid CardId, int Code, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record CardUnlocked(Guid PartnerId, Guid UserId, Guid CardId, int Code, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record CardActivated(Guid PartnerId, Guid UserId, Guid CardId, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>A card is over for good. The vault destroys its number.</summary>
public sealed record CardRemoved(Guid PartnerId, Guid UserId, Guid CardId, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>What a card may be used for was changed.</summary>
/// <param name="Owner">Whose rules they are: <c>User</c> or <c>Issuer</c>.</param>
public sealed record CardControlsChanged(Guid PartnerId, Guid UserId, Guid CardId, string Owner, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>A card's last day is past.</summary>
public sealed record CardExpired(Guid PartnerId, Guid UserId, Guid CardId, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>Another card follows on this one, which ends with its month.</summary>
public sealed record CardRenewed(Guid PartnerId, Guid UserId, Guid CardId, Guid RenewedBy, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record PinSet(Guid PartnerId, Guid UserId, Guid CardId, DateTimeOffset OccurredAt) : IPartnerEvent;

public sealed record CvvReset(Guid PartnerId, Guid UserId, Guid CardId, DateTimeOffset OccurredAt) : IPartnerEvent;

// Who may call. The gateways hear these and forget what they remember of the credential.

/// <param name="Reason"><c>Logout</c>, <c>Paired</c> (the device was paired again), <c>Removed</c> (the device), <c>UserLocked</c>, <c>UserDeleted</c> or <c>PinTries</c>.</param>
public sealed record SessionEnded(Guid UserId, Guid InstallationId, Guid SessionId, string Reason, DateTimeOffset OccurredAt) : IEvent;

/// <param name="Reason"><c>Logout</c>, <c>Locked</c>, <c>RoleChanged</c> or <c>CredentialsChanged</c>.</param>
public sealed record OperatorSessionEnded(Guid OperatorId, Guid SessionId, string Reason, DateTimeOffset OccurredAt) : IEvent;

/// <summary>An operator was invited, or invited anew. The link of the e-mail is made when it is sent, and is in no event.</summary>
public sealed record OperatorInvited(Guid OperatorId, DateTimeOffset OccurredAt) : IEvent;

/// <summary>Somebody who says he is this operator asked for a new password. The same is true of the link.</summary>
public sealed record PasswordResetRequested(Guid OperatorId, DateTimeOffset OccurredAt) : IEvent;

public sealed record CertificateRevoked(string Serial, DateTimeOffset OccurredAt) : IEvent;

/// <summary>A partner's networks or encryption key were changed.</summary>
public sealed record PartnerChanged(Guid PartnerId, DateTimeOffset OccurredAt) : IEvent;

/// <summary>A client certificate of the partner's ends soon; said once for each certificate.</summary>
public sealed record CertificateExpiring(Guid PartnerId, string Serial, DateTimeOffset NotAfter, DateTimeOffset OccurredAt) : IPartnerEvent;

/// <summary>
/// A write, or a reveal of a card's secrets, for the audit trail. Owed in the transaction of what it tells, by every service;
/// DataCore chains it. Carries ids and words of ours only.
/// </summary>
/// <param name="Channel"><c>Customers</c>, <c>Secure</c>, <c>Processor</c> or <c>Admin</c>.</param>
/// <param name="Actor">Such as <c>operator:{id}</c>, <c>partner:{id}</c>, <c>user:{id}</c>, <c>processor:{name}</c> or <c>anonymous</c>.</param>
/// <param name="Action">The verb, such as <c>LockCard</c>.</param>
/// <param name="Subject">Such as <c>card:{id}</c>; empty where there is none.</param>
/// <param name="Outcome">Null for success; otherwise the code of the refusal that was recorded, such as <c>WRONG_PIN</c>.</param>
public sealed record Audited(
    string Channel,
    string Actor,
    string Action,
    string Subject,
    Guid? UserId,
    Guid? PartnerId,
    string? Outcome,
    string? TraceId,
    DateTimeOffset OccurredAt) : IEvent;

/// <summary>Reads and writes the events without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UserRegistered))]
[JsonSerializable(typeof(UserLocked))]
[JsonSerializable(typeof(UserUnlocked))]
[JsonSerializable(typeof(UserDeleted))]
[JsonSerializable(typeof(ActivationCodeRequested))]
[JsonSerializable(typeof(KycAccepted))]
[JsonSerializable(typeof(KycRejected))]
[JsonSerializable(typeof(BalanceOpened))]
[JsonSerializable(typeof(BalanceReloaded))]
[JsonSerializable(typeof(AuthorisationApproved))]
[JsonSerializable(typeof(AuthorisationDeclined))]
[JsonSerializable(typeof(AuthorisationUnanswered))]
[JsonSerializable(typeof(TransactionReversed))]
[JsonSerializable(typeof(TransactionCleared))]
[JsonSerializable(typeof(TransactionRefunded))]
[JsonSerializable(typeof(BalanceAdjusted))]
[JsonSerializable(typeof(BalanceStateChanged))]
[JsonSerializable(typeof(PartnerBalanceLow))]
[JsonSerializable(typeof(CardIssued))]
[JsonSerializable(typeof(PhysicalCardOrdered))]
[JsonSerializable(typeof(PhysicalCardPersonalised))]
[JsonSerializable(typeof(PhysicalCardFailed))]
[JsonSerializable(typeof(CardLinked))]
[JsonSerializable(typeof(CardLocked))]
[JsonSerializable(typeof(CardUnlocked))]
[JsonSerializable(typeof(CardActivated))]
[JsonSerializable(typeof(CardRemoved))]
[JsonSerializable(typeof(CardExpired))]
[JsonSerializable(typeof(CardRenewed))]
[JsonSerializable(typeof(CardControlsChanged))]
[JsonSerializable(typeof(PinSet))]
[JsonSerializable(typeof(CvvReset))]
[JsonSerializable(typeof(SessionEnded))]
[JsonSerializable(typeof(OperatorSessionEnded))]
[JsonSerializable(typeof(OperatorInvited))]
[JsonSerializable(typeof(PasswordResetRequested))]
[JsonSerializable(typeof(CertificateRevoked))]
[JsonSerializable(typeof(PartnerChanged))]
[JsonSerializable(typeof(CertificateExpiring))]
[JsonSerializable(typeof(Audited))]
public sealed partial class EventsJson : JsonSerializerContext;
