namespace Antaca.Contracts.Requests;

/// <summary>
/// A user as the neighbours need it to decide: <c>GET /internal/users/{userId}?partnerId=</c>. 404 when it is not that
/// partner's. Without <c>partnerId</c> (an operator asks) any partner's.
/// </summary>
public sealed record UserFacts(Guid Id, Guid PartnerId, bool Active, ProgrammeFacts Programme);

/// <summary>That there is such a partner: <c>GET /internal/partners/{partnerId}</c>. 404 otherwise.</summary>
public sealed record PartnerFacts(Guid Id);

/// <summary>A programme as the neighbours need it: <c>GET /internal/programmes/{programId}</c>.</summary>
/// <param name="Processor">The name of the processor that serves the programme.</param>
/// <param name="CardValidityMonths">A card expires at the end of the month that many months after its issue.</param>
/// <param name="TimeZone">IANA name of the zone in which the programme's days, weeks and months begin.</param>
/// <param name="HoldLifetimeDays">When the hold of an authorisation falls away by itself, 1 to 60.</param>
/// <param name="RemoteUrl">Where the partner holds the balances itself; null where we hold them.</param>
/// <param name="StandIn">What is answered for a partner's host that is silent; null declines.</param>
/// <param name="Controls">What every card of the programme may be used for; null for no rule.</param>
public sealed record ProgrammeFacts(
    Guid Id,
    Guid PartnerId,
    string Currency,
    string Processor,
    bool DigitalFirst,
    int CardValidityMonths,
    string TimeZone = "UTC",
    int HoldLifetimeDays = 7,
    string? RemoteUrl = null,
    StandInRule? StandIn = null,
    SpendRules? Controls = null);

/// <summary>What is answered where the partner holds the balances and its host does not answer.</summary>
/// <param name="MaxAmount">With <see cref="StandInMode.Approve"/>: up to this in each authorisation, minor units of the programme's currency.</param>
/// <param name="MaxMinutes">With <see cref="StandInMode.Approve"/>: no longer than this since the silence began, 1 to 1440.</param>
public sealed record StandInRule(StandInMode Mode, long? MaxAmount = null, int? MaxMinutes = null);

/// <summary>What is answered for a partner's host that is silent.</summary>
public enum StandInMode
{
    Decline,
    Approve,
}

/// <summary>The programmes that a processor serves: <c>GET /internal/programmes?processor=</c>. None for one that nobody has heard of.</summary>
public sealed record ServedProgrammes(IReadOnlyList<Guid> Programs);

/// <summary>Whose client certificate this is: <c>POST /internal/certificates/identify</c>. 404 for one that is unknown or revoked.</summary>
/// <param name="Thumbprint">SHA-256 of the DER certificate, upper-case hexadecimal.</param>
public sealed record IdentifyCertificate(string Thumbprint);

/// <param name="Kind"><c>Partner</c> or <c>Processor</c>.</param>
/// <param name="PartnerId">Of a partner's certificate.</param>
/// <param name="Processor">The name in a processor's certificate.</param>
/// <param name="Networks">The networks (CIDR) that the partner may call from; empty for any.</param>
/// <param name="EncryptionKeyId">The thumbprint (RFC 7638) of the only key that answers to the partner are sealed for; null for any.</param>
public sealed record CertificateHolder(
    string Kind, Guid? PartnerId, string? Processor, string Serial, DateTimeOffset NotAfter, IReadOnlyList<string> Networks, string? EncryptionKeyId);

/// <summary>
/// Whose session a token of the app channel is: <c>POST /internal/sessions/identify</c>. 404 for one that is unknown, ended,
/// expired or idle too long. Asking counts as use of the session.
/// </summary>
/// <param name="TokenHash">SHA-256 of the token, lower-case hexadecimal: the token itself is stored nowhere.</param>
public sealed record IdentifySession(string TokenHash);

