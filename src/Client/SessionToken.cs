using Antaca.Jose;

namespace Antaca.Client;

/// <summary>The bearer token of a session (RFC 6750). Lives in memory alone: it is never printed, and never written to a disk.</summary>
public sealed class SessionToken
{
    private const int Bytes = 32;

    private readonly string _text;

    private SessionToken(string text) => _text = text;

    /// <summary>The token itself, for a call that the client does not cover: <c>Authorization: Bearer ...</c></summary>
    public string Reveal() => _text;

    /// <summary>Masked.</summary>
    public override string ToString() => "***";

    /// <summary>Null where the suite gave something else than 32 bytes in base64url.</summary>
    internal static SessionToken? Read(string text) =>
        StrictBase64Url.TryDecode(text, out var bytes) && bytes.Length == Bytes ? new SessionToken(text) : null;
}
