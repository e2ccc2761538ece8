using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Antaca.LocalHosting;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Antaca.CardService.Tests.Controls;

/// <summary>A suite with an ear on the wire between CardService and BalanceService: what passes is kept, and goes on as it is.</summary>
public sealed class OverheardSuite : Suite, IAsyncLifetime
{
    private readonly int _port = Ports.Free(1)[0];
    private readonly ConcurrentDictionary<string, JsonElement> _asked = new();
    private WebApplication? _ear;

    public OverheardSuite() => Settings["cardservice"] = [string.Create(CultureInfo.InvariantCulture, $"--services:balanceservice:https:0=https://localhost:{_port}")];

    /// <summary>What BalanceService was asked to decide of a processor's transaction, the last time.</summary>
    public JsonElement Asked(Dictionary<string, object?> request) => _asked[(string)request["transactionId"]!];

    public new async Task DisposeAsync()
    {
        await base.DisposeAsync();
        if (_ear is not null)
        {
            await _ear.DisposeAsync();
        }
    }

    protected override async Task Given()
    {
        var balances = Neighbour("cardservice", "balanceservice");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(_port, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = ServiceIdentity.ReadPair(Certificates.CertificateOf("balanceservice"), Certificates.KeyOf("balanceservice"));
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.AllowAnyClientCertificate();
        })));
        _ear = builder.Build();
        _ear.Run(async context =>
        {
            using var body = new StreamContent(context.Request.Body);
            var bytes = await body.ReadAsByteArrayAsync();
            if (context.Request.Path == "/internal/authorisations")
            {
                var asked = JsonSerializer.Deserialize<JsonElement>(bytes);
                _asked[asked.GetProperty("transactionId").GetString()!] = asked;
            }
            using var content = bytes.Length == 0 ? null : new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json") } };
            var answer = await balances.Send(new HttpMethod(context.Request.Method), context.Request.Path + context.Request.QueryString.Value, content);
            context.Response.StatusCode = answer.Status;
            context.Response.ContentType = answer.MediaType;
            await context.Response.Body.WriteAsync(answer.Bytes);
        });
        await _ear.StartAsync();
    }
}
