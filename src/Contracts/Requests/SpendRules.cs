using System.Text.Json.Serialization;

namespace Antaca.Contracts.Requests;

/// <summary>What a card may be used for. Every rule holds by itself; one that is absent is none.</summary>
/// <param name="Limits">At most 10, and one of each kind for each window.</param>
/// <param name="Channels">Which ways of paying are on.</param>
/// <param name="Mcc">Merchant category codes (ISO 18245, four digits), at most 200 of each.</param>
/// <param name="Countries">Of the merchant (ISO 3166-1 alpha-2), at most 200 of each.</param>
/// <param name="Merchants">The only merchants.</param>
public sealed record SpendRules(
    IReadOnlyList<LimitRule>? Limits = null,
    ChannelRule? Channels = null,
    AllowDenyRule? Mcc = null,
    AllowDenyRule? Countries = null,
    MerchantRule? Merchants = null);

/// <summary>The most that may be spent in one window of time: an amount or a number of uses.</summary>
/// <param name="Window">What is summed up. Days, weeks and months begin in the programme's time zone, weeks on Monday.</param>
/// <param name="Amount">Minor units of the card's currency, 1 or more.</param>
/// <param name="Uses">1 to 1000000; not for one transaction.</param>
public sealed record LimitRule(SpendWindow Window, long? Amount = null, int? Uses = null);

/// <summary>What a limit sums up.</summary>
public enum SpendWindow
{
    /// <summary>Each transaction by itself.</summary>
    Transaction,
    Day,
    Week,
    Month,

    /// <summary>Everything that was ever paid with the card.</summary>
    Lifetime,
}

/// <summary>Which ways of paying are on: those that are not named.</summary>
/// <param name="Pos">A terminal that the card is put into.</param>
/// <param name="Contactless">A terminal that the card is held to.</param>
/// <param name="Atm">Cash machines.</param>
/// <param name="Ecommerce">By number, without the card.</param>
public sealed record ChannelRule(bool Pos = true, bool Contactless = true, bool Atm = true, bool Ecommerce = true);

/// <summary>What is let pass, and what is not; both hold where both are given.</summary>
/// <param name="Allow">These alone; never empty.</param>
/// <param name="Deny">All but these.</param>
public sealed record AllowDenyRule(IReadOnlyList<string>? Allow = null, IReadOnlyList<string>? Deny = null);

/// <summary>A lock to merchants.</summary>
/// <param name="Allow">Their ids as the acquirer writes them, 1 to 50.</param>
public sealed record MerchantRule(IReadOnlyList<string> Allow);

/// <summary>How rules are kept.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(SpendRules))]
public sealed partial class SpendRulesJson : JsonSerializerContext;
