using System.Text.Json;
using Antaca.Contracts.Requests;

namespace Antaca.CardService.Controls;

/// <summary>A card with what its user and its issuer say of its use, read at one moment.</summary>
internal sealed record ControlledCard : Card
{
    /// <summary>As the table has them: JSON of <see cref="SpendRules"/>.</summary>
    public string? UserControls { get; init; }

    /// <summary>The partner's or an operator's, as the table has them.</summary>
    public string? IssuerControls { get; init; }

    public SpendRules? UserRules => Read(UserControls);

    public SpendRules? IssuerRules => Read(IssuerControls);

    private static SpendRules? Read(string? kept) => kept is null ? null : JsonSerializer.Deserialize(kept, SpendRulesJson.Default.SpendRules);
}

/// <summary>What a card may be used for, besides what its programme says of all cards. Both hold at once.</summary>
/// <param name="User">What its user says; null where nothing was ever said.</param>
/// <param name="Issuer">What its partner or an operator says; null where nothing was ever said.</param>
internal sealed record ControlsView(SpendRules? User, SpendRules? Issuer)
{
    public static ControlsView Of(ControlledCard card) => new(card.UserRules, card.IssuerRules);
}
