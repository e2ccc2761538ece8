using System.Text.RegularExpressions;
using MimeKit;

namespace Antaca.Notifications.Messages;

/// <summary>A message on its way, in memory alone.</summary>
internal sealed record Message(Guid Id, Carrier Carrier, Address To, string Template, MessageText Text)
{
    /// <summary>Never prints the text.</summary>
    public override string ToString() => $"{Template} by {Carrier}, {Id}";
}

/// <summary>What a person reads; it may carry a one-time code or link.</summary>
internal sealed record MessageText(string Subject, string Body)
{
    /// <summary>Never prints the text.</summary>
    public override string ToString() => "***";
}

internal enum Carrier
{
    Email,
    Sms,
}

/// <summary>How a try to hand a message over ended.</summary>
internal enum Outcome
{
    Sent,

    /// <summary>For good: the carrier does not know the address.</summary>
    Refused,

    /// <summary>The carrier was away, too slow or not willing: it may be tried again.</summary>
    Failed,
}

/// <summary>An e-mail address or an E.164 number.</summary>
internal readonly partial record struct Address
{
    private const int MaxEmailLength = 254;

    private readonly string _text;

    private Address(string text) => _text = text;

    /// <summary>As the log of deliveries keeps it: enough to recognise, not enough to use.</summary>
    public string Masked => _text[0] == '+'
        ? _text[..3] + new string('*', _text.Length - 5) + _text[^2..]
        : _text[..1] + "***" + _text[_text.LastIndexOf('@')..];

    /// <summary>Trusts nothing: one address, and nothing that a header or a second receiver could hide in.</summary>
    public static bool TryRead(Carrier carrier, string text, out Address address)
    {
        var readable = carrier == Carrier.Sms
            ? Number().IsMatch(text)
            : text.Length <= MaxEmailLength && !text.Any(char.IsControl) && MailboxAddress.TryParse(text, out var mailbox) && mailbox.Address == text && text.Contains('@');
        address = readable ? new Address(text) : default;
        return readable;
    }

    /// <summary>The address itself, for its carrier and nothing else.</summary>
    public string Reveal() => _text;

    /// <summary>Prints the masked form.</summary>
    public override string ToString() => Masked;

    [GeneratedRegex(@"^\+[1-9][0-9]{6,14}\z")]
    private static partial Regex Number();
}
