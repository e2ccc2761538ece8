namespace Antaca.Contracts.Requests;

/// <summary>A balance as a card needs it: <c>GET /internal/balances/{balanceId}?partnerId=&amp;userId=</c>. 404 when it is not that user's.</summary>
public sealed record BalanceFacts(Guid Id, Guid PartnerId, Guid UserId, Guid ProgramId, string Currency, bool Open);

/// <summary>
/// Records the decision on one authorisation, and holds the money of an approved one: <c>POST /internal/authorisations</c>.
/// Idempotent by processor, transaction id and type: asked again it answers as it first did, whatever has changed since;
/// the same identity with other content is 409 <c>TRANSACTION_ID_REUSED</c>. 503 <c>LEDGER_BUSY</c> when too many wait.
/// </summary>
/// <param name="Amount">Minor units, zero or more; in another currency than the balance's it is converted.</param>
/// <param name="Decline">Why the card says no already; null asks the ledger.</param>
/// <param name="OriginalAmount">What the merchant asked for in the merchant's currency, where the processor says so. Kept, not decided from.</param>
/// <param name="Partial">Whether less than the amount is of use: then what is there is approved.</param>
/// <param name="HoldLifetimeDays">When the hold falls away by itself, 1 to 60 days.</param>
/// <param name="TimeZone">IANA name of the zone in which days, weeks and months of <paramref name="Limits"/> begin.</param>
/// <param name="Limits">What the card may spend; each holds by itself. At most 32.</param>
/// <param name="Attempt">Tells apart the times that the processor asked, so that one that was not answered can be named (<c>AuthorisationUnanswered</c>).</param>
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
    DeclineReason? Decline,
    long? OriginalAmount = null,
    string? OriginalCurrency = null,
    bool Partial = false,
    int HoldLifetimeDays = 7,
    string TimeZone = "UTC",
    IReadOnlyList<SpendLimit>? Limits = null,
    Guid? Attempt = null);

/// <summary>The most that a card may spend. What was reversed or refunded in full does not count; declines never do.</summary>
/// <param name="Rule">Names the limit in the explanation of a decline, such as <c>card.amount.day</c> or <c>programme.uses.month</c>.</param>
/// <param name="Window"><c>Transaction</c> (this one alone), <c>Day</c>, <c>Week</c> (from Monday), <c>Month</c> or <c>Lifetime</c> of the card.</param>
/// <param name="Amount">Minor units of the balance's currency, in all; null where uses are counted.</param>
/// <param name="Uses">How many authorisations with an amount, in all; null where amounts are summed up.</param>
public sealed record SpendLimit(string Rule, string Window, long? Amount, int? Uses);

/// <param name="Rule">Which rule said no, where more than one could have said so, such as <c>card.mcc.deny</c>.</param>
/// <param name="Inputs">What the rule looked at, so that the decision can be repeated: no secret, at most 16 short words.</param>
public sealed record DeclineReason(string ActionCode, string Reason, string? Rule = null, IReadOnlyDictionary<string, string>? Inputs = null);

/// <param name="Mid">The acquirer's merchant id.</param>
/// <param name="Mcc">ISO 18245, four digits.</param>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
public sealed record MerchantFacts(string Mid, string Name, string Mcc, string Country);

/// <param name="ActionCode"><c>0000</c> when approved.</param>
/// <param name="Available">What the balance has left, minor units.</param>
/// <param name="Currency">The balance's.</param>
/// <param name="Amount">What is approved, minor units of <paramref name="Currency"/>: less than asked for in a partial approval, 0 in a decline.</param>
public sealed record AuthorisationDecided(
    Guid AuthorizationId, bool Approved, string ActionCode, string Reason, string? ApprovalCode, long Available, string Currency, long Amount);

/// <summary>How many balances of a user have money on them, or held: <c>GET /internal/users/{userId}/open-balances?partnerId=</c>.</summary>
public sealed record OpenBalances(int Count);
