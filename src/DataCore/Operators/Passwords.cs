using System.Collections.Frozen;
using System.Globalization;

namespace Antaca.DataCore.Operators;

/// <summary>
/// What an operator's password must be: long (NIST SP 800-63B asks for length, not for kinds of characters), and none of
/// those that everybody tries first, however they are dressed up with digits, signs or repeats.
/// </summary>
internal static class Passwords
{
    public const string Purpose = "password";
    public const int MinLength = 12;
    public const int MaxLength = 128;

    private const int FewestDifferent = 5;
    private const int ShortestNamePart = 4;
    private const string ListName = "CommonPasswords.txt";

    private static readonly FrozenSet<string> _common = Read();

    /// <summary>Runs of keys and letters that fingers find by themselves.</summary>
    private static readonly string[] _rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "abcdefghijklmnopqrstuvwxyz", "01234567890"];

    /// <summary>Null for a password that will do; otherwise what is wrong in a few words that never repeat it.</summary>
    public static string? FaultOf(string password, string email)
    {
        if (password.Length is < MinLength or > MaxLength)
        {
            return string.Create(CultureInfo.InvariantCulture, $"must have {MinLength} to {MaxLength} characters");
        }
        var plain = password.ToLowerInvariant();
        if (plain.Distinct().Count() < FewestDifferent)
        {
            return "repeats too few characters";
        }
        var name = email.Split('@')[0].ToLowerInvariant();
        if (name.Length >= ShortestNamePart && plain.Contains(name, StringComparison.Ordinal))
        {
            return "must not contain the name in the e-mail address";
        }
        return IsCommon(plain) || IsCommon(Undressed(plain)) ? "is one that is tried first: choose another" : null;
    }

    /// <summary>A listed word or a key row, with digits and signs around it or not, once or over and over.</summary>
    private static bool IsCommon(string plain)
    {
        if (_common.Contains(plain))
        {
            return true;
        }
        var letters = new string([.. plain.Where(char.IsAsciiLetterLower)]);
        if (letters.Length == 0)
        {
            // Digits and signs alone: dates, phone numbers, counting.
            return true;
        }
        return _common.Contains(letters) || Repeats(letters) || Array.Exists(_rows, row => letters.Length >= ShortestNamePart && row.Contains(letters, StringComparison.Ordinal));
    }

    private static bool Repeats(string letters)
    {
        for (var length = 1; length <= letters.Length / 2; length++)
        {
            if (letters.Length % length == 0 && Enumerable.Range(0, letters.Length / length).All(i => string.CompareOrdinal(letters, 0, letters, i * length, length) == 0))
            {
                return true;
            }
        }
        return false;
    }

    private static string Undressed(string plain) => new([.. plain.Select(letter => letter switch
    {
        '0' => 'o',
        '1' or '!' or '|' => 'i',
        '3' => 'e',
        '4' or '@' => 'a',
        '5' or '$' => 's',
        '7' or '+' => 't',
        _ => letter,
    })]);

    private static FrozenSet<string> Read()
    {
        using var list = typeof(Passwords).Assembly.GetManifestResourceStream(ListName)!;
        using var reader = new StreamReader(list);
        return reader.ReadToEnd().Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
    }
}
