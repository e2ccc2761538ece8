using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Antaca.DataCore.Credentials;

/// <summary>
/// An opaque secret that its holder shows again: a session, a challenge, an approval, a link. 256 random bits as base64url.
/// Only its hash is kept; it is random enough that SHA-256 does.
/// </summary>
internal readonly record struct Token
{
    private const int Bytes = 32;

    private readonly string _text;

    private Token(string text) => _text = text;

    /// <summary>What the database keeps: lower-case hexadecimal SHA-256 of the text.</summary>
    public string Hash => HashOf(_text);

    public static Token New() => new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes)));

    /// <summary>The hash of whatever somebody shows as a token.</summary>
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>The token itself, for its holder's answer and nothing else.</summary>
    public string Reveal() => _text;

    /// <summary>Never prints the token.</summary>
    public override string ToString() => "***";
}
