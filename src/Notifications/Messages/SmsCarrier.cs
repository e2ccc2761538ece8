using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Antaca.Notifications.Messages;

/// <summary>The gateway that takes our text messages: <c>POST {Url}</c> <c>{"to", "text"}</c> with the token as bearer.</summary>
internal sealed record SmsSettings
{
    /// <summary>Without it no text message goes out.</summary>
    public Uri? Url { get; init; }

    public string? Token { get; init; }

    [Range(1, 20)]
    public int TimeoutSeconds { get; init; } = 10;

    /// <summary>Never prints the token.</summary>
    public override string ToString() => $"{Url}";
}

/// <summary>Hands text messages to the gateway. The message's id goes with it as <c>Idempotency-Key</c>.</summary>
internal sealed class SmsCarrier(SmsSettings settings) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = TimeSpan.FromSeconds(settings.TimeoutSeconds),
        MaxResponseContentBufferSize = 64 * 1024,
    };

    /// <exception cref="NumberRefusedException">The gateway will never take this one.</exception>
    public async Task Send(Message message, CancellationToken cancel)
    {
        if (settings.Url is null)
        {
            throw new CarrierNotSetException();
        }
        using var request = new HttpRequestMessage(HttpMethod.Post, settings.Url)
        {
            Content = JsonContent.Create(new Text(message.To.Reveal(), message.Text.Body), options: JsonSerializerOptions.Web),
        };
        request.Headers.Add("Idempotency-Key", message.Id.ToString());
        if (settings.Token is { Length: > 0 } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
        using var answer = await _http.SendAsync(request, cancel);
        if (answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity)
        {
            throw new NumberRefusedException((int)answer.StatusCode);
        }
        answer.EnsureSuccessStatusCode();
    }

    public void Dispose() => _http.Dispose();

    private sealed record Text(string To, [property: System.Text.Json.Serialization.JsonPropertyName("text")] string Words);
}

/// <summary>The gateway says that the request itself is wrong: the number is none that it delivers to.</summary>
internal sealed class NumberRefusedException(int status) : Exception("The gateway refused the number.")
{
    public int Status { get; } = status;
}
