using System.Text.Json.Serialization.Metadata;

namespace Antaca.Client;

/// <summary>
/// The calls of a partner's server (<c>/secure</c>), made with the partner's client certificate. Calls whose data is
/// sensitive are encrypted both ways (JWE, RFC 7516) without the caller's doing. Every POST carries an
/// <c>Idempotency-Key</c>, the same for all its attempts: give one of your own where the call must take effect once even
/// if this process ends before the answer. Every call throws <see cref="AntacaException"/> when it is refused or gets no
/// answer; unknown ids, and those of other partners, are 404.
/// </summary>
/// <example>
/// <code>
/// using var connection = new AntacaConnection(AntacaConnectionOptions.FromPem(address, "partner.pem", "partner.key", "ca.pem"));
/// var partner = new AntacaClient(connection);
/// var user = await partner.CreateUser(newUser, idempotencyKey: "signup-4711");
/// var code = await partner.CreateActivationCode(user.Id);
/// </code>
/// </example>
public sealed class AntacaClient(AntacaConnection connection)
{
    /// <summary>The longest page of a list.</summary>
    public const int MaxPageSize = 200;

    /// <summary>The suite's key for encrypted calls, as <c>GET /secure/public-key</c> tells it now. Calls fetch it by themselves.</summary>
    public Task<SuitePublicKey> GetPublicKey(CancellationToken cancel = default) => connection.Transport.FetchPublicKey("secure/public-key", cancel);

    /// <summary>Registers an end user.</summary>
    /// <exception cref="AntacaException"><c>USER_EXISTS</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<User> CreateUser(NewUser user, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Post("secure/customers", user, ClientJson.Default.NewUser, ClientJson.Default.User, idempotencyKey, encrypted: false, cancel);

    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>.</exception>
    public Task<User> GetUser(Guid customerId, CancellationToken cancel = default) =>
        Get($"secure/customers/{customerId}", ClientJson.Default.User, encrypted: false, cancel);

