namespace Antaca.Contracts.Requests;

/// <summary>
/// Hands a message to a person over to the mail or text-message carrier: <c>POST /internal/messages</c>. Answers when the
/// carrier has it. The text may carry a one-time code or link: it is neither stored nor logged on the way.
/// 503 when the carrier does not take it.
/// </summary>
/// <param name="Id">The same id again is the same message: it is not sent twice.</param>
/// <param name="Carrier"><c>Email</c> or <c>Sms</c>.</param>
/// <param name="To">An e-mail address, or an E.164 number.</param>
/// <param name="Template"><c>ActivationCode</c>, <c>OperatorInvitation</c>, <c>PasswordReset</c>, <c>CertificateExpiring</c> or <c>PartnerBalanceLow</c>.</param>
/// <param name="Values">What the template's words need, such as <c>code</c>, <c>link</c> and <c>minutes</c>.</param>
public sealed record SendMessage(Guid Id, string Carrier, string To, string Template, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>Never prints the values.</summary>
    public override string ToString() => $"{Template} by {Carrier}, {Id}";
}

public sealed record MessageSent(Guid Id);
