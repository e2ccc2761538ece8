using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Antaca.DataCore.Vault;

/// <summary>
/// A cardholder's PIN: 4 to 12 digits (ISO 9564-1), in memory that does not move and is cleared when it is disposed of.
/// Prints as <c>***</c>, compares in constant time, never in JSON. Not stored anywhere.
/// </summary>
[JsonConverter(typeof(NeverInJson<Pin>))]
public sealed class Pin : IDisposable
{
    public const int MinDigits = 4;
    public const int MaxDigits = 12;

    private readonly byte[] _digits;
    private readonly int _length;

    private Pin(byte[] digits, int length)
    {
        _digits = digits;
        _length = length;
    }

    public int Length => _length;

    /// <summary>ASCII digits. Whoever calls this may see a PIN.</summary>
    internal ReadOnlySpan<byte> Digits => _digits.AsSpan(0, _length);

    /// <summary>Trusts nothing: false for anything but 4 to 12 ASCII digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out Pin? pin)
    {
        pin = null;
        if (text.Length is < MinDigits or > MaxDigits || text.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }
        var digits = GC.AllocateArray<byte>(MaxDigits, pinned: true);
        for (var i = 0; i < text.Length; i++)
        {
            digits[i] = (byte)text[i];
        }
        pin = new Pin(digits, text.Length);
        return true;
    }

    /// <summary>Whether it is one of those that people guess first: equal digits, a row up or down, two digits twice, or a year.</summary>
    internal bool IsSimple()
    {
        var digits = Digits;
        bool equal = true, up = true, down = true;
        for (var i = 1; i < digits.Length; i++)
        {
            equal &= digits[i] == digits[0];
            up &= digits[i] == digits[i - 1] + 1;
            down &= digits[i] == digits[i - 1] - 1;
        }
        var twice = digits.Length == MinDigits && ((digits[0] == digits[2] && digits[1] == digits[3]) || (digits[0] == digits[1] && digits[2] == digits[3]));
        var year = digits.Length == MinDigits && ((digits[0], digits[1]) is (1, 9) or (2, 0));
        return equal || up || down || twice || year;
    }

    /// <summary>In constant time, whatever the lengths.</summary>
    public bool Is(Pin other)
    {
        ObjectDisposedException.ThrowIf(_digits[0] == 0 || other._digits[0] == 0, this);
        return CryptographicOperations.FixedTimeEquals(_digits, other._digits);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_digits);

    public override string ToString() => "***";
}

/// <summary>
/// A Visa PIN verification value: four digits, which are all that is kept of a PIN. Of ten thousand PINs about one has the
/// same; with the key it can be searched. Prints as <c>****</c>, compares in constant time, never in JSON.
/// </summary>
[JsonConverter(typeof(NeverInJson<Pvv>))]
public readonly record struct Pvv
{
    public const int Digits = 4;

    private readonly string? _digits;

    private Pvv(string digits) => _digits = digits;

    /// <summary>Trusts nothing: false for anything but four ASCII digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Pvv pvv)
    {
        var valid = text is { Length: Digits } && !text.AsSpan().ContainsAnyExceptInRange('0', '9');
        pvv = valid ? new Pvv(text!) : default;
        return valid;
    }

    /// <summary>For values just computed, and those of the vault.</summary>
    /// <exception cref="FormatException">Not four digits.</exception>
    public static Pvv Parse(string digits) =>
        TryParse(digits, out var pvv) ? pvv : throw new FormatException("Not a PIN verification value.");

    /// <summary>The digits, for the vault's record and the bureau's file.</summary>
    /// <exception cref="InvalidOperationException">The default value holds none.</exception>
    public string Reveal() => _digits ?? throw new InvalidOperationException("An empty PVV has no digits.");

    public override string ToString() => "****";

    public bool Equals(Pvv other) => SecretText.Equal(_digits, other._digits);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(_digits ?? "");
}
