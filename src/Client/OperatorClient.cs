using System.Text.Json.Serialization.Metadata;

namespace Antaca.Client;

/// <summary>
/// The calls of an operator (<c>/admin</c>), over a connection to the public address. Signing in takes the password and a
/// second factor; the session ends after 15 idle minutes or 12 hours, and is not begun anew: a call then throws
/// <c>SESSION_ENDED</c>. What an operator may do goes by role (<c>ROLE_NOT_ALLOWED</c>). No call tells a card's secrets. Every
/// call throws <see cref="AntacaException"/> when it is refused or gets no answer. Used from several threads at once.
/// </summary>
/// <example>
/// <code>
/// using var connection = new AntacaConnection(AntacaConnectionOptions.WithoutCertificate(address));
/// var operators = new OperatorClient(connection);
/// await operators.SignIn(email, password, _ => ValueTask.FromResult(Console.ReadLine()!));
/// var found = await operators.ListUsers(new UserFilter { Phone = phone });
/// await operators.LockUser(found.Items[0].Id);
/// await operators.SignOut();
/// </code>
/// </example>
public sealed class OperatorClient(AntacaConnection connection)
{
    private volatile SessionToken? _session;

    /// <summary>The session's token, for calls that this client does not cover; null where nobody is signed in.</summary>
    public SessionToken? Token => _session;

    /// <inheritdoc cref="SignIn(string, string, Func{CancellationToken, ValueTask{string}}, CancellationToken)"/>
    /// <param name="email">The operator's.</param>
    /// <param name="password">The operator's.</param>
    /// <param name="code">Six digits (TOTP, RFC 6238), each good once.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public Task<Operator> SignIn(string email, string password, string code, CancellationToken cancel = default) =>
        SignIn(email, password, _ => ValueTask.FromResult(code), cancel);

    /// <summary>Begins a session. Each of the two steps is sent once: five wrong tries lock the operator.</summary>
    /// <param name="email">The operator's.</param>
    /// <param name="password">The operator's.</param>
    /// <param name="code">Gives the six digits (TOTP, RFC 6238), each good once; asked when the password was right, which is then good for 5 minutes.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>LOGIN_FAILED</c>, whatever was wrong; <c>RATE_LIMITED</c>.</exception>
    public async Task<Operator> SignIn(string email, string password, Func<CancellationToken, ValueTask<string>> code, CancellationToken cancel = default)
    {
        var first = Call.PostOnce("admin/sessions", new Credentials(email, password), ClientJson.Default.Credentials);
        var challenge = await connection.Transport.Send(first, ClientJson.Default.Challenge, cancel);
        var second = Call.PostOnce("admin/sessions/verify", new SecondFactor(challenge.Text, await code(cancel)), ClientJson.Default.SecondFactor);
        var begun = await connection.Transport.Send(second, ClientJson.Default.BegunSession, cancel);
        var signedIn = begun.Operator ?? throw Transport.Unexpected(second, "The answer names no operator.");
        _session = SessionToken.Read(begun.Token) ?? throw Transport.Unexpected(second, "The answer holds no token.");
        return signedIn;
    }

    /// <summary>Ends the session, here and at the suite.</summary>
    public async Task SignOut(CancellationToken cancel = default)
    {
        if (Interlocked.Exchange(ref _session, null) is not { } last)
        {
            return;
        }
        try
        {
            await connection.Transport.Send(Call.Delete("admin/session") with { Session = last }, cancel);
        }
        catch (AntacaException refusal) when (refusal is { Status: 401, Code: "SESSION_ENDED" })
        {
            // It had ended already; or our first attempt did it and its answer was lost.
        }
    }

