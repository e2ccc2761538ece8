using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Antaca.DataCore.Vault;

/// <summary>
/// A primary account number (ISO/IEC 7812): 16 digits, the last one the Luhn digit. Prints masked, compares in constant
/// time, and cannot be written to or read from JSON; <see cref="Reveal"/> is the one way to the digits.
/// </summary>
[JsonConverter(typeof(NeverInJson<Pan>))]
public readonly record struct Pan
{
    public const int Digits = 16;

    private const int ShownFirst = 6;
    private const int ShownLast = 4;

    private readonly string? _digits;

    private Pan(string digits) => _digits = digits;

    /// <summary>Trusts nothing: false for anything but 16 ASCII digits that end in their Luhn digit.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Pan pan)
    {
        var valid = text is { Length: Digits } && !text.AsSpan().ContainsAnyExceptInRange('0', '9') && IsLuhnValid(text);
        pan = valid ? new Pan(text!) : default;
        return valid;
    }

    /// <summary>For numbers that are ours: decrypted from the vault, or just allocated.</summary>
    /// <exception cref="FormatException">Not a PAN.</exception>
    public static Pan Parse(string digits) =>
        TryParse(digits, out var pan) ? pan : throw new FormatException("Not a primary account number.");

    /// <summary>The digits. Whoever calls this may see a PAN.</summary>
    /// <exception cref="InvalidOperationException">The default value holds none.</exception>
    public string Reveal() => _digits ?? throw new InvalidOperationException("An empty PAN has no digits.");

    /// <summary><c>510510******5100</c>: what the wire calls <c>maskedCardNo</c>.</summary>
    public override string ToString() => _digits is null
        ? "(no PAN)"
        : string.Concat(_digits.AsSpan(0, ShownFirst), new string('*', Digits - ShownFirst - ShownLast), _digits.AsSpan(Digits - ShownLast));

    public bool Equals(Pan other) => SecretText.Equal(_digits, other._digits);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(_digits ?? "");

    /// <summary>ISO/IEC 7812-1 annex B.</summary>
    public static bool IsLuhnValid(ReadOnlySpan<char> digits) => digits.Length > 1 && LuhnDigit(digits[..^1]) == digits[^1];

    /// <summary>The check digit that <paramref name="digits"/> (without it) call for.</summary>
    public static char LuhnDigit(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        var doubled = true;
        for (var i = digits.Length - 1; i >= 0; i--, doubled = !doubled)
        {
            var digit = (digits[i] - '0') * (doubled ? 2 : 1);
            sum += digit > 9 ? digit - 9 : digit;
        }
        return (char)('0' + (10 - sum % 10) % 10);
    }
}
