using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Antaca.Jose;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Antaca.Client.Tests;

/// <summary>A request as the server saw it, its body opened where it was sealed.</summary>
internal sealed record Seen(string Method, string Path, string Protocol, string? ClientName, IHeaderDictionary Headers, string Body)
{
    public string? Token => Headers.Authorization.ToString() is ['B', 'e', 'a', 'r', 'e', 'r', ' ', .. var token] ? token : null;

    public bool Encrypted => Headers["Encrypted-Request"] == "true";

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;
}

/// <summary>What the server is to say.</summary>
internal sealed record Say(int Status, string? Body = null)
{
    public string ContentType { get; init; } = "application/json";

    public (string Name, string Value)[] Headers { get; init; } = [];

    /// <summary>Sent as it is, even to an encrypted call.</summary>
    public bool Raw { get; init; }

    public static Say Problem(int status, string code, params (string Name, string Value)[] headers) =>
        new(status, $$"""{"type":"urn:x","title":"Title.","status":{{status}},"detail":"Detail.","code":"{{code}}","traceId":"trace-1"}""")
        {
            ContentType = "application/problem+json",
            Headers = headers,
        };
}

/// <summary>A small real server over mutual TLS and HTTP/2 that opens and seals JWE as the gateway does.</summary>
internal sealed class SuiteServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Seen> _seen = new();

    private SuiteServer(WebApplication app) => _app = app;

    public static X509Certificate2 Authority { get; } = Certificate("test CA", issuer: null);

    public static X509Certificate2 Partner { get; } = Certificate("test-partner", Authority);

    public Uri Address { get; private set; } = null!;

    public RsaPrivateKey Key { get; set; } = Keys.First;

    /// <summary>The kid that the public key is told under; null for its own.</summary>
    public string? ToldKid { get; set; }

    /// <summary>Answers by the number of the request (0, 1, ...), those for the public key not counted.</summary>
    public Func<Seen, int, Say> Answer { get; set; } = (_, _) => new Say(404);

    /// <summary>Runs before the answer, and may end the connection.</summary>
    public Func<HttpContext, int, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    public IReadOnlyList<Seen> Calls => [.. _seen.Where(seen => !IsKeyFetch(seen.Path))];

    public int KeyFetches => _seen.Count(seen => IsKeyFetch(seen.Path));

    public int CountOf(string method, string path) => _seen.Count(seen => (seen.Method, seen.Path) == (method, path));

    public static async Task<SuiteServer> Start(X509Certificate2? authority = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddRouting();
        var certificate = Certificate("localhost", authority ?? Authority);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            // As the public port does not ask for one, and the partners' port does.
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (client, _, _) => client.Issuer == Authority.Subject;
        })));
        var app = builder.Build();
        var server = new SuiteServer(app);
        app.Run(server.Serve);
        await app.StartAsync();
        var address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        server.Address = new Uri($"https://localhost:{address.Port}");
        return server;
    }

    public AntacaConnection Connect(Func<AntacaConnectionOptions, AntacaConnectionOptions>? adjust = null)
    {
        var options = new AntacaConnectionOptions { Address = Address, Certificate = Partner, TrustedRoots = [Authority], AnswerKey = Keys.Answers };
        return new AntacaConnection(adjust?.Invoke(options) ?? options);
    }

    /// <summary>Without a client certificate.</summary>
    public AntacaConnection ConnectPublicly(Func<AntacaConnectionOptions, AntacaConnectionOptions>? adjust = null)
    {
        var options = new AntacaConnectionOptions { Address = Address, TrustedRoots = [Authority] };
        return new AntacaConnection(adjust?.Invoke(options) ?? options);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    public static X509Certificate2 Certificate(string name, X509Certificate2? issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer is null, false, 0, critical: true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return issuer is null
            ? request.CreateSelfSigned(now.AddHours(-2), now.AddDays(2))
            : request.Create(issuer, now.AddHours(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key);
    }

    private async Task Serve(HttpContext context)
    {
        var path = context.Request.Path + context.Request.QueryString.ToString();
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var encrypted = context.Request.Headers["Encrypted-Request"] == "true";
        var opens = true;
        if (encrypted && body.Length > 0)
        {
            var payload = JsonDocument.Parse(body).RootElement.GetProperty("payload").GetString();
            var opened = Jwe.Open(payload, Key) as JweResult.Opened;
            opens = opened is not null;
            body = opens ? Encoding.UTF8.GetString(opened!.Plaintext) : "";
        }

        if (IsKeyFetch(path))
        {
            _seen.Enqueue(Look(context, path, body));
            var key = Key.PublicKey;
            await Write(context, new Say(200, $$"""{"kid":"{{ToldKid ?? key.Kid}}","alg":"RSA-OAEP-256","enc":"A256GCM","publicKey":"{{key.ToHeader()}}","jwk":{{key.Jwk.ToJson()}}}"""));
            return;
        }

        var number = Calls.Count;
        var seen = Look(context, path, body);
        _seen.Enqueue(seen);
        await Before(context, number);
        if (!context.RequestAborted.IsCancellationRequested)
        {
            await Write(context, opens ? Answer(seen, number) : Say.Problem(400, "CANT_DECRYPT_PAYLOAD"));
        }
    }

    private static bool IsKeyFetch(string path) => path is "/secure/public-key" or "/customers/public-key" or "/admin/public-key" or "/processor/public-key";

    private static Seen Look(HttpContext context, string path, string body) => new(
        context.Request.Method,
        path,
        context.Request.Protocol,
        context.Connection.ClientCertificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
        new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase)),
        body);

    private static async Task Write(HttpContext context, Say say)
    {
        context.Response.StatusCode = say.Status;
        foreach (var (name, value) in say.Headers)
        {
            context.Response.Headers[name] = value;
        }
        if (say.Body is not { } body)
        {
            return;
        }
        if (context.Request.Headers["Encrypted-Request"] == "true" && say.Status is >= 200 and < 300 && !say.Raw)
        {
            Assert.True(RsaPublicKey.TryParse(context.Request.Headers["Public-Key"], out var caller));
            body = $$"""{"payload":"{{Jwe.Seal(Encoding.UTF8.GetBytes(body), caller)}}"}""";
        }
        context.Response.ContentType = say.ContentType;
        await context.Response.WriteAsync(body);
    }
}

/// <summary>RSA keys made once for the run.</summary>
internal static class Keys
{
    public static readonly RsaPrivateKey First = RsaPrivateKey.Create();
    public static readonly RsaPrivateKey Second = RsaPrivateKey.Create();
    public static readonly RsaPrivateKey Answers = RsaPrivateKey.Create();
}
