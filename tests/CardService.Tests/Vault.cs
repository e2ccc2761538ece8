using System.Buffers.Text;
using System.Security.Cryptography;
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

    /// <summary>An approval of the app's for an action on a card, as DataCore keeps one for a minute.</summary>
    public static async Task<string> Approve(this Suite suite, Caller app, Guid cardId, string action = "card.reveal")
    {
        var approval = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var now = suite.Clock.GetUtcNow();
        await suite.Database("datacore").Execute(
            """
            with installation as (
                insert into installations (id, partner_id, user_id, device_id, device_name, device_key, pin_hash, created_at, used_at)
                values ($1, $2, $3, $1::text, 'Phone', '{}', '', $6, $6)
                on conflict do nothing
            ), session as (
                insert into sessions (id, token_hash, partner_id, user_id, installation_id, created_at, expires_at, idle_seconds, used_at)
                values ($4, encode(sha256($4::text::bytea), 'hex'), $2, $3, $1, $6, $6 + interval '10 minutes', 300, $6)
                on conflict do nothing
            )
            insert into approvals (hash, installation_id, session_id, action, card_id, created_at, expires_at)
            values (encode(sha256($7::text::bytea), 'hex'), $1, $4, $8, $5, $6, $6 + interval '1 minute')
            """,
            app.InstallationId!.Value,
            app.PartnerId!.Value,
            app.UserId!.Value,
            app.SessionId!.Value,
            cardId,
            now,
            approval,
            action);
        return approval;
    }

    public static async Task<JsonElement> Refer(this Suite suite, Caller caller, string kind, string value)
    {
        var created = await suite.Neighbour("gateway", "datacore").Post("/internal/vault/references", new { binding = caller.Binding, secrets = new[] { new { kind, value } } });
        return created.Must(200)["references"][0];
    }
}
