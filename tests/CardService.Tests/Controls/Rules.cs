using System.Text;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;

namespace Antaca.CardService.Tests.Controls;

/// <summary>How rules are said.</summary>
internal static class Rules
{
    /// <summary>Of a card, by the service's own path, as they stand.</summary>
    public static async Task<Answer> SetControls(this Suite suite, Caller caller, Guid cardId, string rules)
    {
        using var content = new StringContent(rules, Encoding.UTF8, "application/json");
        return await suite.As(caller, "cardservice").Send(HttpMethod.Put, $"/cards/{cardId}/controls", content);
    }

    public static Task<Answer> GetControls(this Suite suite, Caller caller, Guid cardId) => suite.As(caller, "cardservice").Get($"/cards/{cardId}/controls");

    /// <summary>Of a programme, or any other setting of it.</summary>
    public static async Task SetProgramme(this Suite suite, Guid programId, string change)
    {
        using var content = new StringContent(change, Encoding.UTF8, "application/json");
        (await suite.As(TestUsers.Operator(Role.Admin), "datacore").Send(HttpMethod.Patch, $"/programs/{programId}", content)).Must(200);
    }

    public static void MustBe(this JsonElement found, string expected)
    {
        if (!JsonElement.DeepEquals(JsonElement.Parse(expected), found))
        {
            throw new InvalidOperationException($"Expected {expected} but was {found}");
        }
    }
}
