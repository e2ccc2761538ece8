using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Antaca.DataCore.Vault;

/// <summary>A card verification value: three digits. Prints as <c>***</c>, compares in constant time, never in JSON.</summary>
[JsonConverter(typeof(NeverInJson<Cvv>))]
public readonly record struct Cvv
{
    public const int Digits = 3;

    private readonly string? _digits;

    private Cvv(string digits) => _digits = digits;

    /// <summary>Trusts nothing: false for anything but three ASCII digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Cvv cvv)
    {
        var valid = text is { Length: Digits } && !text.AsSpan().ContainsAnyExceptInRange('0', '9');
        cvv = valid ? new Cvv(text!) : default;
        return valid;
    }

    /// <summary>For values just computed.</summary>
    /// <exception cref="FormatException">Not three digits.</exception>
    public static Cvv Parse(string digits) =>
        TryParse(digits, out var cvv) ? cvv : throw new FormatException("Not a card verification value.");

    /// <summary>The digits. Whoever calls this may see a CVV.</summary>
    /// <exception cref="InvalidOperationException">The default value holds none.</exception>
    public string Reveal() => _digits ?? throw new InvalidOperationException("An empty CVV has no digits.");

    public override string ToString() => "***";

    public bool Equals(Cvv other) => SecretText.Equal(_digits, other._digits);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(_digits ?? "");
}
