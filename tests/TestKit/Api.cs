using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Antaca.TestKit;

/// <summary>An HTTP connection that speaks raw JSON, so that a test can send what no client would.</summary>
public sealed class Api(HttpClient http, Func<string?>? callerToken = null) : IDisposable
{
    public HttpClient Http => http;

    public Task<Answer> Get(string path) => Send(HttpMethod.Get, path, content: null);

    public Task<Answer> Delete(string path) => Send(HttpMethod.Delete, path, content: null);

    public Task<Answer> Post(string path, object? body = null, string? key = null) => Send(HttpMethod.Post, path, Json(body), key);

    public Task<Answer> Put(string path, object? body) => Send(HttpMethod.Put, path, Json(body));

    /// <summary>Posts the text as it is, as application/json unless another type is named.</summary>
    public Task<Answer> PostText(string path, string text, string? key = null, string contentType = "application/json") =>
        Send(HttpMethod.Post, path, new StringContent(text, Encoding.UTF8, contentType), key);

    public async Task<Answer> Send(HttpMethod method, string path, HttpContent? content, string? key = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content, Version = http.DefaultRequestVersion, VersionPolicy = http.DefaultVersionPolicy };
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }
        if (callerToken?.Invoke() is { } token)
        {
            request.Headers.TryAddWithoutValidation("Caller-Token", token);
        }
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        using var response = await http.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return new Answer((int)response.StatusCode, bytes, response.Content.Headers.ContentType?.MediaType, response.Headers);
    }

    public void Dispose() => http.Dispose();

    private static StringContent? Json(object? body) => body is null ? null : new StringContent(JsonSerializer.Serialize(body, JsonSerializerOptions.Web), Encoding.UTF8, "application/json");
}

/// <summary>What came back.</summary>
public sealed class Answer(int status, byte[] bytes, string? mediaType, HttpResponseHeaders headers)
{
    private readonly Lazy<JsonElement> _json = new(() => JsonSerializer.Deserialize<JsonElement>(bytes));

    public int Status => status;

    public byte[] Bytes => bytes;

    public string Text => Encoding.UTF8.GetString(bytes);

    public string? MediaType => mediaType;

    public HttpResponseHeaders Headers => headers;

    public JsonElement Json => _json.Value;

    /// <summary>The stable code of a problem, or null for any other answer.</summary>
    public string? Code => mediaType == "application/problem+json" ? this["code"].GetString() : null;

    public JsonElement this[string name] => Json.GetProperty(name);

    public Guid Id => this["id"].GetGuid();

    public string? Header(string name) => headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;

    /// <summary>Stops the test with the whole answer when the status is another.</summary>
    public Answer Must(int expected) => status == expected ? this : throw new InvalidOperationException($"Expected {expected} but was {status}: {Text}");

    /// <summary>Stops the test with the whole answer unless it is this refusal.</summary>
    public Answer MustRefuse(int expected, string code) =>
        Must(expected).Code == code ? this : throw new InvalidOperationException($"Expected {code} but was: {Text}");
}