    /// <summary>The partner's users, newest first.</summary>
    /// <param name="externalId">The partner's own id of the user.</param>
    /// <param name="phone">E.164.</param>
    /// <param name="email">Whatever its case.</param>
    /// <param name="limit">1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Page{T}.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<User>> ListUsers(
        string? externalId = null, string? phone = null, string? email = null, int limit = 50, string? after = null, CancellationToken cancel = default) =>
        List("secure/customers", ClientJson.Default.PageUser, cancel, ("externalId", externalId), ("phone", phone), ("email", email), ("limit", limit), ("after", after));

    /// <summary>Changes what is given of a user, and leaves the rest.</summary>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>USER_EXISTS</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<User> UpdateUser(Guid customerId, UserChange change, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Patch($"secure/customers/{customerId}", change, ClientJson.Default.UserChange), ClientJson.Default.User, cancel);

    /// <summary>Ends the user's sessions and lets none begin; the cards go on. The same again changes nothing.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="reason">For people.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<User> LockUser(Guid customerId, string? reason = null, string? idempotencyKey = null, CancellationToken cancel = default) => Post(
        $"secure/customers/{customerId}/lock", new NewUserLock(reason), ClientJson.Default.NewUserLock, ClientJson.Default.User, idempotencyKey, encrypted: false, cancel);

    /// <summary>Lets the user sign in again.</summary>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>.</exception>
    public Task<User> UnlockUser(Guid customerId, string? idempotencyKey = null, CancellationToken cancel = default) =>
        connection.Transport.Send(Call.Post($"secure/customers/{customerId}/unlock", idempotencyKey), ClientJson.Default.User, cancel);

    /// <summary>Erases the user's personal data and ends sessions and installations. Cards must be removed and balances empty first.</summary>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>USER_HAS_OPEN_PRODUCTS</c>.</exception>
    public Task DeleteUser(Guid customerId, CancellationToken cancel = default) =>
        connection.Transport.Send(Call.Delete($"secure/customers/{customerId}"), cancel);

    /// <summary>
    /// A code that lets the user pair a device: six digits, for 10 minutes and 5 tries. The partner delivers it. A new one ends
    /// the former, so the call is sent once, whatever comes of it.
    /// </summary>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>USER_LOCKED</c>; <c>RATE_LIMITED</c> from the eleventh in an hour.</exception>
    public Task<ActivationCode> CreateActivationCode(Guid customerId, CancellationToken cancel = default) => connection.Transport.Send(
        new Call(HttpMethod.Post, $"secure/customers/{customerId}/activation-codes") { Once = true }, ClientJson.Default.ActivationCode, cancel);

    /// <summary>Records the outcome of the partner's own verification of a user.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="outcome">Accepted or rejected.</param>
    /// <param name="reference">The partner's own reference of the check, 1 to 140 characters.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task SetKyc(Guid customerId, KycOutcome outcome, string reference, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Put($"secure/customers/{customerId}/kyc", new KycDecision(outcome, reference), ClientJson.Default.KycDecision), cancel);

    /// <summary>Opens a balance for a verified user.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="currency">ISO 4217; null for the programme's.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="externalId">Where the partner holds the balances: what it calls this one, 1 to 64 letters, digits, dots, dashes and underscores; null for the balance's own id.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>KYC_REQUIRED</c>, <c>USER_LOCKED</c>, <c>USER_NOT_FOUND</c>, <c>EXTERNAL_ID_TAKEN</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Balance> OpenBalance(Guid customerId, string? currency = null, string? idempotencyKey = null, string? externalId = null, CancellationToken cancel = default) => Post(
        $"secure/customers/{customerId}/balances",
        new NewBalance(currency, externalId),
        ClientJson.Default.NewBalance,
        ClientJson.Default.Balance,
        idempotencyKey,
        encrypted: false,
        cancel);

    /// <summary>The user's balances, newest first.</summary>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Balance>> ListBalances(Guid customerId, int limit = 50, string? after = null, CancellationToken cancel = default) =>
        List($"secure/customers/{customerId}/balances", ClientJson.Default.PageBalance, cancel, ("limit", limit), ("after", after));

    /// <summary>What moved on a balance, newest first.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="balanceId">The user's balance.</param>
    /// <param name="from">From this time on; null for all.</param>
    /// <param name="to">Before this time; null for all.</param>
    /// <param name="limit">1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Page{T}.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Transaction>> ListTransactions(
        Guid customerId,
        Guid balanceId,
        DateTimeOffset? from = null,
        DateTimeOffset? to = null,
        int limit = 50,
        string? after = null,
        CancellationToken cancel = default) => List(
        $"secure/customers/{customerId}/balances/{balanceId}/transactions",
        ClientJson.Default.PageTransaction,
        cancel,
        ("from", from),
        ("to", to),
        ("limit", limit),
        ("after", after));

    /// <summary>A transaction with what became of it.</summary>
    /// <exception cref="AntacaException"><c>TRANSACTION_NOT_FOUND</c>.</exception>
    public Task<TransactionHistory> GetTransaction(Guid customerId, Guid balanceId, Guid transactionId, CancellationToken cancel = default) => Get(
        $"secure/customers/{customerId}/balances/{balanceId}/transactions/{transactionId}", ClientJson.Default.TransactionHistory, encrypted: false, cancel);

    /// <summary>Why an authorisation was declined: the rule that said no, and all that it was decided from.</summary>
    /// <exception cref="AntacaException"><c>TRANSACTION_NOT_FOUND</c>, <c>NOT_DECLINED</c>.</exception>
    public Task<DeclineExplanation> ExplainDecline(Guid customerId, Guid balanceId, Guid transactionId, CancellationToken cancel = default) => Get(
        $"secure/customers/{customerId}/balances/{balanceId}/transactions/{transactionId}/explanation", ClientJson.Default.DeclineExplanation, encrypted: false, cancel);

    /// <summary>What moved on a balance in a month, the oldest first, between the balance before and after.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="balanceId">The user's balance.</param>
    /// <param name="month">Any day of the month.</param>
    /// <param name="timeZone">IANA name of the zone whose month it is; null for UTC.</param>
    /// <param name="limit">1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Statement.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_HELD_BY_PARTNER</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Statement> GetStatement(
        Guid customerId, Guid balanceId, DateOnly month, string? timeZone = null, int limit = 50, string? after = null, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Get($"secure/customers/{customerId}/balances/{balanceId}/statement", Statement.QueryOf(month, timeZone, limit, after)), ClientJson.Default.Statement, cancel);

    /// <summary>A balance with its cards.</summary>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>.</exception>
    public Task<Balance> GetBalance(Guid customerId, Guid balanceId, CancellationToken cancel = default) =>
        Get($"secure/customers/{customerId}/balances/{balanceId}", ClientJson.Default.Balance, encrypted: false, cancel);

    /// <summary>Adds money to a balance. Give an idempotency key of your own: it is what keeps money from being added twice.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="balanceId">The user's balance.</param>
    /// <param name="amount">More than zero, in the balance's currency.</param>
    /// <param name="reference">The partner's own words, 1 to 140 characters.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one, which protects this call's attempts alone.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_OPEN</c>, <c>BALANCE_CURRENCY_MISMATCH</c>,
    /// <c>BALANCE_LIMIT_EXCEEDED</c>, <c>IDEMPOTENCY_KEY_REUSED</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Transaction> Reload(
        Guid customerId, Guid balanceId, Money amount, string reference, string? idempotencyKey = null, CancellationToken cancel = default) => Post(
        $"secure/customers/{customerId}/balances/{balanceId}/reload",
        new NewReload(amount, reference),
        ClientJson.Default.NewReload,
        ClientJson.Default.Transaction,
        idempotencyKey,
        encrypted: false,
        cancel);

    /// <summary>Closes a balance for good: nothing may be on it or held, and its cards must be removed or expired. Closed again, it stays so.</summary>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_EMPTY</c>, <c>BALANCE_HAS_CARDS</c>.</exception>
    public Task<Balance> CloseBalance(Guid customerId, Guid balanceId, CancellationToken cancel = default) =>
        connection.Transport.Send(Call.Post($"secure/customers/{customerId}/balances/{balanceId}/close"), ClientJson.Default.Balance, cancel);

    /// <summary>
    /// Opens a balance of the partner's own: one of each kind for each currency. From when there is a
    /// <see cref="PartnerBalanceKind.Credit"/> balance on, the partner's cards spend no more than it has.
    /// </summary>
    /// <exception cref="AntacaException"><c>PARTNER_BALANCE_EXISTS</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<PartnerBalance> OpenPartnerBalance(NewPartnerBalance balance, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Post("secure/partner-balances", balance, ClientJson.Default.NewPartnerBalance, ClientJson.Default.PartnerBalance, idempotencyKey, encrypted: false, cancel);

    /// <summary>The partner's own balances, newest first.</summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<PartnerBalance>> ListPartnerBalances(int limit = 50, string? after = null, CancellationToken cancel = default) =>
        List("secure/partner-balances", ClientJson.Default.PagePartnerBalance, cancel, ("limit", limit), ("after", after));

    /// <summary>What days came to for balances that the partner holds itself, newest first.</summary>
    /// <param name="from">The first day; null for all.</param>
    /// <param name="to">The last day; null for all.</param>
    /// <param name="limit">1 to <see cref="AntacaClient.MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Page{T}.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Reconciliation>> ListReconciliations(DateOnly? from = null, DateOnly? to = null, int limit = 50, string? after = null, CancellationToken cancel = default) =>
        List("secure/reconciliations", ClientJson.Default.PageReconciliation, cancel, ("from", from), ("to", to), ("limit", limit), ("after", after));

    /// <exception cref="AntacaException"><c>PARTNER_BALANCE_NOT_FOUND</c>.</exception>
    public Task<PartnerBalance> GetPartnerBalance(Guid partnerBalanceId, CancellationToken cancel = default) =>
        Get($"secure/partner-balances/{partnerBalanceId}", ClientJson.Default.PartnerBalance, encrypted: false, cancel);

    /// <summary>Changes when the partner is warned and who is told; what is null stays.</summary>
    /// <exception cref="AntacaException"><c>PARTNER_BALANCE_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<PartnerBalance> UpdatePartnerBalance(Guid partnerBalanceId, PartnerBalanceChange change, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Patch($"secure/partner-balances/{partnerBalanceId}", change, ClientJson.Default.PartnerBalanceChange), ClientJson.Default.PartnerBalance, cancel);

    /// <summary>What moved on a balance of the partner's own, newest first.</summary>
    /// <exception cref="AntacaException"><c>PARTNER_BALANCE_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<PartnerMovement>> ListPartnerMovements(Guid partnerBalanceId, int limit = 50, string? after = null, CancellationToken cancel = default) =>
        List($"secure/partner-balances/{partnerBalanceId}/transactions", ClientJson.Default.PagePartnerMovement, cancel, ("limit", limit), ("after", after));

    /// <summary>Issues a virtual card, ready for use. Encrypted both ways; the answer holds the card's secrets.</summary>
    /// <param name="customerId">A verified, active user.</param>
    /// <param name="balanceId">An open balance of the user in the programme's currency.</param>
    /// <param name="cardholderName">1 to 26 letters, spaces and <c>. ' -</c>.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>USER_LOCKED</c>, <c>USER_NOT_FOUND</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>,
    /// <c>BALANCE_NOT_OPEN</c>, <c>BALANCE_CURRENCY_MISMATCH</c>, <c>BIN_RANGE_FULL</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<IssuedCard> CreateVirtualCard(
        Guid customerId, Guid balanceId, string? cardholderName = null, string? idempotencyKey = null, CancellationToken cancel = default) => Post(
        $"secure/customers/{customerId}/cards/virtual",
        new NewVirtualCard(balanceId, cardholderName),
        ClientJson.Default.NewVirtualCard,
        ClientJson.Default.IssuedCard,
        idempotencyKey,
        encrypted: true,
        cancel);

    /// <summary>
    /// Asks for a virtual card without waiting for it. Ask on with <see cref="GetCardRequest"/> or <see cref="WaitForCard"/>, or
    /// hear <c>card.issued</c>; the full data is read with <see cref="GetCard"/>.
    /// </summary>
    /// <param name="customerId">A verified, active user.</param>
    /// <param name="balanceId">An open balance of the user in the programme's currency.</param>
    /// <param name="cardholderName">1 to 26 letters, spaces and <c>. ' -</c>.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>USER_LOCKED</c>, <c>USER_NOT_FOUND</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>,
    /// <c>BALANCE_NOT_OPEN</c>, <c>BALANCE_CURRENCY_MISMATCH</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<CardRequest> RequestVirtualCard(
        Guid customerId, Guid balanceId, string? cardholderName = null, string? idempotencyKey = null, CancellationToken cancel = default) => Post(
        $"secure/customers/{customerId}/cards/virtual/async",
        new NewVirtualCard(balanceId, cardholderName),
        ClientJson.Default.NewVirtualCard,
        ClientJson.Default.CardRequest,
        idempotencyKey,
        encrypted: false,
        cancel);

    /// <summary>What became of a card that was asked for.</summary>
    /// <exception cref="AntacaException"><c>REQUEST_NOT_FOUND</c>.</exception>
    public Task<CardRequest> GetCardRequest(Guid customerId, Guid requestId, CancellationToken cancel = default) =>
        Get($"secure/customers/{customerId}/cards/requests/{requestId}", ClientJson.Default.CardRequest, encrypted: false, cancel);

    /// <summary>Asks for a request until it is Done or Failed, at growing intervals of 50 ms to 2 s. A failure is an answer, not an exception.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="requestId">As <see cref="RequestVirtualCard"/> told it.</param>
    /// <param name="atMost">After which the request is given back as it stands, Pending; null for 60 seconds.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>REQUEST_NOT_FOUND</c>.</exception>
    public Task<CardRequest> WaitForCard(Guid customerId, Guid requestId, TimeSpan? atMost = null, CancellationToken cancel = default) =>
        connection.Transport.WaitForCard(() => GetCardRequest(customerId, requestId, cancel), atMost, cancel);

    /// <summary>Orders a physical card. Encrypted both ways. The user sees it once the bureau has made it, and activates it then.</summary>
    /// <exception cref="AntacaException"><c>USER_LOCKED</c>, <c>USER_NOT_FOUND</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>,
    /// <c>BALANCE_NOT_OPEN</c>, <c>BALANCE_CURRENCY_MISMATCH</c>, <c>BIN_RANGE_FULL</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<TakenOrder> OrderPhysicalCard(Guid customerId, NewPhysicalCard card, string? idempotencyKey = null, CancellationToken cancel = default) => Post(
        $"secure/customers/{customerId}/cards/physical",
        card,
        ClientJson.Default.NewPhysicalCard,
        ClientJson.Default.TakenOrder,
        idempotencyKey,
        encrypted: true,
        cancel);

    /// <summary>Where an order of plastic stands, a new card's or a print's.</summary>
    /// <exception cref="AntacaException"><c>ORDER_NOT_FOUND</c>.</exception>
    public Task<CardOrder> GetOrder(Guid customerId, Guid orderId, CancellationToken cancel = default) =>
        Get($"secure/customers/{customerId}/cards/orders/{orderId}", ClientJson.Default.CardOrder, encrypted: false, cancel);

    /// <summary>Makes a personalised card of the programme's stock the user's; it is Inactive until it is activated. Encrypted both ways.</summary>
    /// <param name="customerId">A verified, active user.</param>
    /// <param name="cardNo">The PAN, 16 digits.</param>
    /// <param name="exp">Any day of the month that stands on the card.</param>
    /// <param name="balanceId">An open balance of the user in the programme's currency.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c> (whatever is wrong with the card), <c>LINK_TRIES_EXCEEDED</c> after ten such a
    /// day, <c>USER_LOCKED</c>, <c>USER_NOT_FOUND</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_OPEN</c>,
    /// <c>BALANCE_CURRENCY_MISMATCH</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Card> LinkCard(
        Guid customerId, string cardNo, DateOnly exp, Guid balanceId, string? idempotencyKey = null, CancellationToken cancel = default) => Post(
        $"secure/customers/{customerId}/cards/link",
        new NewLink(cardNo, exp, balanceId),
        ClientJson.Default.NewLink,
        ClientJson.Default.Card,
        idempotencyKey,
        encrypted: true,
        cancel);

    /// <summary>Orders plastic without data for an active virtual card of a Digital First programme, which stays in use. Encrypted both ways.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_PRINTABLE</c>, <c>DIGITAL_FIRST_DISABLED</c>, <c>USER_LOCKED</c>,
    /// <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_OPEN</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<TakenOrder> PrintCard(
        Guid customerId, Guid cardId, Address deliveryAddress, string? idempotencyKey = null, CancellationToken cancel = default) => Post(
        $"secure/customers/{customerId}/cards/{cardId}/print",
        new NewPrint(deliveryAddress),
        ClientJson.Default.NewPrint,
        ClientJson.Default.TakenOrder,
        idempotencyKey,
        encrypted: true,
        cancel);

    /// <summary>The user's cards without their secrets, newest first.</summary>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Card>> ListCards(Guid customerId, int limit = 50, string? after = null, CancellationToken cancel = default) =>
        List($"secure/customers/{customerId}/cards", ClientJson.Default.PageCard, cancel, ("limit", limit), ("after", after));

    /// <summary>The full data of a card, its number and CVV included. The answer is encrypted.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>.</exception>
    public Task<CardSecrets> GetCard(Guid customerId, Guid cardId, CancellationToken cancel = default) =>
        Get($"secure/customers/{customerId}/cards/{cardId}", ClientJson.Default.CardSecrets, encrypted: true, cancel);

    /// <summary>A card without its secrets.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>.</exception>
    public Task<Card> GetCardSummary(Guid customerId, Guid cardId, CancellationToken cancel = default) =>
        Get($"secure/customers/{customerId}/cards/{cardId}/summary", ClientJson.Default.Card, encrypted: false, cancel);

    /// <summary>Stops a card. The same lock again changes nothing; an irreversible lock is never weakened.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="cardId">A card in use.</param>
    /// <param name="code">Why.</param>
    /// <param name="replacedBy">With <see cref="LockCode.Replaced"/>, also later: the card of the same user and programme that follows.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_ACTIVE</c>, <c>LOCK_IRREVERSIBLE</c>, <c>VALIDATION_FAILED</c>
    /// for a <paramref name="replacedBy"/> that cannot follow.</exception>
    public Task<Card> LockCard(
        Guid customerId, Guid cardId, LockCode code, Guid? replacedBy = null, string? idempotencyKey = null, CancellationToken cancel = default) => Post(
        $"secure/customers/{customerId}/cards/{cardId}/lock",
        new NewLock(code, replacedBy),
        ClientJson.Default.NewLock,
        ClientJson.Default.Card,
        idempotencyKey,
        encrypted: false,
        cancel);

    /// <summary>Lifts a reversible lock.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_ACTIVE</c>, <c>LOCK_IRREVERSIBLE</c>.</exception>
    public Task<Card> UnlockCard(Guid customerId, Guid cardId, string? idempotencyKey = null, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post($"secure/customers/{customerId}/cards/{cardId}/unlock", idempotencyKey), ClientJson.Default.Card, cancel);

    /// <summary>
    /// Says what a card may be used for as its issuer: all rules at once, in place of those before.
    /// Its user's own rules stay, and both hold, with the programme's.
    /// </summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_ACTIVE</c> (removed or expired), <c>VALIDATION_FAILED</c>.</exception>
    public Task<CardControls> SetCardControls(Guid customerId, Guid cardId, SpendControls controls, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Put($"secure/customers/{customerId}/cards/{cardId}/controls", controls, ClientJson.Default.SpendControls), ClientJson.Default.CardControls, cancel);

    /// <summary>What a card may be used for: its user's rules and its issuer's.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>.</exception>
    public Task<CardControls> GetCardControls(Guid customerId, Guid cardId, CancellationToken cancel = default) =>
        Get($"secure/customers/{customerId}/cards/{cardId}/controls", ClientJson.Default.CardControls, encrypted: false, cancel);

    /// <summary>Puts a physical card into use, once its user has it in hand. Activated again, it stays as it is.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_INACTIVE</c>, <c>CARD_EXPIRED</c>.</exception>
    public Task<Card> ActivateCard(Guid customerId, Guid cardId, string? idempotencyKey = null, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post($"secure/customers/{customerId}/cards/{cardId}/activate", idempotencyKey), ClientJson.Default.Card, cancel);

    /// <summary>Sets the PIN of a physical or Digital First card, and gives its tries back; a lock stays. Encrypted both ways.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="cardId">A card that is neither removed nor expired.</param>
    /// <param name="pin">Four digits, not the first to be guessed.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_HAS_NO_PIN</c>, <c>CARD_NOT_ACTIVE</c>, <c>PIN_TOO_SIMPLE</c>,
    /// <c>VALIDATION_FAILED</c>.</exception>
    public Task<Card> SetPin(Guid customerId, Guid cardId, string pin, string? idempotencyKey = null, CancellationToken cancel = default) => Post(
        $"secure/customers/{customerId}/cards/{cardId}/pin",
        new NewPin(pin),
        ClientJson.Default.NewPin,
        ClientJson.Default.Card,
        idempotencyKey,
        encrypted: true,
        cancel);

    /// <summary>
    /// Issues the card that follows on a virtual one, within its last 60 days and on the same balance. The old one works until it
    /// expires. Renewed again, it has the same follower.
    /// </summary>
    /// <returns>The new card; its full data is read with <see cref="GetCard"/>.</returns>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_RENEWABLE</c> (not virtual), <c>CARD_NOT_DUE</c>,
    /// <c>CARD_NOT_ACTIVE</c>, <c>USER_LOCKED</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_OPEN</c>, <c>BIN_RANGE_FULL</c>.</exception>
    public Task<Card> RenewCard(Guid customerId, Guid cardId, string? idempotencyKey = null, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post($"secure/customers/{customerId}/cards/{cardId}/renew", idempotencyKey), ClientJson.Default.Card, cancel);

    /// <summary>Ends a card for good: its number is destroyed, what was paid with it stays on record. Removed again, it stays so.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_IN_PRODUCTION</c>.</exception>
    public Task RemoveCard(Guid customerId, Guid cardId, CancellationToken cancel = default) =>
        connection.Transport.Send(Call.Delete($"secure/customers/{customerId}/cards/{cardId}"), cancel);

    /// <summary>The partner's own programmes.</summary>
    public Task<Page<CardProgram>> ListPrograms(CancellationToken cancel = default) =>
        List("secure/programs", ClientJson.Default.PageCardProgram, cancel);

    /// <summary>The partner's own client certificates, newest first: look after <see cref="ClientCertificate.ExpiresSoon"/>.</summary>
    public Task<Page<ClientCertificate>> ListCertificates(CancellationToken cancel = default) =>
        List("secure/certificates", ClientJson.Default.PageClientCertificate, cancel);

    /// <summary>What has happened, oldest first: every event has the next sequence number of this partner, without gaps.</summary>
    /// <param name="after">The sequence number of the last event that was seen; 0 for all.</param>
    /// <param name="limit">1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public Task<EventPage> ListEvents(long after = 0, int limit = 50, CancellationToken cancel = default) =>
        List("secure/events", ClientJson.Default.EventPage, cancel, ("after", after), ("limit", limit));

    private Task<TAnswer> List<TAnswer>(string path, JsonTypeInfo<TAnswer> answer, CancellationToken cancel, params ReadOnlySpan<(string, object?)> query)
        where TAnswer : class =>
        connection.Transport.Send(Call.Get(path, Query.Of(query)), answer, cancel);

    private Task<TAnswer> Get<TAnswer>(string path, JsonTypeInfo<TAnswer> answer, bool encrypted, CancellationToken cancel)
        where TAnswer : class =>
        connection.Transport.Send(Call.Get(path) with { Encrypted = encrypted }, answer, cancel);

    private Task<TAnswer> Post<TBody, TAnswer>(
        string path,
        TBody body,
        JsonTypeInfo<TBody> bodyType,
        JsonTypeInfo<TAnswer> answer,
        string? idempotencyKey,
        bool encrypted,
        CancellationToken cancel)
        where TAnswer : class =>
        connection.Transport.Send(Call.Post(path, body, bodyType, idempotencyKey) with { Encrypted = encrypted }, answer, cancel);
}
