using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Antaca.ServiceDefaults;

/// <summary>
/// An amount in the minor unit of an ISO 4217 currency (12500 PLN is 125.00 złoty). On the wire
/// <c>{"amount": 12500, "currency": "PLN"}</c>; a fraction, an amount beyond ±<see cref="MaxMinorUnits"/> or an unknown
/// currency does not parse. Arithmetic is checked and refuses to mix currencies.
/// </summary>
[JsonConverter(typeof(MoneyJson))]
public readonly record struct Money
{
    /// <summary>The largest amount in one movement, in minor units: exact in every JSON reader (below 2^53).</summary>
    public const long MaxMinorUnits = 1_000_000_000_000_000;

    private Money(long amount, string currency)
    {
        Amount = amount;
        Currency = currency;
    }

    public long Amount { get; }

    public string Currency { get; }

    /// <summary>Trusts neither argument.</summary>
    public static bool TryCreate(long amount, string? currency, out Money money)
    {
        if (currency is null || !Currencies.Known(currency) || amount is > MaxMinorUnits or < -MaxMinorUnits)
        {
            money = default;
            return false;
        }
        money = new Money(amount, currency);
        return true;
    }

    /// <summary>For amounts that are ours: from a table that checks them, or computed from such.</summary>
    /// <exception cref="ArgumentException">The currency is unknown or the amount out of range.</exception>
    public static Money Of(long amount, string currency) =>
        TryCreate(amount, currency, out var money) ? money : throw new ArgumentException("Not an amount of money.", nameof(amount));

    public static Money operator +(Money left, Money right) => Of(checked(left.Amount + right.AmountIn(left.Currency)), left.Currency);

    public static Money operator -(Money left, Money right) => Of(checked(left.Amount - right.AmountIn(left.Currency)), left.Currency);

    public static Money operator -(Money money) => Of(-money.Amount, money.Currency);

    public static Money Add(Money left, Money right) => left + right;

    public static Money Subtract(Money left, Money right) => left - right;

    public static Money Negate(Money money) => -money;

    /// <summary>For people, in major units: <c>125.00 PLN</c>.</summary>
    public override string ToString()
    {
        var digits = Currencies.MinorDigits(Currency);
        var scale = 1L;
        for (var i = 0; i < digits; i++)
        {
            scale *= 10;
        }
        var whole = Math.Abs(Amount / scale).ToString(CultureInfo.InvariantCulture);
        var part = digits == 0 ? "" : "." + Math.Abs(Amount % scale).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
        return (Amount < 0 ? "-" : "") + whole + part + " " + Currency;
    }

    private long AmountIn(string currency) =>
        Currency == currency ? Amount : throw new InvalidOperationException($"{Currency} and {currency} do not add up.");
}

/// <summary>The active ISO 4217 currencies with the number of digits of their minor unit.</summary>
public static class Currencies
{
    private const string TwoDigits =
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP " +
        "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR " +
        "KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN " +
        "PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD " +
        "TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

    private static readonly FrozenDictionary<string, int> _minorDigits = TwoDigits.Split(' ').Select(code => (code, digits: 2))
        .Concat("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".Split(' ').Select(code => (code, digits: 0)))
        .Concat("BHD IQD JOD KWD LYD OMR TND".Split(' ').Select(code => (code, digits: 3)))
        .ToFrozenDictionary(currency => currency.code, currency => currency.digits, StringComparer.Ordinal);

    public static bool Known(string code) => _minorDigits.ContainsKey(code);

    /// <summary>0, 2 or 3 for a known currency.</summary>
    public static int MinorDigits(string code) => _minorDigits[code];
}

/// <summary>Public for the source generators of the services.</summary>
public sealed class MoneyJson : JsonConverter<Money>
{
    public override Money Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException();
        }
        long? amount = null;
        string? currency = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (amount is null && reader.ValueTextEquals("amount"u8))
            {
                reader.Read();
                amount = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) ? value : throw new JsonException();
            }
            else if (currency is null && reader.ValueTextEquals("currency"u8))
            {
                reader.Read();
                currency = reader.TokenType == JsonTokenType.String ? reader.GetString() : throw new JsonException();
            }
            else
            {
                throw new JsonException();
            }
        }
        return amount is { } minor && Money.TryCreate(minor, currency, out var money) ? money : throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, Money value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteNumber("amount"u8, value.Amount);
        writer.WriteString("currency"u8, value.Currency);
        writer.WriteEndObject();
    }
}
