using System.Text.RegularExpressions;

namespace Antaca.DataCore.Operators;

/// <summary>The e-mail address that an operator logs in with; kept in lower case.</summary>
internal static partial class EmailAddress
{
    public const int MaxLength = 254;

    public static bool Is(string text) => text.Length <= MaxLength && Form().IsMatch(text);

    [GeneratedRegex(@"^[^@\s\x00-\x1f\x7f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+\z")]
    private static partial Regex Form();
}
