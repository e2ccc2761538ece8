using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace Antaca.Jose;

/// <summary>
/// base64url without padding (RFC 7515 section 2, RFC 4648 section 5), decoded strictly: one text for one value. Padding,
/// white space, the alphabet of plain base64 and stray bits in the last character are refused.
/// </summary>
public static class StrictBase64Url
{
    private static readonly SearchValues<char> _alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    // A text that ends in a group of two characters carries 8 bits in 12, one of three carries 16 in 18: the rest is zero.
    private const string LastOfTwo = "AQgw";
    private const string LastOfThree = "AEIMQUYcgkosw048";

    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>False where <paramref name="text"/> is not the one encoding of some bytes. The empty text is zero bytes.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text.ContainsAnyExcept(_alphabet))
        {
            return false;
        }

        var canonical = (text.Length % 4) switch
        {
            0 => true,
            2 => LastOfTwo.Contains(text[^1], StringComparison.Ordinal),
            3 => LastOfThree.Contains(text[^1], StringComparison.Ordinal),
            _ => false,
        };
        if (canonical)
        {
            bytes = Base64Url.DecodeFromChars(text);
        }
        return canonical;
    }
}