    /// <summary>Sets the password by a link from an e-mail, which works once within 60 minutes. Needs no session, and ends the operator's.</summary>
    /// <param name="link">The link's token.</param>
    /// <param name="password">12 to 128 characters, not a common one.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>LINK_INVALID</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<AcceptedPassword> SetPassword(string link, string password, CancellationToken cancel = default) => connection.Transport.Send(
        Call.PostOnce("admin/password", new NewPassword(link, password), ClientJson.Default.NewPassword), ClientJson.Default.AcceptedPassword, cancel);

    /// <summary>Asks for a link to set the password anew. Tells nobody whether there is such an operator. Needs no session.</summary>
    /// <exception cref="AntacaException"><c>RATE_LIMITED</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task ResetPassword(string email, CancellationToken cancel = default) => connection.Transport.Send(
        Call.PostOnce("admin/password/reset", new ForgottenPassword(email), ClientJson.Default.ForgottenPassword), cancel);

    // Operators

    /// <summary>Who is signed in.</summary>
    public Task<Operator> GetMe(CancellationToken cancel = default) => Send(Call.Get("admin/operators/me"), ClientJson.Default.Operator, cancel);

    /// <summary>Newest first. For Admins and Managers.</summary>
    public Task<Page<Operator>> ListOperators(int limit = 50, string? after = null, CancellationToken cancel = default) =>
        Send(Call.Get("admin/operators", Query.Of(("limit", limit), ("after", after))), ClientJson.Default.PageOperator, cancel);

    /// <summary>Creates an operator and sends the invitation. For Admins and Managers.</summary>
    /// <exception cref="AntacaException"><c>OPERATOR_EXISTS</c>, <c>ROLE_TOO_HIGH</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Operator> InviteOperator(string email, string name, OperatorRole role, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Send(Call.Post("admin/operators", new NewOperator(email, name, role), ClientJson.Default.NewOperator, idempotencyKey), ClientJson.Default.Operator, cancel);

    /// <summary>Sends another invitation; on its acceptance the second factor is new too. For Admins and Managers.</summary>
    /// <exception cref="AntacaException"><c>OPERATOR_NOT_FOUND</c>, <c>ROLE_TOO_HIGH</c>.</exception>
    public Task<Operator> RepeatInvitation(Guid operatorId, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/operators/{operatorId}/invitation"), ClientJson.Default.Operator, cancel);

    /// <summary>Locks an operator and ends the sessions. For Admins.</summary>
    /// <exception cref="AntacaException"><c>OPERATOR_NOT_FOUND</c>, <c>OWN_ACCOUNT</c>, <c>LAST_ADMIN</c>.</exception>
    public Task<Operator> LockOperator(Guid operatorId, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/operators/{operatorId}/lock"), ClientJson.Default.Operator, cancel);

    /// <summary>For Admins.</summary>
    /// <exception cref="AntacaException"><c>OPERATOR_NOT_FOUND</c>.</exception>
    public Task<Operator> UnlockOperator(Guid operatorId, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/operators/{operatorId}/unlock"), ClientJson.Default.Operator, cancel);

    /// <summary>Gives an operator another role. For Admins.</summary>
    /// <exception cref="AntacaException"><c>OPERATOR_NOT_FOUND</c>, <c>ROLE_TOO_HIGH</c>, <c>LAST_ADMIN</c>.</exception>
    public Task<Operator> SetOperatorRole(Guid operatorId, OperatorRole role, CancellationToken cancel = default) =>
        Send(Call.Put($"admin/operators/{operatorId}/role", new NewRole(role), ClientJson.Default.NewRole), ClientJson.Default.Operator, cancel);

    /// <summary>The audit trail, newest first. For Admins and Managers.</summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<AuditEntry>> ListAudit(AuditFilter? filter = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get("admin/audit", Query.Of(
            ("actor", filter?.Actor), ("subject", filter?.Subject), ("from", filter?.From), ("to", filter?.To), ("limit", limit), ("after", after))),
        ClientJson.Default.PageAuditEntry,
        cancel);

    // Partners, certificates and programmes: for Admins

    /// <summary>Newest first.</summary>
    public Task<Page<Partner>> ListPartners(int limit = 50, string? after = null, CancellationToken cancel = default) =>
        Send(Call.Get("admin/partners", Query.Of(("limit", limit), ("after", after))), ClientJson.Default.PagePartner, cancel);

    /// <exception cref="AntacaException"><c>PARTNER_EXISTS</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Partner> CreatePartner(NewPartner partner, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Send(Call.Post("admin/partners", partner, ClientJson.Default.NewPartner, idempotencyKey), ClientJson.Default.Partner, cancel);

    /// <exception cref="AntacaException"><c>PARTNER_NOT_FOUND</c>.</exception>
    public Task<Partner> GetPartner(Guid partnerId, CancellationToken cancel = default) =>
        Send(Call.Get($"admin/partners/{partnerId}"), ClientJson.Default.Partner, cancel);

    /// <exception cref="AntacaException"><c>PARTNER_NOT_FOUND</c>, <c>PARTNER_EXISTS</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Partner> UpdatePartner(Guid partnerId, PartnerChange change, CancellationToken cancel = default) =>
        Send(Call.Patch($"admin/partners/{partnerId}", change, ClientJson.Default.PartnerChange), ClientJson.Default.Partner, cancel);

    /// <summary>Registers the RSA key that the partner's answers are sealed for, and no other.</summary>
    /// <exception cref="AntacaException"><c>PARTNER_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Partner> SetEncryptionKey(Guid partnerId, Jose.Jwk key, CancellationToken cancel = default) => Send(
        Call.Put($"admin/partners/{partnerId}/encryption-key", new NewEncryptionKey(key), ClientJson.Default.NewEncryptionKey), ClientJson.Default.Partner, cancel);

    /// <exception cref="AntacaException"><c>PARTNER_NOT_FOUND</c>.</exception>
    public Task<Partner> RemoveEncryptionKey(Guid partnerId, CancellationToken cancel = default) =>
        Send(Call.Delete($"admin/partners/{partnerId}/encryption-key"), ClientJson.Default.Partner, cancel);

    /// <summary>Newest first.</summary>
    /// <exception cref="AntacaException"><c>PARTNER_NOT_FOUND</c>.</exception>
    public Task<Page<ClientCertificate>> ListCertificates(Guid partnerId, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get($"admin/partners/{partnerId}/certificates", Query.Of(("limit", limit), ("after", after))), ClientJson.Default.PageClientCertificate, cancel);

    /// <summary>Signs a client certificate.</summary>
    /// <exception cref="AntacaException"><c>PARTNER_NOT_FOUND</c>, <c>VALIDATION_FAILED</c> with what is wrong with the <c>csr</c>.</exception>
    public Task<SignedCertificate> SignCertificate(Guid partnerId, NewCertificate certificate, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/partners/{partnerId}/certificates", certificate, ClientJson.Default.NewCertificate, idempotencyKey), ClientJson.Default.SignedCertificate, cancel);

    /// <summary>Revokes at once; the same again changes nothing.</summary>
    /// <exception cref="AntacaException"><c>PARTNER_NOT_FOUND</c>, <c>CERTIFICATE_NOT_FOUND</c>.</exception>
    public Task RevokeCertificate(Guid partnerId, string serial, CancellationToken cancel = default) =>
        Send(Call.Delete($"admin/partners/{partnerId}/certificates/{Uri.EscapeDataString(serial)}"), cancel);

    /// <summary>Newest first.</summary>
    /// <param name="partnerId">Null for all partners'.</param>
    /// <param name="limit">1 to <see cref="AntacaClient.MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Page{T}.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public Task<Page<CardProgram>> ListPrograms(Guid? partnerId = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get("admin/programs", Query.Of(("partnerId", partnerId), ("limit", limit), ("after", after))), ClientJson.Default.PageCardProgram, cancel);

    /// <exception cref="AntacaException"><c>PARTNER_NOT_FOUND</c>, <c>PROGRAM_EXISTS</c>, <c>BIN_RANGE_OVERLAP</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<CardProgram> CreateProgram(NewCardProgram program, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Send(Call.Post("admin/programs", program, ClientJson.Default.NewCardProgram, idempotencyKey), ClientJson.Default.CardProgram, cancel);

    /// <exception cref="AntacaException"><c>PROGRAM_NOT_FOUND</c>.</exception>
    public Task<CardProgram> GetProgram(Guid programId, CancellationToken cancel = default) =>
        Send(Call.Get($"admin/programs/{programId}"), ClientJson.Default.CardProgram, cancel);

    /// <exception cref="AntacaException"><c>PROGRAM_NOT_FOUND</c>, <c>PROGRAM_EXISTS</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<CardProgram> UpdateProgram(Guid programId, CardProgramChange change, CancellationToken cancel = default) =>
        Send(Call.Patch($"admin/programs/{programId}", change, ClientJson.Default.CardProgramChange), ClientJson.Default.CardProgram, cancel);

    // The vault: for Admins

    /// <summary>A processor's PIN keys without the keys, newest first; none for a processor that is unknown.</summary>
    /// <param name="processor">As the programmes name it.</param>
    /// <param name="limit">1 to <see cref="AntacaClient.MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Page{T}.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public Task<Page<PinKey>> ListPinKeys(string processor, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get($"admin/processors/{Uri.EscapeDataString(processor)}/pin-keys", Query.Of(("limit", limit), ("after", after))), ClientJson.Default.PagePinKey, cancel);

    /// <summary>
    /// Makes a key under which a processor sends PIN blocks, and gives it out under the processor's own key. Keys made before go on
    /// working. Sent once, whatever comes of it: where no answer came, make another.
    /// </summary>
    /// <param name="processor">As the programmes name it.</param>
    /// <param name="format">Of the blocks that it is for.</param>
    /// <param name="key">The processor's RSA key of 2048 to 4096 bits.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>PROCESSOR_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<NewPinKey> CreatePinKey(string processor, PinBlockFormat format, Jose.Jwk key, CancellationToken cancel = default) => Send(
        Call.PostOnce($"admin/processors/{Uri.EscapeDataString(processor)}/pin-keys", new PinKeyRequest(format, key), ClientJson.Default.PinKeyRequest),
        ClientJson.Default.NewPinKey,
        cancel);

    /// <summary>Begins to re-encrypt the vault under a new data key, while everything is served. One at a time.</summary>
    /// <exception cref="AntacaException"><c>ROTATION_RUNNING</c>.</exception>
    public Task<VaultRotation> RotateVault(string? idempotencyKey = null, CancellationToken cancel = default) =>
        Send(Call.Post("admin/vault/rotation", idempotencyKey), ClientJson.Default.VaultRotation, cancel);

    /// <summary>How far the last re-encryption of the vault is.</summary>
    public Task<VaultRotation> GetVaultRotation(CancellationToken cancel = default) => Send(Call.Get("admin/vault/rotation"), ClientJson.Default.VaultRotation, cancel);

    // Users, their money and their cards

    /// <summary>Every partner's users, newest first.</summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<User>> ListUsers(UserFilter? filter = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get("admin/customers", Query.Of(
            ("externalId", filter?.ExternalId),
            ("phone", filter?.Phone),
            ("email", filter?.Email),
            ("partnerId", filter?.PartnerId),
            ("programId", filter?.ProgramId),
            ("status", filter?.Status),
            ("limit", limit),
            ("after", after))),
        ClientJson.Default.PageUser,
        cancel);

    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>.</exception>
    public Task<User> GetUser(Guid customerId, CancellationToken cancel = default) => Send(Call.Get($"admin/customers/{customerId}"), ClientJson.Default.User, cancel);

    /// <summary>Ends the user's sessions and lets none begin; the cards go on. For Admins and Managers.</summary>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<User> LockUser(Guid customerId, string? reason = null, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/customers/{customerId}/lock", new NewUserLock(reason), ClientJson.Default.NewUserLock), ClientJson.Default.User, cancel);

    /// <summary>For Admins and Managers.</summary>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>.</exception>
    public Task<User> UnlockUser(Guid customerId, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/customers/{customerId}/unlock"), ClientJson.Default.User, cancel);

    /// <summary>Opens a balance for a verified user. For Admins and Managers.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="currency">ISO 4217; null for the programme's.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>USER_LOCKED</c>, <c>KYC_REQUIRED</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Balance> OpenBalance(Guid customerId, string? currency = null, string? idempotencyKey = null, string? externalId = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/customers/{customerId}/balances", new NewBalance(currency, externalId), ClientJson.Default.NewBalance, idempotencyKey), ClientJson.Default.Balance, cancel);

    /// <summary>A user's balances, newest first.</summary>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>.</exception>
    public Task<Page<Balance>> ListBalances(Guid customerId, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get($"admin/customers/{customerId}/balances", Query.Of(("limit", limit), ("after", after))), ClientJson.Default.PageBalance, cancel);

    /// <summary>A balance with its cards.</summary>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>.</exception>
    public Task<Balance> GetBalance(Guid customerId, Guid balanceId, CancellationToken cancel = default) =>
        Send(Call.Get($"admin/customers/{customerId}/balances/{balanceId}"), ClientJson.Default.Balance, cancel);

    /// <summary>The transactions of a balance, newest first.</summary>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>.</exception>
    public Task<Page<Transaction>> ListTransactions(Guid customerId, Guid balanceId, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get($"admin/customers/{customerId}/balances/{balanceId}/transactions", Query.Of(("limit", limit), ("after", after))), ClientJson.Default.PageTransaction, cancel);

    /// <summary>A transaction of a balance with what became of it and the money it moved.</summary>
    /// <exception cref="AntacaException"><c>TRANSACTION_NOT_FOUND</c>.</exception>
    public Task<TransactionHistory> GetTransaction(Guid customerId, Guid balanceId, Guid transactionId, CancellationToken cancel = default) => Send(
        Call.Get($"admin/customers/{customerId}/balances/{balanceId}/transactions/{transactionId}"), ClientJson.Default.TransactionHistory, cancel);

    /// <summary>Any partner's transaction with what became of it and the money it moved.</summary>
    /// <exception cref="AntacaException"><c>TRANSACTION_NOT_FOUND</c>.</exception>
    public Task<TransactionHistory> GetTransaction(Guid transactionId, CancellationToken cancel = default) =>
        Send(Call.Get($"admin/transactions/{transactionId}"), ClientJson.Default.TransactionHistory, cancel);

    /// <summary>Why an authorisation was declined: the rule that said no, and all that it was decided from.</summary>
    /// <exception cref="AntacaException"><c>TRANSACTION_NOT_FOUND</c>, <c>NOT_DECLINED</c>.</exception>
    public Task<DeclineExplanation> ExplainDecline(Guid transactionId, CancellationToken cancel = default) =>
        Send(Call.Get($"admin/transactions/{transactionId}/explanation"), ClientJson.Default.DeclineExplanation, cancel);

    /// <summary>What moved on a balance in a month, the oldest first, between the balance before and after.</summary>
    /// <param name="customerId">The user.</param>
    /// <param name="balanceId">The user's balance.</param>
    /// <param name="month">Any day of the month.</param>
    /// <param name="timeZone">IANA name of the zone whose month it is; null for UTC.</param>
    /// <param name="limit">1 to <see cref="AntacaClient.MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Statement.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_HELD_BY_PARTNER</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Statement> GetStatement(
        Guid customerId, Guid balanceId, DateOnly month, string? timeZone = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get($"admin/customers/{customerId}/balances/{balanceId}/statement", Statement.QueryOf(month, timeZone, limit, after)), ClientJson.Default.Statement, cancel);

    /// <summary>Adds money to a balance. For Admins. Give an idempotency key of your own: it is what keeps money from being added twice.</summary>
    /// <param name="balanceId">Any user's balance.</param>
    /// <param name="amount">More than zero, in the balance's currency.</param>
    /// <param name="reference">1 to 140 characters.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one, which protects this call's attempts alone.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_OPEN</c>, <c>BALANCE_CURRENCY_MISMATCH</c>,
    /// <c>BALANCE_LIMIT_EXCEEDED</c>, <c>IDEMPOTENCY_KEY_REUSED</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Transaction> Reload(Guid balanceId, Money amount, string reference, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/balances/{balanceId}/reload", new NewReload(amount, reference), ClientJson.Default.NewReload, idempotencyKey), ClientJson.Default.Transaction, cancel);

    /// <summary>Blocks a balance: it takes no money, and authorisations are declined. Blocked again, it stays so. For Admins and Managers.</summary>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_CLOSED</c>.</exception>
    public Task<Balance> BlockBalance(Guid balanceId, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/balances/{balanceId}/block"), ClientJson.Default.Balance, cancel);

    /// <summary>Opens a blocked balance again. For Admins and Managers.</summary>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_CLOSED</c>.</exception>
    public Task<Balance> UnblockBalance(Guid balanceId, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/balances/{balanceId}/unblock"), ClientJson.Default.Balance, cancel);

    /// <summary>Closes a balance for good: nothing may be on it or held, and its cards must be removed or expired. For Admins and Managers.</summary>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_EMPTY</c>, <c>BALANCE_HAS_CARDS</c>.</exception>
    public Task<Balance> CloseBalance(Guid balanceId, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/balances/{balanceId}/close"), ClientJson.Default.Balance, cancel);

    /// <summary>
    /// Moves money between a balance and the partner's own, or to the fees: at once, or, above a limit of the suite's, when another
    /// operator has approved. For Admins and Managers. Give an idempotency key of your own.
    /// </summary>
    /// <param name="balanceId">Any user's balance.</param>
    /// <param name="amount">Negative to take from the balance, which never falls below zero.</param>
    /// <param name="reason">A Fee or ChargebackLost takes, Goodwill or ChargebackWon gives, a Correction does either.</param>
    /// <param name="note">1 to 140 characters; the user reads them.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one, which protects this call's attempts alone.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>BALANCE_NOT_FOUND</c>, <c>BALANCE_CLOSED</c>, <c>BALANCE_CURRENCY_MISMATCH</c>, <c>INSUFFICIENT_FUNDS</c>,
    /// <c>BALANCE_LIMIT_EXCEEDED</c>, <c>BALANCE_HELD_BY_PARTNER</c>, <c>IDEMPOTENCY_KEY_REUSED</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<AdjustmentOutcome> AdjustBalance(
        Guid balanceId, Money amount, AdjustmentReason reason, string note, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/balances/{balanceId}/adjustments", new NewAdjustment(amount, reason, note), ClientJson.Default.NewAdjustment, idempotencyKey),
        ClientJson.Default.AdjustmentOutcome,
        cancel);

    /// <summary>The adjustments that need or needed a second operator's consent, newest first.</summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Adjustment>> ListAdjustments(AdjustmentStatus? status = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get("admin/adjustments", Query.Of(("status", status), ("limit", limit), ("after", after))), ClientJson.Default.PageAdjustment, cancel);

    /// <summary>Makes a proposed adjustment true, as another operator than its proposer. For Admins.</summary>
    /// <exception cref="AntacaException"><c>ADJUSTMENT_NOT_FOUND</c>, <c>OWN_ADJUSTMENT</c>, <c>ADJUSTMENT_DECIDED</c>, <c>INSUFFICIENT_FUNDS</c>,
    /// <c>BALANCE_CLOSED</c>, <c>BALANCE_LIMIT_EXCEEDED</c>.</exception>
    public Task<Adjustment> ApproveAdjustment(Guid adjustmentId, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/adjustments/{adjustmentId}/approve"), ClientJson.Default.Adjustment, cancel);

    /// <summary>Turns a proposed adjustment down, or takes one's own back. For Admins.</summary>
    /// <exception cref="AntacaException"><c>ADJUSTMENT_NOT_FOUND</c>, <c>ADJUSTMENT_DECIDED</c>.</exception>
    public Task<Adjustment> RejectAdjustment(Guid adjustmentId, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/adjustments/{adjustmentId}/reject"), ClientJson.Default.Adjustment, cancel);

    /// <summary>What there is in each currency, of all partners, at one moment.</summary>
    public Task<IReadOnlyList<BalanceSummary>> SumBalances(CancellationToken cancel = default) =>
        Send(Call.Get("admin/balances/summary"), ClientJson.Default.IReadOnlyListBalanceSummary, cancel);

    /// <summary>Opens a balance of a partner's own: one of each kind for each currency. For Admins.</summary>
    /// <exception cref="AntacaException"><c>PARTNER_NOT_FOUND</c>, <c>PARTNER_BALANCE_EXISTS</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<PartnerBalance> OpenPartnerBalance(Guid partnerId, NewPartnerBalance balance, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/partners/{partnerId}/balances", balance, ClientJson.Default.NewPartnerBalance, idempotencyKey), ClientJson.Default.PartnerBalance, cancel);

    /// <summary>A partner's own balances, newest first.</summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<PartnerBalance>> ListPartnerBalances(Guid partnerId, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get($"admin/partners/{partnerId}/balances", Query.Of(("limit", limit), ("after", after))), ClientJson.Default.PagePartnerBalance, cancel);

    /// <summary>What days came to for balances that partners hold themselves, newest first.</summary>
    /// <param name="partnerId">Null for every partner's.</param>
    /// <param name="from">The first day; null for all.</param>
    /// <param name="to">The last day; null for all.</param>
    /// <param name="limit">1 to <see cref="AntacaClient.MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Page{T}.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Reconciliation>> ListReconciliations(
        Guid? partnerId = null, DateOnly? from = null, DateOnly? to = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get("admin/reconciliations", Query.Of(("partnerId", partnerId), ("from", from), ("to", to), ("limit", limit), ("after", after))), ClientJson.Default.PageReconciliation, cancel);

    /// <exception cref="AntacaException"><c>PARTNER_BALANCE_NOT_FOUND</c>.</exception>
    public Task<PartnerBalance> GetPartnerBalance(Guid partnerBalanceId, CancellationToken cancel = default) =>
        Send(Call.Get($"admin/partner-balances/{partnerBalanceId}"), ClientJson.Default.PartnerBalance, cancel);

    /// <summary>Changes when the partner is warned and who is told; what is null stays. For Admins.</summary>
    /// <exception cref="AntacaException"><c>PARTNER_BALANCE_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<PartnerBalance> UpdatePartnerBalance(Guid partnerBalanceId, PartnerBalanceChange change, CancellationToken cancel = default) => Send(
        Call.Patch($"admin/partner-balances/{partnerBalanceId}", change, ClientJson.Default.PartnerBalanceChange), ClientJson.Default.PartnerBalance, cancel);

    /// <summary>What moved on a balance of a partner's own, newest first.</summary>
    /// <exception cref="AntacaException"><c>PARTNER_BALANCE_NOT_FOUND</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<PartnerMovement>> ListPartnerMovements(Guid partnerBalanceId, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get($"admin/partner-balances/{partnerBalanceId}/transactions", Query.Of(("limit", limit), ("after", after))), ClientJson.Default.PagePartnerMovement, cancel);

    /// <summary>Adds the partner's money to a balance of its own. For Admins. Give an idempotency key of your own: it is what keeps money from being added twice.</summary>
    /// <param name="partnerBalanceId">Any partner's balance.</param>
    /// <param name="amount">More than zero, in the balance's currency.</param>
    /// <param name="reference">1 to 140 characters.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one, which protects this call's attempts alone.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>PARTNER_BALANCE_NOT_FOUND</c>, <c>BALANCE_CURRENCY_MISMATCH</c>, <c>BALANCE_LIMIT_EXCEEDED</c>,
    /// <c>IDEMPOTENCY_KEY_REUSED</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Transaction> ReloadPartnerBalance(
        Guid partnerBalanceId, Money amount, string reference, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/partner-balances/{partnerBalanceId}/reload", new NewReload(amount, reference), ClientJson.Default.NewReload, idempotencyKey),
        ClientJson.Default.Transaction,
        cancel);

    /// <summary>Says what one currency is worth in another from a moment on. A rate is never changed. For Admins.</summary>
    /// <exception cref="AntacaException"><c>RATE_EXISTS</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<ExchangeRate> AddRate(NewExchangeRate rate, string? idempotencyKey = null, CancellationToken cancel = default) =>
        Send(Call.Post("admin/rates", rate, ClientJson.Default.NewExchangeRate, idempotencyKey), ClientJson.Default.ExchangeRate, cancel);

    /// <summary>Exchange rates, those that begin last first.</summary>
    /// <param name="from">The base, ISO 4217; null for any.</param>
    /// <param name="to">The quote, ISO 4217; null for any.</param>
    /// <param name="limit">1 to <see cref="AntacaClient.MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Page{T}.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<ExchangeRate>> ListRates(string? from = null, string? to = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get("admin/rates", Query.Of(("base", from), ("quote", to), ("limit", limit), ("after", after))), ClientJson.Default.PageExchangeRate, cancel);

    /// <summary>Every partner's transactions, newest first.</summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>.</exception>
    public Task<Page<Transaction>> ListTransactions(TransactionFilter? filter = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get("admin/transactions", Query.Of(
            ("customerId", filter?.CustomerId),
            ("balanceId", filter?.BalanceId),
            ("cardId", filter?.CardId),
            ("status", filter?.Status),
            ("type", filter?.Type),
            ("from", filter?.From),
            ("to", filter?.To),
            ("limit", limit),
            ("after", after))),
        ClientJson.Default.PageTransaction,
        cancel);

    /// <summary>Issues a virtual card for a user. Encrypted both ways; the secrets are told to the user alone. For Admins and Managers.</summary>
    /// <param name="customerId">A verified, active user.</param>
    /// <param name="balanceId">An open balance of the user in the programme's currency.</param>
    /// <param name="cardholderName">1 to 26 letters, spaces and <c>. ' -</c>.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>USER_LOCKED</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>,
    /// <c>BALANCE_NOT_OPEN</c>, <c>BALANCE_CURRENCY_MISMATCH</c>, <c>BIN_RANGE_FULL</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<IssuedCardSummary> CreateVirtualCard(
        Guid customerId, Guid balanceId, string? cardholderName = null, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/customers/{customerId}/cards/virtual", new NewVirtualCard(balanceId, cardholderName), ClientJson.Default.NewVirtualCard, idempotencyKey) with
        {
            Encrypted = true,
        },
        ClientJson.Default.IssuedCardSummary,
        cancel);

    /// <summary>Cards without their secrets, newest first.</summary>
    /// <param name="customerId">Null for every user's.</param>
    /// <param name="status">Null for any.</param>
    /// <param name="limit">1 to <see cref="AntacaClient.MaxPageSize"/>.</param>
    /// <param name="after"><see cref="Page{T}.Next"/> of the page before.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public Task<Page<Card>> ListCards(
        Guid? customerId = null, CardStatus? status = null, int limit = 50, string? after = null, CancellationToken cancel = default) => Send(
        Call.Get("admin/cards", Query.Of(("customerId", customerId), ("status", status), ("limit", limit), ("after", after))), ClientJson.Default.PageCard, cancel);

    /// <summary>A card without its secrets.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>.</exception>
    public Task<Card> GetCardSummary(Guid cardId, CancellationToken cancel = default) => Send(Call.Get($"admin/cards/{cardId}/summary"), ClientJson.Default.Card, cancel);

    /// <summary>Stops a card. The same lock again changes nothing; an irreversible lock is never weakened.</summary>
    /// <param name="cardId">A card in use.</param>
    /// <param name="code">Why.</param>
    /// <param name="replacedBy">With <see cref="LockCode.Replaced"/>, also later: the card of the same user and programme that follows.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_ACTIVE</c>, <c>LOCK_IRREVERSIBLE</c>, <c>VALIDATION_FAILED</c>
    /// for a <paramref name="replacedBy"/> that cannot follow.</exception>
    public Task<Card> LockCard(Guid cardId, LockCode code, Guid? replacedBy = null, CancellationToken cancel = default) =>
        Send(Call.Post($"admin/cards/{cardId}/lock", new NewLock(code, replacedBy), ClientJson.Default.NewLock), ClientJson.Default.Card, cancel);

    /// <summary>Lifts a reversible lock.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_ACTIVE</c>, <c>LOCK_IRREVERSIBLE</c>.</exception>
    public Task<Card> UnlockCard(Guid cardId, CancellationToken cancel = default) => Send(Call.Post($"admin/cards/{cardId}/unlock"), ClientJson.Default.Card, cancel);

    /// <summary>Orders a physical card for a user. Encrypted both ways. The user sees it once the bureau has made it.</summary>
    /// <exception cref="AntacaException"><c>USER_NOT_FOUND</c>, <c>USER_LOCKED</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>,
    /// <c>BALANCE_NOT_OPEN</c>, <c>BALANCE_CURRENCY_MISMATCH</c>, <c>BIN_RANGE_FULL</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<TakenOrder> OrderPhysicalCard(Guid customerId, NewPhysicalCard card, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/customers/{customerId}/cards/physical", card, ClientJson.Default.NewPhysicalCard, idempotencyKey) with { Encrypted = true },
        ClientJson.Default.TakenOrder,
        cancel);

    /// <summary>Where an order of plastic stands, a new card's or a print's.</summary>
    /// <exception cref="AntacaException"><c>ORDER_NOT_FOUND</c>.</exception>
    public Task<CardOrder> GetOrder(Guid customerId, Guid orderId, CancellationToken cancel = default) =>
        Send(Call.Get($"admin/customers/{customerId}/cards/orders/{orderId}"), ClientJson.Default.CardOrder, cancel);

    /// <summary>Makes a personalised card of the programme's stock a user's; it is Inactive until it is activated. Encrypted both ways.</summary>
    /// <param name="customerId">A verified, active user.</param>
    /// <param name="cardNo">The PAN, 16 digits.</param>
    /// <param name="exp">Any day of the month that stands on the card.</param>
    /// <param name="balanceId">An open balance of the user in the programme's currency.</param>
    /// <param name="idempotencyKey">1 to 255 characters; null for a random one.</param>
    /// <param name="cancel">Ends the waiting, not what the suite has begun.</param>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c> (whatever is wrong with the card), <c>LINK_TRIES_EXCEEDED</c> after ten such a
    /// day, <c>USER_NOT_FOUND</c>, <c>USER_LOCKED</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_FOUND</c>, <c>BALANCE_NOT_OPEN</c>,
    /// <c>BALANCE_CURRENCY_MISMATCH</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<Card> LinkCard(
        Guid customerId, string cardNo, DateOnly exp, Guid balanceId, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/customers/{customerId}/cards/link", new NewLink(cardNo, exp, balanceId), ClientJson.Default.NewLink, idempotencyKey) with { Encrypted = true },
        ClientJson.Default.Card,
        cancel);

    /// <summary>Orders plastic without data for an active virtual card of a Digital First programme, which stays in use. Encrypted both ways.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_PRINTABLE</c>, <c>DIGITAL_FIRST_DISABLED</c>, <c>USER_LOCKED</c>,
    /// <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_OPEN</c>, <c>VALIDATION_FAILED</c>.</exception>
    public Task<TakenOrder> PrintCard(Guid cardId, Address deliveryAddress, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/cards/{cardId}/print", new NewPrint(deliveryAddress), ClientJson.Default.NewPrint, idempotencyKey) with { Encrypted = true },
        ClientJson.Default.TakenOrder,
        cancel);

    /// <summary>
    /// Says what a card may be used for as its issuer, in the partner's place: all rules at once, in place of those before.
    /// Its user's own rules stay, and both hold, with the programme's. For Admins and Managers.
    /// </summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_ACTIVE</c> (removed or expired), <c>VALIDATION_FAILED</c>.</exception>
    public Task<CardControls> SetCardControls(Guid cardId, SpendControls controls, CancellationToken cancel = default) => Send(
        Call.Put($"admin/cards/{cardId}/controls", controls, ClientJson.Default.SpendControls), ClientJson.Default.CardControls, cancel);

    /// <summary>What a card may be used for: its user's rules and its issuer's.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>.</exception>
    public Task<CardControls> GetCardControls(Guid cardId, CancellationToken cancel = default) =>
        Send(Call.Get($"admin/cards/{cardId}/controls"), ClientJson.Default.CardControls, cancel);

    /// <summary>Puts a physical card into use. Activated again, it stays as it is.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_INACTIVE</c>, <c>CARD_EXPIRED</c>.</exception>
    public Task<Card> ActivateCard(Guid cardId, CancellationToken cancel = default) => Send(Call.Post($"admin/cards/{cardId}/activate"), ClientJson.Default.Card, cancel);

    /// <summary>Gives a virtual or Digital First card another CVV, which its user sees; the old one is declined from here on. Encrypted both ways.</summary>
    /// <returns>The card without its CVV.</returns>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_CVV_PRINTED</c>, <c>CARD_NOT_ACTIVE</c>.</exception>
    public Task<Card> ResetCvv(Guid cardId, string? idempotencyKey = null, CancellationToken cancel = default) => Send(
        Call.Post($"admin/cards/{cardId}/cvv", idempotencyKey) with { Encrypted = true }, ClientJson.Default.Card, cancel);

    /// <summary>
    /// Issues the card that follows on a virtual one, within its last 60 days and on the same balance. The old one works until it
    /// expires. Renewed again, it has the same follower, which is the answer. For Admins and Managers.
    /// </summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_NOT_RENEWABLE</c> (not virtual), <c>CARD_NOT_DUE</c>,
    /// <c>CARD_NOT_ACTIVE</c>, <c>USER_LOCKED</c>, <c>KYC_REQUIRED</c>, <c>BALANCE_NOT_OPEN</c>, <c>BIN_RANGE_FULL</c>.</exception>
    public Task<Card> RenewCard(Guid cardId, CancellationToken cancel = default) => Send(Call.Post($"admin/cards/{cardId}/renew"), ClientJson.Default.Card, cancel);

    /// <summary>Ends a card for good: its number is destroyed, what was paid with it stays on record. Removed again, it stays so. For Admins and Managers.</summary>
    /// <exception cref="AntacaException"><c>CARD_NOT_FOUND</c>, <c>CARD_IN_PRODUCTION</c>.</exception>
    public Task RemoveCard(Guid cardId, CancellationToken cancel = default) => Send(Call.Delete($"admin/cards/{cardId}"), cancel);

    private Task<TAnswer> Send<TAnswer>(Call call, JsonTypeInfo<TAnswer> answer, CancellationToken cancel)
        where TAnswer : class =>
        connection.Transport.Send(call with { Session = SignedIn() }, answer, cancel);

    private Task<byte[]> Send(Call call, CancellationToken cancel) => connection.Transport.Send(call with { Session = SignedIn() }, cancel);

    private SessionToken SignedIn() => _session ?? throw new AntacaException(0, AntacaException.NotSignedIn, "Nobody is signed in: sign in first.");
}
