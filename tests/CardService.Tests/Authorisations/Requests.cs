using Antaca.ServiceDefaults;
using Antaca.TestKit;

namespace Antaca.CardService.Tests.Authorisations;

/// <summary>What the sandbox's processor asks.</summary>
internal static class Requests
{
    public static readonly Caller Processor = new() { Channel = Channel.Processor, Processor = "sandbox" };

    /// <summary>A purchase of 1.00 PLN by this card, which another test may change; by none where it goes by number.</summary>
    public static Dictionary<string, object?> Purchase(Guid? cardId, long amount = 100)
    {
        var request = new Dictionary<string, object?>
        {
            ["transactionId"] = Guid.CreateVersion7().ToString(),
            ["type"] = "Purchase",
            ["amount"] = new { amount, currency = "PLN" },
            ["merchant"] = new { mid = "123456789012345", name = "Kiosk", mcc = "5994", country = "PL" },
            ["channel"] = "Ecommerce",
            ["transmittedAt"] = "2026-11-22T10:30:00Z",
        };
        if (cardId is { } id)
        {
            request["cardId"] = id;
        }
        return request;
    }

    public static Task<Answer> Authorise(this Suite suite, Guid cardId, long amount = 100) => suite.Authorise(Purchase(cardId, amount));

    public static Task<Answer> Authorise(this Suite suite, Dictionary<string, object?> request) => suite.As(Processor, "cardservice").Post("/authorizations", request);

    public static (string?, string?, string?) Decision(Answer answer) => (answer["decision"].GetString(), answer["actionCode"].GetString(), answer["reason"].GetString());
}
