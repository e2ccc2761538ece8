using System.Security.Cryptography;

namespace Antaca.Jose.Tests;

public class StrictBase64UrlTests
{
    [Fact]
    public void Every_length_survives_the_round_trip()
    {
        for (var length = 0; length < 100; length++)
        {
            var bytes = RandomNumberGenerator.GetBytes(length);
            Assert.True(StrictBase64Url.TryDecode(StrictBase64Url.Encode(bytes), out var decoded));
            Assert.Equal(bytes, decoded);
        }
    }

    [Fact]
    public void One_text_stands_for_one_value()
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var accepted = 0;
        foreach (var first in Alphabet)
        {
            foreach (var second in Alphabet)
            {
                var text = $"{first}{second}";
                if (StrictBase64Url.TryDecode(text, out var bytes))
                {
                    Assert.Equal(text, StrictBase64Url.Encode(bytes));
                    accepted++;
                }
            }
        }
        Assert.Equal(256, accepted);
        Assert.Equal(16, Alphabet.Count(last => StrictBase64Url.TryDecode($"AA{last}", out _)));
    }

    [Theory]
    [InlineData("A")]
    [InlineData("AAAAA")]
    [InlineData("AA==")]
    [InlineData("AA%3D")]
    [InlineData("A A")]
    [InlineData("AA+A")]
    [InlineData("AA/A")]
    [InlineData("AA\r\nAA")]
    [InlineData("ÄÄÄÄ")]
    public void Anything_else_is_refused(string text) => Assert.False(StrictBase64Url.TryDecode(text, out _));
}
