using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Antaca.Jose;

namespace Antaca.Client.Tests;

/// <summary>
/// How the suite answers an app, as far as this SDK can tell: it pairs, proves signatures, and keeps sessions, challenges and
/// approvals, each of which works once and in its session alone.
/// </summary>
internal sealed class AppSide
{
    public const string Code = "135790";
    public const string Pin = "924613";

    private static readonly string _card = $"/customers/me/cards/{Wire.CardId}";

    private readonly Lock _lock = new();
    private readonly HashSet<string> _challenges = [];
    private readonly HashSet<string> _live = [];
    private readonly Dictionary<string, (string Session, string Action, Guid CardId)> _approvals = [];
    private ECDsa? _device;
    private int _wrongPins;

    public Guid InstallationId { get; private set; }

    public Jwk? EncryptionKey { get; private set; }

    /// <summary>Every token, challenge and approval there was.</summary>
    public List<string> Given { get; } = [];

    /// <summary>Answers what this class has no answer for.</summary>
    public Func<Seen, Say> Other { get; set; } = _ => new Say(404);

    /// <summary>Looks first; not null is the answer.</summary>
    public Func<Seen, Say?> First { get; set; } = _ => null;

    public void EndSessions()
    {
        lock (_lock)
        {
            _live.Clear();
        }
    }

    public bool IsLive(string token)
    {
        lock (_lock)
        {
            return _live.Contains(token);
        }
    }

    public Say Answer(Seen seen, int number)
    {
        if (First(seen) is { } first)
        {
            return first;
        }
        lock (_lock)
        {
            return (seen.Method, seen.Path) switch
            {
                ("POST", "/customers/devices") => Pair(seen.Json),
                ("POST", "/customers/sessions/challenge") => new Say(200, $$"""{"challenge":"{{Text(_challenges.Add)}}","expiresAt":"2026-03-01T12:01:00Z"}"""),
                ("POST", "/customers/sessions") => Begin(seen.Json),
                _ when seen.Token is null => Say.Problem(401, "UNAUTHENTICATED"),
                _ when !_live.Contains(seen.Token) => Say.Problem(401, "SESSION_ENDED"),
                ("DELETE", "/customers/me/session") => _live.Remove(seen.Token) ? new Say(204) : new Say(500),
                ("POST", "/customers/me/approvals") => Approve(seen.Token, seen.Json),
                ("GET", _) when seen.Path == _card => Approved(seen, "card.reveal", Wire.Secrets),
                ("POST", _) when seen.Path == _card + "/cvv" => Approved(seen, "card.reveal", Wire.Secrets),
                ("POST", _) when seen.Path == _card + "/pin" => Approved(seen, "card.pin", Wire.Card),
                _ => Other(seen),
            };
        }
    }

    private Say Pair(JsonElement body)
    {
        if (body.GetProperty("activationCode").GetString() != Code)
        {
            return Say.Problem(401, "ACTIVATION_FAILED");
        }
        Assert.True(Jwk.TryParse(body.GetProperty("devicePublicKey").GetRawText(), out var key) && key.TryGetP256(out _device));
        Assert.True(Jwk.TryParse(body.GetProperty("encryptionKey").GetRawText(), out var encryption));
        EncryptionKey = encryption;
        InstallationId = Guid.NewGuid();
        return new Say(201, $$"""{"installationId":"{{InstallationId}}","token":"{{Text(_live.Add)}}","expiresAt":"2026-03-01T12:10:00Z"}""");
    }

    private Say Begin(JsonElement body) => Prove(body) ?? new Say(201, $$"""{"token":"{{Text(_live.Add)}}","expiresAt":"2026-03-01T12:10:00Z"}""");

    private Say Approve(string session, JsonElement body)
    {
        if (Prove(body) is { } refusal)
        {
            return refusal;
        }
        var approval = Text(text => _approvals.TryAdd(text, (session, body.GetProperty("action").GetString()!, body.GetProperty("cardId").GetGuid())));
        return new Say(201, $$"""{"approval":"{{approval}}","expiresAt":"2026-03-01T12:01:00Z"}""");
    }

    private Say Approved(Seen seen, string action, string answer) =>
        _approvals.Remove(seen.Headers["Approval"].ToString(), out var given) && given == (seen.Token, action, Wire.CardId)
            ? new Say(200, answer)
            : Say.Problem(403, "APPROVAL_REQUIRED");

    private Say? Prove(JsonElement body)
    {
        if (body.TryGetProperty("challenge", out var challenge))
        {
            var signature = Base64Url.DecodeFromChars(body.GetProperty("signature").GetString());
            var proven = _challenges.Remove(challenge.GetString()!)
                && _device!.VerifyData(Encoding.ASCII.GetBytes(challenge.GetString()!), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            if (!proven)
            {
                return Say.Problem(401, "LOGIN_FAILED");
            }
        }
        if (!body.TryGetProperty("pin", out var pin) || pin.GetString() == Pin)
        {
            return null;
        }
        _wrongPins++;
        return _wrongPins < 5
            ? Say.Problem(401, "WRONG_PIN") with { Body = $$"""{"title":"Wrong.","status":401,"code":"WRONG_PIN","triesLeft":{{5 - _wrongPins}}}""" }
            : Say.Problem(401, "INSTALLATION_ENDED");
    }

    private string Text(Func<string, bool> keep)
    {
        var text = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        Assert.True(keep(text));
        Given.Add(text);
        return text;
    }
}
