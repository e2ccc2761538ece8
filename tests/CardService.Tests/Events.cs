using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;

namespace Antaca.CardService.Tests;

/// <summary>What a partner heard.</summary>
internal static class Events
{
    /// <summary>In the order in which they happened, which may not be that of their arrival.</summary>
    public static async Task<List<JsonElement>> EventsOf(this Suite suite, Guid partner) =>
    [
        .. (await suite.As(new Caller { Channel = Channel.Secure, PartnerId = partner }, "notifications").Get("/events?limit=200"))
            .Must(200)["items"].EnumerateArray().OrderBy(happened => happened.GetProperty("occurredAt").GetDateTimeOffset()),
    ];

    /// <summary>What was heard of one card, each as <c>card.locked 7</c>, once as much has arrived and nothing is owed any more.</summary>
    public static Task<List<string>> Heard(this Suite suite, CardRow card, int count)
    {
        var cards = suite.Database("cards");
        return Eventually.Get(
            async () =>
            {
                var owed = await cards.One<long>("select count(*) from outbox");
                var events = (await suite.EventsOf(card.PartnerId)).ConvertAll(Line);
                return owed == 0 && events.Count >= count ? events : null;
            },
            $"{count} events");
    }

    private static string Line(JsonElement happened)
    {
        var type = happened.GetProperty("type").GetString()!;
        return happened.GetProperty("data").TryGetProperty("code", out var code) ? $"{type} {code}" : type;
    }
}
