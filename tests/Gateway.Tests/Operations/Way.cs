using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Antaca.Gateway.Tests.Authorisation;
using Antaca.Gateway.Tests.Encryption;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;

namespace Antaca.Gateway.Tests.Operations;

/// <summary>One channel to a user's cards: its paths, its credential, and calls in the clear or encrypted.</summary>
internal sealed class Way(SuiteWithEveryCaller suite, Channel channel, World world, Api api, string cards, string oneCard, (string, string)? credential)
{
    private ECDsa? _device;
    private Guid _installationId;

    public Channel Channel => channel;

    public World World => world;

    public static async Task<Way> Of(SuiteWithEveryCaller suite, Channel channel, World world, Role role = Role.Admin)
    {
        switch (channel)
        {
            case Channel.Customers:
                var session = await suite.Session(world.User);
                return new Way(suite, channel, world, suite.Public, "/customers/me/cards", "/customers/me/cards", SuiteCalls.Bearer(session.Token)) { _installationId = session.InstallationId };
            case Channel.Secure:
                var cards = $"/secure/customers/{world.User.UserId}/cards";
                return new Way(suite, channel, world, suite.Partner, cards, cards, credential: null);
            case Channel.Admin:
                return new Way(suite, channel, world, suite.Public, $"/admin/customers/{world.User.UserId}/cards", "/admin/cards", SuiteCalls.Bearer((await suite.Operator(role)).Token));
            default:
                throw new ArgumentOutOfRangeException(nameof(channel));
        }
    }

    public Task<Answer> Clear(string method, string path, object? body = null, string? approval = null) =>
        api.Send(new HttpMethod(method), path, body is null ? null : Json(body), key: null, Headers(approval));

    public Task<Answer> Sealed(string method, string path, object? body = null, string? approval = null) => api.Send(
        new HttpMethod(method),
        path,
        body is null ? null : Json(new { payload = Jwe.Seal(JsonSerializer.SerializeToUtf8Bytes(body), suite.GatewayKey) }),
        key: null,
        [.. Headers(approval), .. SealedCalls.Headers()]);

    public string Of(string operation) => $"{cards}/{operation}";

    public string Card(Guid cardId, string operation = "") => operation == "" ? $"{oneCard}/{cardId}" : $"{oneCard}/{cardId}/{operation}";

    public async Task<JsonElement> Summary(Guid cardId) => (await Clear("GET", Card(cardId, "summary"))).Must(200).Json;

    /// <summary>What the user approves on the phone: a challenge signed with the key of the device. Null on a channel that needs none.</summary>
    public async Task<string?> Approval(string action, Guid cardId)
    {
        if (channel != Channel.Customers)
        {
            return null;
        }
        await KnowDevice();
        var challenge = (await suite.Public.Post("/customers/sessions/challenge", new { installationId = _installationId })).Must(200)["challenge"].GetString()!;
        var signature = Base64Url.EncodeToString(_device!.SignData(Encoding.ASCII.GetBytes(challenge), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        return (await Clear("POST", "/customers/me/approvals", new { action, cardId, challenge, signature })).Must(201)["approval"].GetString();
    }

    private async Task KnowDevice()
    {
        if (_device is not null)
        {
            return;
        }
        _device = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = _device.ExportParameters(includePrivateParameters: false).Q;
        await using var known = suite.Database("datacore").CreateCommand("update installations set device_key = $2 where id = $1");
        known.Parameters.AddWithValue(_installationId);
        known.Parameters.Add(new NpgsqlParameter
        {
            Value = JsonSerializer.Serialize(new { kty = "EC", crv = "P-256", x = Base64Url.EncodeToString(point.X), y = Base64Url.EncodeToString(point.Y) }),
        });
        await known.ExecuteNonQueryAsync();
    }

    private static StringContent Json(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    private (string, string)[] Headers(string? approval)
    {
        List<(string, string)> headers = [];
        if (credential is { } shown)
        {
            headers.Add(shown);
        }
        if (approval is not null)
        {
            headers.Add(("Approval", approval));
        }
        return [.. headers];
    }
}
