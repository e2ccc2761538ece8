using System.Collections.Frozen;

namespace Antaca.DataCore.Operators;

/// <summary>
/// Which passwords an operator may take: long ones that are not among the first that anybody would try. What a guessing
/// program derives by itself is refused with what it derives from: a common password with digits and signs around it, with
/// letters written as digits, or repeated; runs over the keyboard; the address he logs in with.
/// </summary>
internal static class Passwords
{
    public const int MinLength = 12;
    public const int MaxLength = 128;

    /// <summary>For the slow hash.</summary>
    public const string Purpose = "password";

    private const string Product = "antaca";
    private const string CommonOnes = "CommonPasswords.txt";
    private const int ShortestRun = 3;
    private const int ShortestLocalPart = 3;
    private const int FewestCharacters = 5;

    private static readonly string[] _rows =
    [
        "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn",
        "12345678901234567890", "!@#$%^&*()", "abcdefghijklmnopqrstuvwxyz",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0",
    ];

    private static readonly FrozenSet<string> _common = ReadCommon();

    /// <summary>What is wrong with the password, or null.</summary>
    public static string? FaultOf(string password, string email)
    {
        if (password.Length is < MinLength or > MaxLength)
        {
            return $"must have {MinLength} to {MaxLength} characters";
        }
        var plain = password.ToLowerInvariant();
        var local = email[..email.IndexOf('@', StringComparison.Ordinal)].ToLowerInvariant();
        if (plain.Contains(Product, StringComparison.Ordinal) || (local.Length >= ShortestLocalPart && plain.Contains(local, StringComparison.Ordinal)))
        {
            return "must contain neither the product's name nor yours from the e-mail address";
        }
        return IsGuessable(plain) || IsGuessable(Spelt(plain)) || IsCommon(Spelt(Undressed(plain))) ? "is among the first that a guesser would try" : null;
    }

    private static bool IsGuessable(string plain) =>
        plain.Distinct().Count() < FewestCharacters || IsCommon(plain) || IsCommon(Unit(plain)) || IsRuns(plain);

    /// <summary>A common one, with or without digits and signs anywhere in it; and those alone: dates, numbers, counting.</summary>
    private static bool IsCommon(string plain)
    {
        var letters = string.Concat(plain.Where(char.IsLetter));
        return letters.Length == 0 || _common.Contains(plain) || _common.Contains(letters) || _common.Contains(Unit(letters));
    }

    /// <summary>Without the digits and signs before the first letter and after the last: what is spelt with digits ends where they begin to count.</summary>
    private static string Undressed(string plain)
    {
        var (first, last) = (0, plain.Length);
        while (first < last && !char.IsLetter(plain[first]))
        {
            first++;
        }
        while (last > first && !char.IsLetter(plain[last - 1]))
        {
            last--;
        }
        return plain[first..last];
    }

    /// <summary>The shortest beginning whose repetition is the whole (the last may be cut short); the whole where nothing repeats.</summary>
    private static string Unit(string plain)
    {
        for (var length = 1; length <= plain.Length / 2; length++)
        {
            if (plain.AsSpan(length).SequenceEqual(plain.AsSpan(0, plain.Length - length)))
            {
                return plain[..length];
            }
        }
        return plain;
    }

    /// <summary>Nothing but runs along the keyboard, the alphabet or the digits, forwards or backwards, but for a short rest.</summary>
    private static bool IsRuns(string plain)
    {
        var place = 0;
        while (place < plain.Length)
        {
            var run = RunAt(plain, place);
            if (run < ShortestRun)
            {
                return place > 0 && plain.Length - place < ShortestRun;
            }
            place += run;
        }
        return true;
    }

    private static int RunAt(string plain, int place)
    {
        var length = 1;
        while (place + length < plain.Length && IsInRow(plain.Substring(place, length + 1)))
        {
            length++;
        }
        return length;
    }

    private static bool IsInRow(string run)
    {
        var backwards = string.Concat(run.Reverse());
        return _rows.Any(row => row.Contains(run, StringComparison.Ordinal) || row.Contains(backwards, StringComparison.Ordinal));
    }

    /// <summary>With the digits and signs that stand for letters as those letters.</summary>
    private static string Spelt(string plain) => string.Concat(plain.Select(sign => sign switch
    {
        '0' => 'o',
        '1' or '!' or '|' => 'i',
        '3' => 'e',
        '4' or '@' => 'a',
        '5' or '$' => 's',
        '7' or '+' => 't',
        _ => sign,
    }));

    private static FrozenSet<string> ReadCommon()
    {
        using var reader = new StreamReader(typeof(Passwords).Assembly.GetManifestResourceStream(CommonOnes)!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToFrozenSet(StringComparer.Ordinal);
    }
}