/// <param name="EncryptionKeyId">The thumbprint (RFC 7638) of the only key that answers to the installation are sealed for; null for any.</param>
/// <param name="EndsAt">When the session ends if it is not used again.</param>
public sealed record SessionHolder(
    Guid SessionId, Guid InstallationId, Guid UserId, Guid PartnerId, Guid ProgramId, string? EncryptionKeyId, DateTimeOffset EndsAt);

/// <summary>The same for an operator's token: <c>POST /internal/operator-sessions/identify</c>.</summary>
public sealed record IdentifyOperatorSession(string TokenHash);

/// <param name="Role"><c>Admin</c>, <c>Manager</c> or <c>Employee</c>.</param>
public sealed record OperatorHolder(Guid SessionId, Guid OperatorId, string Role, DateTimeOffset EndsAt);

/// <summary>
/// Gives a card its PAN: <c>POST /internal/vault/cards</c>. Idempotent by <paramref name="CardId"/>: asked again, the same PAN.
/// 409 <c>BIN_RANGE_FULL</c>, <c>CARD_REMOVED</c>.
/// </summary>
/// <param name="Expiry">The last day of the card's last month.</param>
/// <param name="Binding">The caller that the one-time references in the answer are bound to.</param>
public sealed record AllocatePan(Guid CardId, Guid PartnerId, Guid ProgramId, DateOnly Expiry, string Binding);

/// <summary>
/// Gives cards of a programme's stock their PANs, all or none: <c>POST /internal/vault/stock</c>. Idempotent by the ids.
/// 409 <c>BIN_RANGE_FULL</c>.
/// </summary>
/// <param name="Expiry">The last day of the cards' last month.</param>
/// <param name="CardIds">1 to 1000.</param>
public sealed record AllocateStock(Guid PartnerId, Guid ProgramId, DateOnly Expiry, IReadOnlyList<Guid> CardIds);

/// <param name="MaskedCardNos">In the order of the ids.</param>
public sealed record AllocatedStock(IReadOnlyList<string> MaskedCardNos);

/// <summary>
/// Shows a card's secrets once: <c>POST /internal/vault/cards/reveal</c>. 404 when the partner has no such card; 403
/// <c>APPROVAL_REQUIRED</c> when an app asks and <paramref name="Approval"/> is not a live one of its installation for this card.
/// </summary>
/// <param name="Approval">The step-up of an app's call; null for a partner's.</param>
public sealed record RevealCard(Guid CardId, Guid PartnerId, string Binding, StepUp? Approval = null);

/// <summary>A one-time approval of one action on one card (<c>POST /customers/me/approvals</c>) as the app sent it.</summary>
/// <param name="Approval">The header's value; empty where the app sent none.</param>
public sealed record StepUp(Guid InstallationId, string Approval)
{
    /// <summary>Never prints the approval.</summary>
    public override string ToString() => $"approval of {InstallationId}";
}

/// <summary>
/// What the plastic and the chip of a card bear: <c>POST /internal/vault/cards/personalisation</c>. 404 when the partner has
/// no such card.
/// </summary>
/// <param name="Printed">Whether the plastic bears the CVV2; the number is on the chip in any case.</param>
public sealed record PersonaliseCard(Guid CardId, Guid PartnerId, string Binding, bool Printed);

/// <summary>One-time references to a card's secrets for its plastic; they live 30 seconds.</summary>
/// <param name="ServiceCode">ISO/IEC 7813; <paramref name="Cvv1"/> is made with it.</param>
/// <param name="Cvv2">Null where it is not printed.</param>
/// <param name="Pvv">Null where no PIN is set.</param>
public sealed record PersonalisationReferences(
    string ServiceCode, VaultReference CardNo, VaultReference Cvv1, VaultReference Icvv, VaultReference? Cvv2, VaultReference? Pvv);

