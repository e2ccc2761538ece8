using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;

namespace Antaca.CardService.Tests;

/// <summary>What the gateway does with secrets: references in place of them on the way in, secrets in place of references on the way out.</summary>
internal static class Vault
{
    public static async Task<(string CardNo, string Cvv)> Open(this Suite suite, Caller caller, Answer card)
    {
        var resolved = (await suite.Resolve(caller, card)).Must(200);
        var secrets = resolved["secrets"].EnumerateArray().ToDictionary(secret => secret.GetProperty("kind").GetString()!, secret => secret.GetProperty("value").GetString()!);
        return (secrets["cardNo"], secrets["cvv"]);
    }

    public static Task<Answer> Resolve(this Suite suite, Caller caller, Answer card) => suite.Neighbour("gateway", "datacore").Post(
        "/internal/vault/resolve",
        new { binding = caller.Binding, cardId = card.Id, references = new[] { card["cardNo"], card["cvv"] } });

    public static async Task<JsonElement> Refer(this Suite suite, Caller caller, string kind, string value)
    {
        var created = await suite.Neighbour("gateway", "datacore").Post("/internal/vault/references", new { binding = caller.Binding, secrets = new[] { new { kind, value } } });
        return created.Must(200)["references"][0];
    }
}
