using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Antaca.ServiceDefaults;

/// <summary>The way a call came in from outside.</summary>
public enum Channel
{
    /// <summary>A user's app: <c>/customers</c>, by session token.</summary>
    Customers,

    /// <summary>A partner's server: <c>/secure</c>, by client certificate.</summary>
    Secure,

    /// <summary>A processor or bureau: <c>/processor</c>, by client certificate.</summary>
    Processor,

    /// <summary>An operator: <c>/admin</c>, by operator session.</summary>
    Admin,
}

/// <summary>What an operator may do; each role may what the one before it may, and more.</summary>
public enum Role
{
    Employee,
    Manager,
    Admin,
}

/// <summary>
/// Who is calling from outside, as the gateway established it: signed there into a JWT, verified in every service, and
/// bound into handlers as a parameter. Stores put <see cref="PartnerId"/> and <see cref="UserId"/> into their WHERE.
/// </summary>
public sealed record Caller
{
    public required Channel Channel { get; init; }

    /// <summary>The partner whose certificate, user or programme this is; null for processors, operators and whoever has no credential yet.</summary>
    public Guid? PartnerId { get; init; }

    /// <summary>The user the call is about: of the session, or the <c>{customerId}</c> of a partner's or operator's path.</summary>
    public Guid? UserId { get; init; }

    /// <summary>The paired app; on <see cref="Channel.Customers"/> only.</summary>
    public Guid? InstallationId { get; init; }

    /// <summary>The session of a user or an operator.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>On <see cref="Channel.Admin"/> only.</summary>
    public Guid? OperatorId { get; init; }

    /// <summary>The operator's; on <see cref="Channel.Admin"/> only.</summary>
    public Role? Role { get; init; }

    /// <summary>The processor's name; on <see cref="Channel.Processor"/> only.</summary>
    public string? Processor { get; init; }

    /// <summary>
    /// Nobody has been established: registration, pairing and login, on <see cref="Channel.Customers"/> and
    /// <see cref="Channel.Admin"/>. Only routes that say so (<see cref="Access.AdmitsAnybody"/>) serve such a caller.
    /// </summary>
    public bool IsAnonymous => Channel is Channel.Customers or Channel.Admin && SessionId is null;

    /// <summary>
    /// An operator, who sees every partner's things. A statement says so in its WHERE:
    /// <code>where id = @cardId and (@IsOperator or (user_id = @UserId and partner_id = @PartnerId))</code>
    /// </summary>
    public bool IsOperator => Channel == Channel.Admin && OperatorId is not null;

    /// <summary>The stable name of who acts: for idempotency keys, audit and rate limits.</summary>
    public string Actor => this switch
    {
        { IsAnonymous: true } => "anonymous",
        { Channel: Channel.Customers } => $"user:{UserId}",
        { Channel: Channel.Secure } => $"partner:{PartnerId}",
        { Channel: Channel.Processor } => $"processor:{Processor}",
        _ => $"operator:{OperatorId}",
    };

    /// <summary>What a one-time vault reference is bound to: nobody else can resolve it.</summary>
    public string Binding => $"{Actor}|{UserId}|{InstallationId}";

    /// <summary>Binds the caller that <see cref="Access"/> verified.</summary>
    /// <exception cref="InvalidOperationException">The route is not one for callers.</exception>
    public static ValueTask<Caller?> BindAsync(HttpContext context) =>
        ValueTask.FromResult<Caller?>(context.Features.Get<Caller>() ?? throw new InvalidOperationException("A route that takes a Caller must be mapped with MapForCallers."));
}

/// <summary>Where the keys of the caller token are.</summary>
public sealed record CallerTokenSettings
{
    /// <summary>PEM file of the gateway's EC P-256 public key; every service verifies with it.</summary>
    public string? PublicKey { get; init; }

    /// <summary>PEM file of the private key; the gateway alone has it.</summary>
    public string? PrivateKey { get; init; }
}

/// <summary>
/// The caller as a JWT (RFC 7519, ES256): issuer <c>gateway</c>, audience the service's name, at most
/// <see cref="LifeSeconds"/> seconds of life. Travels in the header <see cref="Header"/>; a plain header is never an identity.
/// </summary>
public sealed class CallerTokens : IDisposable
{
    public const string Header = "Caller-Token";
    public const string Issuer = "gateway";
    public const int LifeSeconds = 60;

