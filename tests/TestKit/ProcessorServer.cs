using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Antaca.TestKit;

/// <summary>A real small issuing processor over mutual TLS, that keeps what it is told of cards and answers as the test says.</summary>
public sealed class ProcessorServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ProcessorServer(WebApplication app) => _app = app;

    /// <summary>Everything that came in, taken or not, in its order.</summary>
    public ConcurrentQueue<CardEvent> Heard { get; } = new();

    /// <summary>The status for each, 204 unless the test says otherwise.</summary>
    public Func<CardEvent, int> Answer { get; set; } = _ => 204;

    public Uri Address => new(_app.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

    /// <param name="certificateFile">The server's own, for localhost, its key beside it.</param>
    /// <param name="clientAuthorityFile">Who must have issued the certificates of those who call.</param>
    public static async Task<ProcessorServer> Start(string certificateFile, string keyFile, string clientAuthorityFile)
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(clientAuthorityFile);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https =>
        {
            https.ServerCertificate = ServiceIdentity.ReadPair(certificateFile, keyFile);
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (shown, _, _) => ServiceIdentity.ChainsTo(shown, authority);
        }));
        var app = builder.Build();
        app.Urls.Add("https://127.0.0.1:0");
        var server = new ProcessorServer(app);
        app.MapPost("/card-events", async (HttpContext context) =>
        {
            var body = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
            var heard = new CardEvent(
                body.GetProperty("event").GetString()!,
                body.GetProperty("cardId").GetGuid(),
                context.Request.Headers["X-Idempotency-Key"].ToString(),
                context.Connection.ClientCertificate!.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
                body);
            server.Heard.Enqueue(heard);
            return Results.StatusCode(server.Answer(heard));
        });
        await app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <param name="Key">Its X-Idempotency-Key.</param>
/// <param name="Client">The common name of the certificate of who told it.</param>
public sealed record CardEvent(string Event, Guid CardId, string Key, string Client, JsonElement Body);
