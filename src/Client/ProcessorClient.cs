namespace Antaca.Client;

/// <summary>
/// The calls of a card processor and of its bureau (<c>/processor</c>), made with the processor's client certificate. They are
/// about the cards of the programmes that it serves; any other card or order is 404. Every call throws
/// <see cref="AntacaException"/> when it is refused or gets no answer.
/// </summary>
public sealed class ProcessorClient(AntacaConnection connection)
{
    /// <summary>The most cards that <see cref="RegisterStock"/> makes at once.</summary>
    public const int MaxStockCards = 1_000;

    /// <summary>The suite's key for encrypted calls, as <c>GET /processor/public-key</c> tells it now. Calls fetch it by themselves.</summary>
    public Task<SuitePublicKey> GetPublicKey(CancellationToken cancel = default) => connection.Transport.FetchPublicKey("processor/public-key", cancel);

    /// <summary>
    /// Asks whether a card may pay, and holds the money if it may. A decline is an answer, not an exception. Sent again
    /// with the same transaction id and type it answers as it first did.
    /// </summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>, <c>TRANSACTION_ID_REUSED</c>, <c>AUTHORIZATION_TIMEOUT</c>.</exception>
    public Task<Authorisation> Authorise(AuthorisationRequest request, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post("processor/authorizations", request, ClientJson.Default.AuthorisationRequest), ClientJson.Default.Authorisation, cancel);

    /// <summary>Lets go of what an authorisation holds. The same transaction id hears the same again.</summary>
    /// <param name="authorizationId">Of the answer to the authorisation.</param>
    /// <param name="transactionId">The reversal's own id, 1 to 64 characters.</param>
    /// <param name="amount">A part of it, in the card's currency; null for all that is held.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException">
    /// <c>AUTHORIZATION_NOT_FOUND</c>, <c>NOTHING_TO_REVERSE</c>, <c>MORE_THAN_HELD</c>, <c>TRANSACTION_ID_REUSED</c>, <c>VALIDATION_FAILED</c>.
    /// </exception>
    public Task<Reversal> Reverse(Guid authorizationId, string transactionId, Money? amount = null, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post($"processor/authorizations/{authorizationId}/reversals", new NewReversal(transactionId, amount), ClientJson.Default.NewReversal),
        ClientJson.Default.Reversal,
        cancel);

    /// <summary>
    /// Reverses an authorisation whose answer was never heard, by the processor's own name for it. Where it has not come yet, it is
    /// declined when it comes.
    /// </summary>
    /// <param name="cardId">The card it was asked for.</param>
    /// <param name="transactionId">The reversal's own id, 1 to 64 characters.</param>
    /// <param name="authorisation">The transaction id of the authorisation.</param>
    /// <param name="type">Its type.</param>
    /// <param name="amount">A part of it, in the card's currency; null for all that is held.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException">
    /// <c>CARD_NOT_FOUND</c>, <c>NOTHING_TO_REVERSE</c>, <c>MORE_THAN_HELD</c>, <c>TRANSACTION_ID_REUSED</c>, <c>VALIDATION_FAILED</c>.
    /// </exception>
    public Task<Reversal> ReverseUnanswered(
        Guid cardId, string transactionId, string authorisation, AuthorisationType type, Money? amount = null, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post(
            "processor/reversals",
            new UnansweredReversal(transactionId, new AuthorisationName(authorisation, type), cardId, amount),
            ClientJson.Default.UnansweredReversal),
        ClientJson.Default.Reversal,
        cancel);

    /// <summary>Raises what an authorisation holds by an amount, in full or not at all. A decline is an answer, not an exception.</summary>
    /// <param name="authorizationId">Of the answer to the authorisation.</param>
    /// <param name="transactionId">The increment's own id, 1 to 64 characters: the same again hears the same.</param>
    /// <param name="amount">More than zero.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException">
    /// <c>AUTHORIZATION_NOT_FOUND</c>, <c>NOTHING_TO_INCREASE</c>, <c>CURRENCY_MISMATCH</c>, <c>TRANSACTION_ID_REUSED</c>, <c>VALIDATION_FAILED</c>.
    /// </exception>
    public Task<Increment> Increment(Guid authorizationId, string transactionId, Money amount, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post($"processor/authorizations/{authorizationId}/increments", new NewIncrement(transactionId, amount), ClientJson.Default.NewIncrement),
        ClientJson.Default.Increment,
        cancel);

    /// <summary>Posts what the scheme takes: as much as was authorised, less or more, at once or in several clearings, or without an authorisation.</summary>
    /// <exception cref="AntacaException">
    /// <c>CARD_NOT_FOUND</c>, <c>AUTHORIZATION_NOT_FOUND</c>, <c>CURRENCY_MISMATCH</c>, <c>BALANCE_LIMIT_EXCEEDED</c>, <c>TRANSACTION_ID_REUSED</c>,
    /// <c>VALIDATION_FAILED</c>.
    /// </exception>
    public Task<PostedClearing> Clear(ClearingRequest request, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post("processor/clearings", request, ClientJson.Default.ClearingRequest), ClientJson.Default.PostedClearing, cancel);

