using System.Text.Json;
using System.Text.Json.Serialization;
using Antaca.BalanceService.Ledger;

namespace Antaca.BalanceService.Balances;

/// <summary>A user's balance on the wire. Amounts are minor units of its currency; where the partner holds it, the balance by itself shows what the partner's host says, and lists show zero.</summary>
internal sealed record BalanceView(
    Guid Id, Guid CustomerId, string Currency, AccountState State, BalanceHolder Holder, long Amount, long Held, long Available, DateTimeOffset CreatedAt)
{
    /// <summary>What the partner calls a balance that it holds itself; left out of others.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExternalId { get; init; }

    /// <summary>Left out of lists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<JsonElement>? Cards { get; init; }

    public static BalanceView Of(Account balance) => new(
        balance.Id,
        balance.UserId!.Value,
        balance.Currency,
        balance.State,
        balance.Holder,
        balance.Posted,
        balance.Held,
        balance.Available,
        balance.CreatedAt)
    {
        ExternalId = balance.Holder == BalanceHolder.Partner ? balance.ExternalId : null,
    };
}
