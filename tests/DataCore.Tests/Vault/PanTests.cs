using System.Text.Json;
using Antaca.DataCore.Vault;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

public class PanTests
{
    [Fact]
    public void The_published_luhn_numbers_parse_and_the_false_ones_do_not()
    {
        var luhn = Vectors.Payment.GetProperty("luhn");
        Assert.All(luhn.GetProperty("valid").EnumerateArray(), number => Assert.True(Pan.TryParse(number.GetString(), out _)));
        Assert.All(luhn.GetProperty("invalid").EnumerateArray(), number => Assert.False(Pan.TryParse(number.GetString(), out _)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("510510510510510")]
    [InlineData("51051051051051005")]
    [InlineData("4222222222222")]
    [InlineData("5105 1051 0510 5100")]
    [InlineData(" 510510510510510")]
    [InlineData("٥١٠٥١٠٥١٠٥١٠٥١٠٠")]
    [InlineData("510510510510510x")]
    public void Anything_but_sixteen_digits_is_no_pan(string? text)
    {
        Assert.False(Pan.TryParse(text, out _));
        Assert.Throws<FormatException>(() => Pan.Parse(text!));
    }

    [Fact]
    public void Every_other_check_digit_is_refused()
    {
        for (var digit = '1'; digit <= '9'; digit++)
        {
            Assert.False(Pan.TryParse("510510510510510" + digit, out _));
        }
    }

    [Fact]
    public void A_pan_prints_masked_everywhere()
    {
        var pan = Pan.Parse("5105105105105100");
        Assert.Equal("510510******5100", pan.ToString());
        Assert.Equal("510510******5100", $"{pan}");
        Assert.Equal("Holder { Pan = 510510******5100, Cvv = *** }", new Holder(pan, Cvv.Parse("123")).ToString());
        Assert.Equal("5105105105105100", pan.Reveal());
        Assert.Equal("(no PAN)", default(Pan).ToString());
        Assert.Throws<InvalidOperationException>(() => default(Pan).Reveal());
        Assert.Throws<InvalidOperationException>(() => default(Cvv).Reveal());
    }

    [Fact]
    public void Pans_and_cvvs_are_equal_by_value()
    {
        Assert.Equal(Pan.Parse("5105105105105100"), Pan.Parse("5105105105105100"));
        Assert.Equal(Pan.Parse("5105105105105100").GetHashCode(), Pan.Parse("5105105105105100").GetHashCode());
        Assert.NotEqual(Pan.Parse("5105105105105100"), Pan.Parse("4242424242424242"));
        Assert.NotEqual(Pan.Parse("5105105105105100"), default);
        Assert.Equal(default, default(Pan));
        Assert.Equal(Cvv.Parse("007"), Cvv.Parse("007"));
        Assert.NotEqual(Cvv.Parse("007"), Cvv.Parse("008"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("1234")]
    [InlineData("12x")]
    [InlineData("١٢٣")]
    public void Anything_but_three_digits_is_no_cvv(string? text) => Assert.False(Cvv.TryParse(text, out _));

    [Fact]
    public void Secrets_never_travel_as_json()
    {
        var pan = Pan.Parse("5105105105105100");
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(pan));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(new Holder(pan, default)));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(new Dictionary<Pan, int> { [pan] = 1 }));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(Cvv.Parse("123")));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Deserialize<Pan>("\"5105105105105100\""));
    }

    private sealed record Holder(Pan Pan, Cvv Cvv);
}
