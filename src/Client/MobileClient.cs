using System.Text;
using System.Text.Json.Serialization.Metadata;
using Antaca.Jose;

namespace Antaca.Client;

/// <summary>
/// The calls of an app for its user (<c>/customers</c>), over a connection to the public address. The device proves itself with
/// a key of <paramref name="keys"/>; sessions begin when they are needed, and begin anew when the suite has ended them, one for
/// all calls that wait. Sensitive answers are sealed for the device's key (JWE, RFC 7516). Used from several threads at once.
/// Every call throws <see cref="AntacaException"/> when it is refused or gets no answer; besides the codes of each call:
/// <see cref="AntacaException.NotPaired"/> and <see cref="AntacaException.NotSignedIn"/> from this client, <c>LOGIN_FAILED</c>
/// where the suite knows this installation no longer (pair again), <c>USER_LOCKED</c>. Another user's ids are 404.
/// </summary>
/// <param name="connection">To the public address; stays the caller's.</param>
/// <param name="keys">This user's on this device; stays the caller's.</param>
/// <example>
/// <code>
/// using var connection = new AntacaConnection(AntacaConnectionOptions.WithoutCertificate(address));
/// using var keys = FileKeyStore.Open(folder, passphrase);
/// var app = new MobileClient(connection, keys);
/// await app.Pair(new Pairing { Phone = phone, ActivationCode = code, DeviceId = device, DeviceName = "Anna's phone", Pin = pin });
/// var cards = await app.ListCards();
/// var secrets = await app.GetCard(cards.Items[0].Id);
/// await app.Logout();
/// </code>
/// </example>
public sealed class MobileClient
{
    private const string RevealCard = "card.reveal";
    private const string ChangePin = "card.pin";

    private readonly Transport _transport;
    private readonly IKeyStore _keys;
    private readonly RenewingSession _session;

    public MobileClient(AntacaConnection connection, IKeyStore keys)
    {
        _transport = connection.Transport;
        _keys = keys;
        // By the device's signature alone, which is as good the second time: begun anew where the answer was lost.
        _session = new RenewingSession(async () => (await _transport.Repeat(_ => Begin(pin: null, CancellationToken.None), CancellationToken.None)).Token);
    }

    /// <summary>The present session's token, for calls that this client does not cover; null where no session has begun.</summary>
    public SessionToken? Token => _session.Present;

    /// <summary>The suite's key for encrypted calls, as <c>GET /customers/public-key</c> tells it now. Calls fetch it by themselves.</summary>
    public Task<SuitePublicKey> GetPublicKey(CancellationToken cancel = default) => _transport.FetchPublicKey("customers/public-key", cancel);

    /// <summary>
    /// Registers a person, or sends a registered one another code: the answer is the same. Sent once, whatever comes of it.
    /// </summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c> (also where the programme is not open for it), <c>RATE_LIMITED</c>.</exception>
    public Task<CodeSent> Register(Registration registration, CancellationToken cancel = default) => _transport.Send(
        Call.PostOnce("customers", registration, ClientJson.Default.Registration), ClientJson.Default.CodeSent, cancel);

