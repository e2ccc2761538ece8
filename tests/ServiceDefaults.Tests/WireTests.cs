using System.Text.Json;
using Xunit;

namespace Antaca.ServiceDefaults.Tests;

/// <summary>What JSON becomes money and time, and what does not.</summary>
public sealed class WireTests
{
    private static readonly JsonSerializerOptions _json = Strict();

    [Theory]
    [InlineData("""{"amount": 12500, "currency": "PLN"}""", 12500, "PLN", "125.00 PLN")]
    [InlineData("""{"currency": "JPY", "amount": -7}""", -7, "JPY", "-7 JPY")]
    [InlineData("""{"amount": 1005, "currency": "KWD"}""", 1005, "KWD", "1.005 KWD")]
    [InlineData("""{"amount": 1000000000000000, "currency": "EUR"}""", Money.MaxMinorUnits, "EUR", "10000000000000.00 EUR")]
    public void Money_reads_and_writes_minor_units(string json, long amount, string currency, string shown)
    {
        var money = JsonSerializer.Deserialize<Money>(json, _json);

        Assert.Equal((amount, currency, shown), (money.Amount, money.Currency, money.ToString()));
        Assert.Equal(money, JsonSerializer.Deserialize<Money>(JsonSerializer.Serialize(money, _json), _json));
    }

    [Theory]
    [InlineData("""{"amount": 1.5, "currency": "PLN"}""")]
    [InlineData("""{"amount": 1e30, "currency": "PLN"}""")]
    [InlineData("""{"amount": 1000000000000001, "currency": "PLN"}""")]
    [InlineData("""{"amount": "12", "currency": "PLN"}""")]
    [InlineData("""{"amount": 12, "currency": "XXX"}""")]
    [InlineData("""{"amount": 12, "currency": "pln"}""")]
    [InlineData("""{"amount": 12}""")]
    [InlineData("""{"amount": 12, "amount": 13, "currency": "PLN"}""")]
    [InlineData("""{"amount": 12, "currency": "PLN", "scale": 2}""")]
    [InlineData("12")]
    public void What_is_no_money_is_refused(string json) => Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Money>(json, _json));

    [Fact]
    public void Money_of_two_currencies_does_not_add_up_and_sums_stay_in_range()
    {
        Assert.Throws<InvalidOperationException>(() => Money.Of(1, "PLN") + Money.Of(1, "EUR"));
        Assert.Throws<ArgumentException>(() => Money.Of(Money.MaxMinorUnits, "PLN") + Money.Of(1, "PLN"));
        Assert.Equal(Money.Of(-2, "PLN"), Money.Of(1, "PLN") - Money.Of(3, "PLN"));
    }

    [Theory]
    [InlineData("2026-11-22T04:16:11.1234567Z", "2026-11-22T04:16:11.123456Z")]
    [InlineData("2026-11-22T05:16:11+01:00", "2026-11-22T04:16:11Z")]
    public void A_time_is_read_with_its_offset_and_written_in_UTC(string read, string written) =>
        Assert.Equal($"\"{written}\"", JsonSerializer.Serialize(JsonSerializer.Deserialize<DateTimeOffset>($"\"{read}\"", _json), _json));

    [Theory]
    [InlineData("2026-11-22")]
    [InlineData("2026-11-22T04:16:11")]
    [InlineData("yesterday")]
    public void A_time_without_an_offset_is_refused(string text) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<DateTimeOffset>($"\"{text}\"", _json));

    private static JsonSerializerOptions Strict()
    {
        var options = new JsonSerializerOptions();
        Defaults.Strict(options);
        return options;
    }
}
