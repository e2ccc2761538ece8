using System.Text.Encodings.Web;
using System.Text.Json;
using Antaca.TestKit;

namespace Antaca.BalanceService.Tests;

/// <summary>An authorisation as CardService hands it on.</summary>
internal static class Payment
{
    public static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A fresh transaction each time; the card is the user's only one.</summary>
    public static Dictionary<string, object?> Of(TestUser user, Guid balanceId, long amount, string type = "Purchase") => new()
    {
        ["processor"] = "sandbox",
        ["transactionId"] = Guid.CreateVersion7().ToString(),
        ["type"] = type,
        ["partnerId"] = user.PartnerId,
        ["userId"] = user.UserId,
        ["balanceId"] = balanceId,
        ["cardId"] = user.UserId,
        ["amount"] = amount,
        ["currency"] = "PLN",
        ["merchant"] = new { mid = "M-1", name = "Żabka 7", mcc = "5411", country = "PL" },
        ["entryChannel"] = "Pos",
        ["transmittedAt"] = "2026-11-22T10:00:00Z",
        ["decline"] = null,
    };

    /// <summary>The same with one field changed.</summary>
    public static Dictionary<string, object?> With(this Dictionary<string, object?> payment, string field, object? value) => new(payment) { [field] = value };
}