    /// <summary>
    /// Pairs this device with a user, and begins its first session. Ends the device's former installation. Sent once, since the
    /// code works once: where no answer came, ask for another code.
    /// </summary>
    /// <exception cref="AntacaException"><c>ACTIVATION_FAILED</c> (wrong, expired or used-up code, unknown phone),
    /// <c>USER_LOCKED</c>, <c>TOO_MANY_DEVICES</c>, <c>VALIDATION_FAILED</c>, <c>RATE_LIMITED</c>.</exception>
    public async Task<SessionInfo> Pair(Pairing pairing, CancellationToken cancel = default)
    {
        var answerKey = await _keys.GetAnswerKey(cancel);
        var installation = new NewInstallation(
            pairing.Phone,
            pairing.ActivationCode,
            pairing.DeviceId,
            pairing.DeviceName,
            await _keys.GetSigningKey(cancel),
            answerKey.PublicKey.Jwk,
            pairing.Pin,
            pairing.ProgramId);
        var call = Call.PostOnce("customers/devices", installation, ClientJson.Default.NewInstallation);
        var paired = await _transport.Send(call, ClientJson.Default.BegunSession, cancel);

        var token = SessionToken.Read(paired.Token);
        if (token is null || paired.InstallationId is not { } installationId)
        {
            throw Transport.Unexpected(call, "The answer holds no installation or no token.");
        }
        // The code is used up: that the device is paired must not be lost to a caller who waits no longer.
        await _keys.KeepInstallation(installationId, CancellationToken.None);
        _session.Take(token);
        return new SessionInfo(installationId, paired.ExpiresAt);
    }

    /// <summary>
    /// Begins a session now, with the user's PIN where the app has asked for it; without this call, sessions begin by
    /// themselves, by the device's signature. With a PIN it is sent once: a wrong one counts.
    /// </summary>
    /// <exception cref="AntacaException"><c>WRONG_PIN</c> with <see cref="AntacaException.TriesLeft"/>, <c>INSTALLATION_ENDED</c>
    /// after the fifth (pair again), <c>LOGIN_FAILED</c>, <c>USER_LOCKED</c>.</exception>
    public Task<SessionInfo> SignIn(string? pin = null, CancellationToken cancel = default) => MindingItsEnd(async () =>
    {
        var (token, info) = pin is null ? await _transport.Repeat(_ => Begin(pin: null, cancel), cancel) : await Begin(pin, cancel);
        _session.Take(token);
        return info;
    });

    /// <summary>Ends the session, here and at the suite. No other begins before <see cref="SignIn"/> or <see cref="Pair"/>.</summary>
    public async Task Logout(CancellationToken cancel = default)
    {
        if (await _session.Close() is not { } last)
        {
            return;
        }
        try
        {
            await _transport.Send(Call.Delete("customers/me/session") with { Session = last }, cancel);
        }
        catch (AntacaException refusal) when (refusal is { Status: 401, Code: "SESSION_ENDED" })
        {
            // It had ended already; or our first attempt did it and its answer was lost.
        }
    }

    /// <summary>The user's paired devices.</summary>
    public Task<Page<Device>> ListDevices(CancellationToken cancel = default) => Send(Call.Get("customers/me/devices"), ClientJson.Default.PageDevice, cancel);

    /// <summary>Ends a device's installation and its sessions; of this device too: it is to be paired again then.</summary>
    /// <exception cref="AntacaException"><c>DEVICE_NOT_FOUND</c>.</exception>
    public async Task RemoveDevice(Guid installationId, CancellationToken cancel = default)
    {
        await MindingItsEnd(() => _session.With(
            session => _transport.Send(Call.Delete($"customers/me/devices/{installationId}") with { Session = session }, cancel), cancel));
        if (await _keys.GetInstallation(CancellationToken.None) == installationId)
        {
            await ForgetInstallation();
        }
    }

    public Task<User> GetProfile(CancellationToken cancel = default) => Send(Call.Get("customers/me"), ClientJson.Default.User, cancel);

    /// <summary>Changes what is given, and leaves the rest.</summary>
    /// <exception cref="AntacaException"><c>USER_EXISTS</c> (the phone or e-mail is another's), <c>VALIDATION_FAILED</c>.</exception>
    public Task<User> UpdateProfile(ProfileChange change, CancellationToken cancel = default) =>
        Send(Call.Patch("customers/me", change, ClientJson.Default.ProfileChange), ClientJson.Default.User, cancel);

    /// <param name="currency">ISO 4217; null for the programme's.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>KYC_REQUIRED</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Balance> OpenBalance(string? currency = null, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Send(Call.Post("customers/me/balances", new NewBalance(currency), ClientJson.Default.NewBalance, idempotencyKey), ClientJson.Default.Balance, cancel);

