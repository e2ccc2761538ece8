using System.Text.RegularExpressions;

namespace Antaca.ServiceDefaults;

/// <summary>What is taken for an e-mail address of a person: one mailbox at a host name, no display name, no quoting.</summary>
public static partial class EmailAddress
{
    public const int MaxLength = 254;

    public static bool Is(string text) => text.Length <= MaxLength && Mailbox().IsMatch(text);

    [GeneratedRegex(@"^[^@\s\x00-\x1f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+\z")]
    private static partial Regex Mailbox();
}
