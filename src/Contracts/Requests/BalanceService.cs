namespace Antaca.Contracts.Requests;

/// <summary>A balance as a card needs it: <c>GET /internal/balances/{balanceId}?partnerId=&amp;userId=</c>. 404 when it is not that user's.</summary>
public sealed record BalanceFacts(Guid Id, Guid PartnerId, Guid UserId, Guid ProgramId, string Currency, bool Open);

/// <summary>
/// Records the decision on one authorisation, and holds the money of an approved one: <c>POST /internal/authorisations</c>.
/// Idempotent by processor, transaction id and type: asked again it answers as it first did, whatever has changed since;
/// the same identity with other content is 409 <c>TRANSACTION_ID_REUSED</c>.
/// </summary>
/// <param name="Amount">Minor units, zero or more.</param>
/// <param name="Decline">Why the card says no already; null asks the ledger.</param>
public sealed record DecideAuthorisation(
    string Processor,
    string TransactionId,
    string Type,
    Guid PartnerId,
    Guid UserId,
    Guid BalanceId,
    Guid CardId,
    long Amount,
    string Currency,
    MerchantFacts Merchant,
    string EntryChannel,
    DateTimeOffset TransmittedAt,
    DeclineReason? Decline);

public sealed record DeclineReason(string ActionCode, string Reason);

/// <param name="Mid">The acquirer's merchant id.</param>
/// <param name="Mcc">ISO 18245, four digits.</param>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
public sealed record MerchantFacts(string Mid, string Name, string Mcc, string Country);

/// <param name="ActionCode"><c>0000</c> when approved.</param>
/// <param name="Available">What the balance has left, minor units.</param>
public sealed record AuthorisationDecided(
    Guid AuthorizationId, bool Approved, string ActionCode, string Reason, string? ApprovalCode, long Available, string Currency);

/// <summary>How many balances of a user have money on them, or held: <c>GET /internal/users/{userId}/open-balances?partnerId=</c>.</summary>
public sealed record OpenBalances(int Count);