    private const int SignedAgainAfterSeconds = 30;
    private const int ClockSkewSeconds = 5;
    private const int CacheEntries = 20_000;

    private readonly ECDsa _key = ECDsa.Create();
    private readonly ECDsaSecurityKey _securityKey;
    private readonly SigningCredentials _credentials;
    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly MemoryCache _cache;
    private readonly TimeProvider _clock;

    private CallerTokens(string pem, TimeProvider clock)
    {
        _key.ImportFromPem(pem);
        // A factory of our own: the default one shares its cache, and with it our key's life, with the whole process.
        _securityKey = new ECDsaSecurityKey(_key) { CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = true } };
        _credentials = new SigningCredentials(_securityKey, SecurityAlgorithms.EcdsaSha256);
        _clock = clock;
        _cache = new MemoryCache(new MemoryCacheOptions { SizeLimit = CacheEntries });
    }

    /// <param name="pemFile">The private key at the gateway, the public key elsewhere.</param>
    public static CallerTokens FromFile([Required] string pemFile, TimeProvider clock) => new(File.ReadAllText(pemFile), clock);

    /// <summary>The token for one service; the same one is given again for half its life.</summary>
    public string Sign(Caller caller, string audience)
    {
        var now = _clock.GetUtcNow();
        if (_cache.TryGetValue((caller, audience), out Signed? kept) && kept!.Until > now)
        {
            return kept.Token;
        }
        var claims = new Dictionary<string, object> { ["channel"] = caller.Channel.ToString() };
        Put("partner", caller.PartnerId);
        Put("user", caller.UserId);
        Put("installation", caller.InstallationId);
        Put("session", caller.SessionId);
        Put("operator", caller.OperatorId);
        Put("role", caller.Role);
        Put("processor", caller.Processor);
        var token = _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = audience,
            IssuedAt = now.UtcDateTime,
            Expires = now.AddSeconds(LifeSeconds).UtcDateTime,
            Claims = claims,
            SigningCredentials = _credentials,
        });
        _cache.Set((caller, audience), new Signed(token, now.AddSeconds(SignedAgainAfterSeconds)), Entry());
        return token;

        void Put(string name, object? value)
        {
            if (value is not null)
            {
                claims[name] = value.ToString()!;
            }
        }
    }

    /// <summary>The caller, or null for a token that is malformed, not ours, for another service, or expired.</summary>
    public async ValueTask<Caller?> Verify(string? token, string audience)
    {
        if (string.IsNullOrEmpty(token))
        {
            return null;
        }
        if (_cache.TryGetValue((token, audience), out Verified? kept))
        {
            return kept!.Until > _clock.GetUtcNow() ? kept.Caller : null;
        }
        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = Issuer,
            ValidAudience = audience,
            IssuerSigningKey = _securityKey,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            RequireExpirationTime = true,
            LifetimeValidator = (_, expires, _, _) => expires is { } end && Lives(end),
        });
        if (!result.IsValid || !Enum.TryParse<Channel>(Text("channel"), out var channel))
        {
            return null;
        }
        var caller = new Caller
        {
            Channel = channel,
            PartnerId = Id("partner"),
            UserId = Id("user"),
            InstallationId = Id("installation"),
            SessionId = Id("session"),
            OperatorId = Id("operator"),
            Role = Enum.TryParse<Role>(Text("role"), out var role) ? role : null,
            Processor = Text("processor"),
        };
        _cache.Set((token, audience), new Verified(caller, new DateTimeOffset(result.SecurityToken.ValidTo, TimeSpan.Zero)), Entry());
        return caller;

        string? Text(string name) => result.ClaimsIdentity.FindFirst(name)?.Value;

        Guid? Id(string name) => Guid.TryParse(Text(name), out var id) ? id : null;
    }

    public void Dispose()
    {
        _cache.Dispose();
        _key.Dispose();
    }

    private static MemoryCacheEntryOptions Entry() => new() { Size = 1, AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(LifeSeconds) };

    private bool Lives(DateTime end)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        return now < end && end < now.AddSeconds(LifeSeconds + ClockSkewSeconds);
    }

    private sealed record Signed(string Token, DateTimeOffset Until);

    private sealed record Verified(Caller Caller, DateTimeOffset Until);
}
