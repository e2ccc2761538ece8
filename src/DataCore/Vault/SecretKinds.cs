using System.Diagnostics.CodeAnalysis;

namespace Antaca.DataCore.Vault;

/// <summary>The kinds of secret as the wire and the tables name them.</summary>
internal static class SecretKinds
{
    public static string OnTheWire(SecretKind kind) => kind switch
    {
        SecretKind.CardNo => "cardNo",
        SecretKind.Cvv => "cvv",
        SecretKind.Pin => "pin",
        SecretKind.PinBlock => "pinBlock",
        SecretKind.Cvv1 => "cvv1",
        SecretKind.Icvv => "icvv",
        SecretKind.Pvv => "pvv",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The kinds that come in from outside: what a personalisation record bears only goes out.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SecretKind kind)
    {
        kind = text switch { "cardNo" => SecretKind.CardNo, "cvv" => SecretKind.Cvv, "pin" => SecretKind.Pin, "pinBlock" => SecretKind.PinBlock, _ => default };
        return kind != default;
    }
}
