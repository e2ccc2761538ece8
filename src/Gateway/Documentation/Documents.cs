using System.Text.Json;
using System.Text.Json.Nodes;
using Antaca.Gateway.Routes;
using Antaca.ServiceDefaults;

namespace Antaca.Gateway.Documentation;

/// <summary>
/// The published documents. Each is made when it is asked for, of what the services of its channel tell then, and kept for
/// <see cref="KeptMinutes"/>. A service that is away is a 503, never a document without its routes.
/// </summary>
internal sealed class Documents(IServiceProvider services, PortSettings ports, TimeProvider clock) : IDisposable
{
    public const int KeptMinutes = 5;

    private static readonly JsonSerializerOptions _readable = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly SemaphoreSlim _one = new(1);
    private readonly Dictionary<Channel, Kept> _kept = [];

    /// <exception cref="PeerUnreachableException">A service whose routes belong in it is away.</exception>
    public async Task<byte[]> Get(Channel channel, HttpRequest request, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (!_kept.TryGetValue(channel, out var kept) || kept.Until <= clock.GetUtcNow())
            {
                kept = new Kept(await Make(channel, cancel), clock.GetUtcNow().AddMinutes(KeptMinutes));
                _kept[channel] = kept;
            }
            return kept.For(ServerOf(channel, request));
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    /// <summary>The origin of the document where the channel is on the same port; otherwise the same host on the channel's port.</summary>
    private string ServerOf(Channel channel, HttpRequest request) =>
        channel is Channel.Customers or Channel.Admin || request.HttpContext.Connection.LocalPort == ports.Partners ? "/" : $"https://{request.Host.Host}:{ports.Partners}";

    /// <summary>A document, and its text as it was last asked for.</summary>
    private sealed class Kept(JsonObject document, DateTimeOffset until)
    {
        private string? _server;
        private byte[] _text = [];

        public DateTimeOffset Until => until;

        public byte[] For(string server)
        {
            if (_server != server)
            {
                document["servers"] = new JsonArray(new JsonObject { ["url"] = server });
                _text = JsonSerializer.SerializeToUtf8Bytes(document, _readable);
                _server = server;
            }
            return _text;
        }
    }

    private async Task<JsonObject> Make(Channel channel, CancellationToken cancel)
    {
        var asked = RouteTable.Routes.Where(route => route.Channel == channel).Select(route => route.Service).Distinct().ToArray();
        var told = await Task.WhenAll(asked.Select(service => Ask(service, cancel)));
        return PublishedDocument.Of(channel, asked.Zip(told).ToDictionary());
    }

    private async Task<JsonObject> Ask(string service, CancellationToken cancel)
    {
        var answer = await services.GetRequiredKeyedService<Peer>(service).Get<JsonObject>(OpenApi.Path, cancel);
        return answer.Value ?? throw new PeerUnreachableException(service, $"told nothing of its routes ({answer.Status} {answer.Code})", null);
    }
}

internal static class Documenting
{
    /// <summary>The services as neighbours to ask for their routes.</summary>
    public static void AddDocuments(this WebApplicationBuilder builder)
    {
        foreach (var service in RouteTable.Routes.Select(route => route.Service).Distinct().Where(service => !builder.Services.Any(known => known.ServiceType == typeof(Peer) && service.Equals(known.ServiceKey))))
        {
            builder.AddPeer(service);
        }
        builder.Services.AddSingleton<Documents>();
    }
}
