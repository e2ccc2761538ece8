namespace Antaca.ServiceDefaults;

/// <summary>What a merchant may be called, wherever a processor names one.</summary>
public static class MerchantFaults
{
    public const int MaxMidLength = 32;
    public const int MaxNameLength = 100;

    private const int MccLength = 4;
    private const int CountryLength = 2;

    /// <summary>Notes what is wrong with the fields of <c>merchant</c>.</summary>
    /// <param name="mid">The acquirer's merchant id.</param>
    /// <param name="mcc">ISO 18245.</param>
    /// <param name="country">ISO 3166-1 alpha-2.</param>
    public static Faults UnlessMerchant(this Faults faults, string mid, string name, string mcc, string country) => faults
        .UnlessLine(mid, "merchant.mid", MaxMidLength)
        .UnlessLine(name, "merchant.name", MaxNameLength)
        .Unless(IsMcc(mcc), "merchant.mcc", "must be four digits")
        .Unless(IsCountry(country), "merchant.country", "must be two capital letters");

    public static bool IsMcc(string? code) => code is { Length: MccLength } && code.All(char.IsAsciiDigit);

    public static bool IsCountry(string? code) => code is { Length: CountryLength } && code.All(char.IsAsciiLetterUpper);
}