/// <summary>
/// Gives a card another CVV, of which the old one is no part: <c>POST /internal/vault/cards/cvv</c>. Idempotent by
/// <paramref name="RequestId"/>: asked again it shows the present one. 404 and 403 as <see cref="RevealCard"/>. Owes <c>CvvReset</c>.
/// </summary>
/// <param name="Approval">The step-up of an app's call; null for everybody else's.</param>
public sealed record ResetCardCvv(Guid CardId, Guid PartnerId, Guid UserId, Guid RequestId, string Binding, StepUp? Approval = null);

/// <summary>
/// Sets a card's PIN: <c>POST /internal/vault/cards/pin</c>. 422 <c>PIN_TOO_SIMPLE</c>; 409 <c>REFERENCE_INVALID</c>; 404 and 403
/// as <see cref="RevealCard"/>. Owes <c>PinSet</c>.
/// </summary>
/// <param name="Approval">The step-up of an app's call; null for a partner's.</param>
public sealed record SetCardPin(Guid CardId, Guid PartnerId, Guid UserId, VaultReference Pin, string Binding, StepUp? Approval = null);

/// <param name="SetAt">Orders what happened to a PIN, whichever way one hears of it.</param>
public sealed record CardPinSet(DateTimeOffset SetAt);

/// <summary>
/// Judges the PIN block of a transaction: <c>POST /internal/vault/pins/verify</c>. 404 when there is no such card; 409
/// <c>REFERENCE_INVALID</c>. Whoever asks counts the tries.
/// </summary>
/// <param name="Format"><c>ISO-0</c> or <c>ISO-4</c>.</param>
/// <param name="KeyId">The zone key, which must be the processor's.</param>
public sealed record VerifyCardPin(Guid CardId, Guid PartnerId, string Processor, string Format, Guid KeyId, VaultReference Block, string Binding);

/// <param name="Outcome"><c>Right</c>, <c>Wrong</c>, <c>Unreadable</c> (another key, format or card, or damaged) or <c>NotSet</c>.</param>
public sealed record CardPinVerified(string Outcome);

/// <summary>A card's number, masked, and one-time references to its secrets; they live 30 seconds.</summary>
public sealed record CardSecretReferences(string MaskedCardNo, VaultReference CardNo, VaultReference Cvv);

/// <summary>A one-time reference in place of a secret: on the wire <c>{"vault": "..."}</c>.</summary>
public sealed record VaultReference(string Vault);

/// <summary>Swaps secrets for references at the edge: <c>POST /internal/vault/references</c>.</summary>
public sealed record CreateReferences(string Binding, IReadOnlyList<SecretValue> Secrets);

/// <param name="Kind"><c>cardNo</c>, <c>cvv</c>, <c>pin</c> or <c>pinBlock</c>.</param>
public sealed record SecretValue(string Kind, string Value)
{
    /// <summary>Never prints the value.</summary>
    public override string ToString() => $"{Kind}: ***";
}

public sealed record CreatedReferences(IReadOnlyList<VaultReference> References);

/// <summary>
/// Resolves references, each once: <c>POST /internal/vault/resolve</c>. 409 <c>REFERENCE_INVALID</c> when one is used,
/// expired, forged, another caller's or another card's; then none is resolved.
/// </summary>
public sealed record ResolveReferences(string Binding, Guid CardId, IReadOnlyList<VaultReference> References);

public sealed record ResolvedReferences(IReadOnlyList<SecretValue> Secrets);

/// <summary>
/// Finds the card of a number that came in from outside: <c>POST /internal/vault/identify</c>. 404 when no card has it;
/// 409 <c>REFERENCE_INVALID</c> as above.
/// </summary>
public sealed record IdentifyCard(string Binding, VaultReference CardNo, DateOnly? Expiry, VaultReference? Cvv);

/// <param name="ExpiryMatches">Null when none was given.</param>
/// <param name="CvvMatches">Null when none was given.</param>
public sealed record IdentifiedCard(Guid CardId, bool? ExpiryMatches, bool? CvvMatches);
