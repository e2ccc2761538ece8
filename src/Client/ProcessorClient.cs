namespace Antaca.Client;

/// <summary>
/// The calls of a card processor (<c>/processor</c>), made with the processor's client certificate. Every call throws
/// <see cref="AntacaException"/> when it is refused or gets no answer.
/// </summary>
public sealed class ProcessorClient(AntacaConnection connection)
{
    /// <summary>
    /// Asks whether a card may pay, and holds the money if it may. A decline is an answer, not an exception. Sent again
    /// with the same transaction id and type it answers as it first did.
    /// </summary>
    /// <exception cref="AntacaException"><c>VALIDATION_FAILED</c>, <c>TRANSACTION_ID_REUSED</c>, <c>AUTHORIZATION_TIMEOUT</c>.</exception>
    public Task<Authorisation> Authorise(AuthorisationRequest request, CancellationToken cancel = default) => connection.Transport.Send(
        Call.Post("processor/authorizations", request, ClientJson.Default.AuthorisationRequest), ClientJson.Default.Authorisation, cancel);
}