    /// <summary>Newest first.</summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Balance>> ListBalances(int limit = 50, string? after = null, CancellationToken cancel = default) =>
        Send(Call.Get("customers/me/balances", Query.Of(("limit", limit), ("after", after))), ClientJson.Default.PageBalance, cancel);

    /// <summary>A balance with its cards.</summary>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>.</exception>
    public Task<Balance> GetBalance(Guid balanceId, CancellationToken cancel = default) =>
        Send(Call.Get($"customers/me/balances/{balanceId}"), ClientJson.Default.Balance, cancel);

    /// <summary>Closes a balance for good: nothing may be on it or held, and its cards must be removed or expired. Closed again, it stays so.</summary>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_EMPTY</c>, <c>BALANCE_HAS_CARDS</c>.</exception>
    public Task<Balance> CloseBalance(Guid balanceId, CancellationToken cancel = default) =>
        Send(Call.Post($"customers/me/balances/{balanceId}/close"), ClientJson.Default.Balance, cancel);

    /// <summary>What moved on a balance, newest first.</summary>
    /// <param name="balanceId">The user's balance.</param>
    /// <param name="from">From this time on; null for all.</param>
    /// <param name="to">Before this time; null for all.</param>
    /// <param name="limit">1 to <see cref="AntacaClient.MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Page{T}.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Transaction>> ListTransactions(
        Guid balanceId, DateTimeOffset? from = null, DateTimeOffset? to = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get($"customers/me/balances/{balanceId}/transactions", Query.Of(("from", from), ("to", to), ("limit", limit), ("after", after))),
        ClientJson.Default.PageTransaction,
        cancel);

    /// <summary>A transaction with what became of it.</summary>
    /// <exception cref="AntacaException"><c>TRANSACTION_NOT_FOUND</c>.</exception>
    public Task<TransactionHistory> GetTransaction(Guid balanceId, Guid transactionId, CancellationToken cancel = default) =>
        Send(Call.Get($"customers/me/balances/{balanceId}/transactions/{transactionId}"), ClientJson.Default.TransactionHistory, cancel);

    /// <summary>What moved on a balance in a month, the oldest first, between the balance before and after.</summary>
    /// <param name="balanceId">The user's balance.</param>
    /// <param name="month">Any day of the month.</param>
    /// <param name="timeZone">IANA name of the zone whose month it is; null for UTC.</param>
    /// <param name="limit">1 to <see cref="AntacaClient.MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Statement.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_HELD_BY_PARTNER</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Statement> GetStatement(
        Guid balanceId, DateOnly month, string? timeZone = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get($"customers/me/balances/{balanceId}/statement", Statement.QueryOf(month, timeZone, limit, after)), ClientJson.Default.Statement, cancel);

    /// <summary>Issues a virtual card, ready for use. Sealed for the device's registered key; the answer holds the card's secrets.</summary>
    /// <param name="balanceId">An open balance of the user in the programme's currency.</param>
    /// <param name="cardholderName">1 to 26 letters, spaces and <c>. ' -</c>.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>USER_LOCKED</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_OPEN</c>,
    /// <c>BALANCE_CURRENCY_MISMATCH</c>, <c>INVALID_PUBLIC_KEY</c>, <c>BIN_RANGE_FULL</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<IssuedCard> CreateVirtualCard(
        Guid balanceId, string? cardholderName = null, string? idempotencyKey = null, CancellationToken cancel = default) => Sealed(
        Call.Post("customers/me/cards/virtual", new NewVirtualCard(balanceId, cardholderName), ClientJson.Default.NewVirtualCard, idempotencyKey),
        ClientJson.Default.IssuedCard,
        cancel);

    /// <summary>
    /// Asks for a virtual card without waiting for it. Ask on with <see cref="GetCardRequest"/> or <see cref="WaitForCard"/>; the
    /// full data is read with <see cref="GetCard"/>.
    /// </summary>
    /// <param name="balanceId">An open balance of the user in the programme's currency.</param>
    /// <param name="cardholderName">1 to 26 letters, spaces and <c>. ' -</c>.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>USER_LOCKED</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_OPEN</c>,
    /// <c>BALANCE_CURRENCY_MISMATCH</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<CardRequest> RequestVirtualCard(
        Guid balanceId, string? cardholderName = null, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post("customers/me/cards/virtual/async", new NewVirtualCard(balanceId, cardholderName), ClientJson.Default.NewVirtualCard, idempotencyKey),
        ClientJson.Default.CardRequest,
        cancel);

    /// <summary>What became of a card that was asked for.</summary>
    /// <exception cref="AntacaException"><c>REQUEST_NOT_FOUND</c>.</exception>
    public Task<CardRequest> GetCardRequest(Guid requestId, CancellationToken cancel = default) =>
        Send(Call.Get($"customers/me/cards/requests/{requestId}"), ClientJson.Default.CardRequest, cancel);

    /// <summary>Asks for a request until it is Done or Failed, at growing intervals of 50 ms to 2 s. A failure is an answer, not an exception.</summary>
    /// <param name="requestId">As <see cref="RequestVirtualCard"/> told it.</param>
    /// <param name="atMost">After which the request is given back as it stands, Pending; null for 60 seconds.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>REQUEST_NOT_FOUND</c>.</exception>
    public Task<CardRequest> WaitForCard(Guid requestId, TimeSpan? atMost = null, CancellationToken cancel = default) =>
        _transport.WaitForCard(() => GetCardRequest(requestId, cancel), atMost, cancel);

    /// <summary>Orders a physical card. Encrypted both ways. It is shown once the bureau has made it, and is activated then.</summary>
    /// <exception cref="AntacaException"><c>USER_LOCKED</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_OPEN</c>,
    /// <c>BALANCE_CURRENCY_MISMATCH</c>, <c>INVALID_PUBLIC_KEY</c>, <c>BIN_RANGE_FULL</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<TakenOrder> OrderPhysicalCard(NewPhysicalCard card, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Sealed(Call.Post("customers/me/cards/physical", card, ClientJson.Default.NewPhysicalCard, idempotencyKey), ClientJson.Default.TakenOrder, cancel);

    /// <summary>Where an order of plastic stands, a new card's or a print's.</summary>
    /// <exception cref="AntacaException"><c>ORDER_NOT_FOUND</c>.</exception>
    public Task<CardOrder> GetOrder(Guid orderId, CancellationToken cancel = default) =>
        Send(Call.Get($"customers/me/cards/orders/{orderId}"), ClientJson.Default.CardOrder, cancel);

    /// <summary>Makes a card of the programme's stock that the user has in hand the user's; it is Inactive until it is activated. Encrypted both ways.</summary>
    /// <param name="cardNo">The PAN, 16 digits.</param>
    /// <param name="exp">Any day of the month that stands on the card.</param>
    /// <param name="balanceId">An open balance of the user in the programme's currency.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c> (whatever is wrong with the card), <c>LINK_TRIES_EXCEEDED</c> after ten such a
    /// day, <c>USER_LOCKED</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_OPEN</c>, <c>BALANCE_CURRENCY_MISMATCH</c>,
    /// <c>INVALID_PUBLIC_KEY</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Card> LinkCard(string cardNo, DateOnly exp, Guid balanceId, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Sealed(Call.Post("customers/me/cards/link", new NewLink(cardNo, exp, balanceId), ClientJson.Default.NewLink, idempotencyKey), ClientJson.Default.Card, cancel);

    /// <summary>Orders plastic without data for an active virtual card of a Digital First programme, which stays in use. Encrypted both ways.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_PRINTABLE</c>, <c>DIGITAL_FIRST_DISABLED</c>, <c>USER_LOCKED</c>,
    /// <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_OPEN</c>, <c>INVALID_PUBLIC_KEY</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<TakenOrder> PrintCard(Guid cardId, Address deliveryAddress, string? idempotencyKey = null, CancellationToken cancel = default) => Sealed(
        Call.Post($"customers/me/cards/{cardId}/print", new NewPrint(deliveryAddress), ClientJson.Default.NewPrint, idempotencyKey), ClientJson.Default.TakenOrder, cancel);

    /// <summary>The user's cards without their secrets, newest first.</summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Card>> ListCards(int limit = 50, string? after = null, CancellationToken cancel = default) =>
        Send(Call.Get("customers/me/cards", Query.Of(("limit", limit), ("after", after))), ClientJson.Default.PageCard, cancel);

    /// <summary>A card without its secrets.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>.</exception>
    public Task<Card> GetCardSummary(Guid cardId, CancellationToken cancel = default) =>
        Send(Call.Get($"customers/me/cards/{cardId}/summary"), ClientJson.Default.Card, cancel);

    /// <summary>
    /// The full data of a card, its number and CVV included, sealed for the device's key. It takes a step-up, which is got
    /// first: by the user's PIN, or by the device's signature, which is what an app does after it has recognised its user.
    /// </summary>
    /// <param name="cardId">A card of the user.</param>
    /// <param name="pin">The app's PIN; null for the device's signature. With a PIN no attempt is repeated: a wrong one counts.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>WRONG_PIN</c> with <see cref="AntacaException.TriesLeft"/>,
    /// <c>INSTALLATION_ENDED</c> after the fifth (pair again), <c>INVALID_PUBLIC_KEY</c>, <c>APPROVAL_REQUIRED</c> where the
    /// step-up ran out on its way.</exception>
    public Task<CardSecrets> GetCard(Guid cardId, string? pin = null, CancellationToken cancel = default) =>
        Approved(RevealCard, cardId, pin, Call.Get($"customers/me/cards/{cardId}"), ClientJson.Default.CardSecrets, cancel);

    /// <summary>
    /// Gives a virtual or Digital First card another CVV; the old one is declined from here on. Sealed for the device's key. It takes
    /// a step-up, which is got first, as <see cref="GetCard"/> does.
    /// </summary>
    /// <param name="cardId">A card of the user that is neither removed nor expired.</param>
    /// <param name="pin">The app's PIN; null for the device's signature. With a PIN no attempt is repeated: a wrong one counts.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one. Under the same key the CVV changes once.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <returns>The full data of the card, with the new CVV.</returns>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_CVV_PRINTED</c>, <c>CARD_NOT_ACTIVE</c>, <c>WRONG_PIN</c> with
    /// <see cref="AntacaException.TriesLeft"/>, <c>INSTALLATION_ENDED</c> after the fifth (pair again), <c>INVALID_PUBLIC_KEY</c>,
    /// <c>APPROVAL_REQUIRED</c> where the step-up ran out on its way.</exception>
    public Task<CardSecrets> ResetCvv(Guid cardId, string? pin = null, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Approved(RevealCard, cardId, pin, Call.Post($"customers/me/cards/{cardId}/cvv", idempotencyKey), ClientJson.Default.CardSecrets, cancel);

    /// <summary>
    /// Sets the PIN of a physical or Digital First card, and gives its tries back; a lock stays. Encrypted both ways. It takes a
    /// step-up, which is got first, as <see cref="GetCard"/> does.
    /// </summary>
    /// <param name="cardId">A card of the user that is neither removed nor expired.</param>
    /// <param name="cardPin">What terminals are to ask for: four digits, not the first to be guessed.</param>
    /// <param name="pin">The app's PIN; null for the device's signature. With a PIN no attempt is repeated: a wrong one counts.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_HAS_NO_PIN</c>, <c>CARD_NOT_ACTIVE</c>, <c>PIN_TOO_SIMPLE</c>,
    /// <c>VALIDATION_FAILED</c>, <c>WRONG_PIN</c> with <see cref="AntacaException.TriesLeft"/>, <c>INSTALLATION_ENDED</c> after the fifth
    /// (pair again), <c>INVALID_PUBLIC_KEY</c>, <c>APPROVAL_REQUIRED</c> where the step-up ran out on its way.</exception>
    public Task<Card> SetPin(Guid cardId, string cardPin, string? pin = null, string? idempotencyKey = null, CancellationToken cancel = default) => Approved(
        ChangePin, cardId, pin, Call.Post($"customers/me/cards/{cardId}/pin", new NewPin(cardPin), ClientJson.Default.NewPin, idempotencyKey), ClientJson.Default.Card, cancel);

    /// <summary>
    /// Says what a card may be used for as its user: all rules at once, in place of those before.
    /// The issuer's rules stay, and both hold, with the programme's: the user can only make the card stricter.
    /// </summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_ACTIVE</c> (removed or expired), <c>VALIDATION_FAILED</c>.</exception>
    public Task<CardControls> SetCardControls(Guid cardId, SpendControls controls, CancellationToken cancel = default) => Send(
        Call.Put($"customers/me/cards/{cardId}/controls", controls, ClientJson.Default.SpendControls), ClientJson.Default.CardControls, cancel);

    /// <summary>What a card may be used for: its user's rules and its issuer's.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>.</exception>
    public Task<CardControls> GetCardControls(Guid cardId, CancellationToken cancel = default) =>
        Send(Call.Get($"customers/me/cards/{cardId}/controls"), ClientJson.Default.CardControls, cancel);

    /// <summary>Puts a physical card into use, once its user has it in hand. Activated again, it stays as it is.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_INACTIVE</c>, <c>CARD_EXPIRED</c>.</exception>
    public Task<Card> ActivateCard(Guid cardId, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Send(Call.Post($"customers/me/cards/{cardId}/activate", idempotencyKey), ClientJson.Default.Card, cancel);

    /// <summary>Ends a card for good: its number is destroyed, what was paid with it stays on record. Removed again, it stays so.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_IN_PRODUCTION</c>.</exception>
    public Task RemoveCard(Guid cardId, CancellationToken cancel = default) => MindingItsEnd(() => _session.With(
        session => _transport.Send(Call.Delete($"customers/me/cards/{cardId}") with { Session = session }, cancel), cancel));

    /// <summary>Stops a card. The same lock again changes nothing; an irreversible lock is never weakened.</summary>
    /// <param name="cardId">A card in use.</param>
    /// <param name="code">Why.</param>
    /// <param name="replacedBy">With <see cref="LockCode.Replaced"/>, also later: the card of the same user and programme that follows.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_ACTIVE</c>, <c>LOCK_IRREVERSIBLE</c>, <c>VALIDATION_FAILED</c>
    /// for a <paramref name="replacedBy"/> that cannot follow.</exception>
    public Task<Card> LockCard(
        Guid cardId, LockCode code, Guid? replacedBy = null, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"customers/me/cards/{cardId}/lock", new NewLock(code, replacedBy), ClientJson.Default.NewLock, idempotencyKey), ClientJson.Default.Card, cancel);

    /// <summary>Lifts a reversible lock.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_ACTIVE</c>, <c>LOCK_IRREVERSIBLE</c>.</exception>
    public Task<Card> UnlockCard(Guid cardId, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Send(Call.Post($"customers/me/cards/{cardId}/unlock", idempotencyKey), ClientJson.Default.Card, cancel);

    private Task<TAnswer> Send<TAnswer>(Call call, JsonTypeInfo<TAnswer> answer, CancellationToken cancel)
        where TAnswer : class =>
        MindingItsEnd(() => _session.With(session => _transport.Send(call with { Session = session }, answer, cancel), cancel));

    /// <summary>Encrypted both ways, the answer for the device's key.</summary>
    private async Task<TAnswer> Sealed<TAnswer>(Call call, JsonTypeInfo<TAnswer> answer, CancellationToken cancel)
        where TAnswer : class =>
        await Send(call with { Encrypted = true, AnswerKey = await _keys.GetAnswerKey(cancel) }, answer, cancel);

    /// <summary>
    /// A step-up and the call that it is for, encrypted both ways. An approval works once, and only in the session it was given in:
    /// both calls are made again, the second under its one idempotency key, or neither.
    /// </summary>
    private Task<TAnswer> Approved<TAnswer>(string action, Guid cardId, string? pin, Call call, JsonTypeInfo<TAnswer> answer, CancellationToken cancel)
        where TAnswer : class
    {
        return MindingItsEnd(() => pin is null ? _transport.Repeat(_ => Both(), cancel) : Both());

        Task<TAnswer> Both() => _session.With(
            async session =>
            {
                var approval = await Approve(session, action, cardId, pin, cancel);
                var approved = call with { Session = session, Approval = approval, Encrypted = true, AnswerKey = await _keys.GetAnswerKey(cancel), Once = true };
                return await _transport.Send(approved, answer, cancel);
            },
            cancel);
    }

    /// <summary>Challenge, signature, session. Each attempt needs a challenge of its own.</summary>
    private async Task<(SessionToken Token, SessionInfo Info)> Begin(string? pin, CancellationToken cancel)
    {
        var installation = await Installation(cancel);
        var (challenge, signature) = await SignedChallenge(installation, cancel);
        var call = Call.PostOnce("customers/sessions", new NewSession(installation, challenge, signature, pin), ClientJson.Default.NewSession);
        var begun = await _transport.Send(call, ClientJson.Default.BegunSession, cancel);
        var token = SessionToken.Read(begun.Token) ?? throw Transport.Unexpected(call, "The answer holds no token.");
        return (token, new SessionInfo(installation, begun.ExpiresAt));
    }

    private async Task<string> Approve(SessionToken session, string action, Guid cardId, string? pin, CancellationToken cancel)
    {
        var (challenge, signature) = pin is null ? await SignedChallenge(await Installation(cancel), cancel) : default((string?, string?));
        var call = Call.PostOnce("customers/me/approvals", new NewApproval(action, cardId, pin, challenge, signature), ClientJson.Default.NewApproval);
        var given = await _transport.Send(call with { Session = session }, ClientJson.Default.GivenApproval, cancel);
        // It goes into a header.
        return StrictBase64Url.TryDecode(given.Text, out _) ? given.Text : throw Transport.Unexpected(call, "The answer holds no approval.");
    }

    private async Task<(string Challenge, string Signature)> SignedChallenge(Guid installation, CancellationToken cancel)
    {
        var call = Call.PostOnce("customers/sessions/challenge", new NewChallenge(installation), ClientJson.Default.NewChallenge);
        var challenge = await _transport.Send(call, ClientJson.Default.Challenge, cancel);
        var signature = await _keys.Sign(Encoding.ASCII.GetBytes(challenge.Text), cancel);
        return (challenge.Text, StrictBase64Url.Encode(signature));
    }

    private async Task<Guid> Installation(CancellationToken cancel) => await _keys.GetInstallation(cancel)
        ?? throw new AntacaException(0, AntacaException.NotPaired, "This device is paired with no user: pair it first.");

    /// <summary>Where the suite says that the installation has ended, the device is paired no longer.</summary>
    private async Task<T> MindingItsEnd<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (AntacaException refusal) when (refusal.Code == "INSTALLATION_ENDED")
        {
            await ForgetInstallation();
            throw;
        }
    }

    private async Task ForgetInstallation()
    {
        await _keys.KeepInstallation(null, CancellationToken.None);
        _session.Forget();
    }
}
