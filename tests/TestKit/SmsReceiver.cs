using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Antaca.TestKit;

/// <summary>A real small gateway for text messages, over HTTP, that keeps what it is sent and answers as the test says.</summary>
public sealed class SmsReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SmsReceiver(WebApplication app) => _app = app;

    public ConcurrentQueue<TextMessage> Messages { get; } = new();

    public int Status { get; set; } = 202;

    public Uri Address => new(new Uri(_app.Urls.Single()), "/messages");

    public static async Task<SmsReceiver> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var receiver = new SmsReceiver(app);
        app.MapPost("/messages", async (HttpRequest request) =>
        {
            var body = await JsonSerializer.DeserializeAsync<JsonElement>(request.Body);
            receiver.Messages.Enqueue(new TextMessage(
                body.GetProperty("to").GetString()!, body.GetProperty("text").GetString()!, request.Headers.Authorization.ToString(), request.Headers["Idempotency-Key"].ToString()));
            return Results.StatusCode(receiver.Status);
        });
        await app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

public sealed record TextMessage(string To, string Text, string Authorization, string Key);
