using System.Text.Json;
using Antaca.TestKit;

namespace Antaca.Gateway.Tests.Vault;

/// <summary>The vault as the gateway and its neighbours call it.</summary>
internal static class References
{
    public static async Task<JsonElement> Refer(this Suite suite, string binding, string kind, string value) =>
        (await suite.Neighbour("gateway", "datacore").Post("/internal/vault/references", new { binding, secrets = new[] { new { kind, value } } })).Must(200)["references"][0];

    public static Task<Answer> Identify(this Suite suite, string binding, JsonElement cardNo, string neighbour = "cardservice", JsonElement? cvv = null) =>
        suite.Neighbour(neighbour, "datacore").Post("/internal/vault/identify", new { binding, cardNo, expiry = (string?)null, cvv });
}