    /// <summary>Posts what the scheme gives back.</summary>
    /// <exception cref="AntacaException">As <see cref="Clear"/>.</exception>
    public Task<PostedClearing> Refund(ClearingRequest request, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post("processor/refunds", request, ClientJson.Default.ClearingRequest), ClientJson.Default.PostedClearing, cancel);

    /// <summary>Uploads a file of clearings and refunds, all of its records or none. The same file again is the same upload.</summary>
    /// <param name="name">Your own, 1 to 128 characters.</param>
    /// <param name="csv">RFC 4180 with a header line; the documentation of the route names the columns. At most 5000 records.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>, record by record.</exception>
    public Task<ClearingFile> UploadClearingFile(string name, string csv, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post("processor/clearing-files", new NewClearingFile(name, csv), ClientJson.Default.NewClearingFile), ClientJson.Default.ClearingFile, cancel);

    /// <summary>The report of a file, with each record that differed, had no authorisation or was refused.</summary>
    /// <param name="fileId">Of the upload.</param>
    /// <param name="all">Every record.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>CLEARING_FILE_NOT_FOUND</c>.</exception>
    public Task<ClearingFile> GetClearingFile(Guid fileId, bool all = false, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Get($"processor/clearing-files/{fileId}", Query.Of(("all", all ? "true" : null))), ClientJson.Default.ClearingFile, cancel);

    /// <summary>Stops a card for its scheme or an acquirer. The same lock again changes nothing; an irreversible lock is never weakened.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_ACTIVE</c>, <c>LOCK_IRREVERSIBLE</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<OutsideLock> LockOutside(NewOutsideLock request, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post("processor/cards/lock", request, ClientJson.Default.NewOutsideLock), ClientJson.Default.OutsideLock, cancel);

    // The bureau

    /// <summary>The orders of plastic in one state, newest first.</summary>
    /// <param name="status">Any but <see cref="OrderStatus.Unknown"/>.</param>
    /// <param name="limit">1 to <see cref="AntacaClient.MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Page{T}.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Personalisation>> ListPersonalisations(
        OrderStatus status = OrderStatus.Ordered, int limit = 50, string? after = null, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Get("processor/personalisations", Query.Of(("status", status), ("limit", limit), ("after", after))), ClientJson.Default.PagePersonalisation, cancel);

    /// <summary>All that the plastic of an order bears, while it is Ordered or Sent. The answer is encrypted; every look is on record.</summary>
    /// <exception cref="AntacaException"><c>ORDER_NOT_FOUND</c>, <c>ORDER_STATE</c> (it is over), <c>CARD_REMOVED</c>.</exception>
    public Task<PersonalisationRecord> GetPersonalisationRecord(Guid orderId, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Get($"processor/personalisations/{orderId}/file") with { Encrypted = true }, ClientJson.Default.PersonalisationRecord, cancel);

    /// <summary>Says that an order is in production. Said again, or of an order that is over, it changes nothing.</summary>
    /// <exception cref="AntacaException"><c>ORDER_NOT_FOUND</c>.</exception>
    public Task<Personalisation> MarkOrderSent(Guid orderId, CancellationToken cancel = default) =>
        connection.Transport.Send(Call.Post($"processor/personalisations/{orderId}/sent"), ClientJson.Default.Personalisation, cancel);

    /// <summary>Says that the plastic of an order is made: its user sees the card from now on. Said again it changes nothing.</summary>
    /// <exception cref="AntacaException"><c>ORDER_NOT_FOUND</c>, <c>ORDER_STATE</c> (it has failed).</exception>
    public Task<Personalisation> ConfirmPersonalisation(Guid orderId, CancellationToken cancel = default) =>
        connection.Transport.Send(Call.Post($"processor/personalisations/{orderId}/confirm"), ClientJson.Default.Personalisation, cancel);

    /// <summary>
    /// Says that the plastic of an order cannot be made: a new card is removed, one in use stays in use. Said again it changes
    /// nothing, not even the reason.
    /// </summary>
    /// <param name="orderId">An order that is Ordered or Sent.</param>
    /// <param name="reason">The bureau's own words, 1 to 200 characters. No name, no number: the user's partner reads it.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>ORDER_NOT_FOUND</c>, <c>ORDER_STATE</c> (it is personalised), <c>VALIDATION_FAILED</c>.</exception>
    public Task<Personalisation> FailPersonalisation(Guid orderId, string reason, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post($"processor/personalisations/{orderId}/fail", new NewFailure(reason), ClientJson.Default.NewFailure), ClientJson.Default.Personalisation, cancel);

    /// <summary>Makes cards for a programme's stock, which belong to nobody until they are linked: all of them or none.</summary>
    /// <param name="programId">A programme that the processor serves.</param>
    /// <param name="cards">1 to <see cref="MaxStockCards"/>.</param>
    /// <param name="design">The bureau's name of what the plastic looks like, 1 to 64 of <c>A-Z a-z 0-9 . _ -</c>; null for its usual one.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>PROGRAM_NOT_FOUND</c>, <c>BIN_RANGE_FULL</c>, <c>IDEMPOTENCY_KEY_REUSED</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<RegisteredStock> RegisterStock(
        Guid programId, int cards, string? design = null, string? idempotencyKey = null, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post("processor/stock", new NewStock(programId, cards, design), ClientJson.Default.NewStock, idempotencyKey), ClientJson.Default.RegisteredStock, cancel);
}
