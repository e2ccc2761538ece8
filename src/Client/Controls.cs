using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>What a card may be used for. Every rule holds by itself; one that is null is none.</summary>
public sealed record SpendControls
{
    /// <summary>At most 10, and one of each kind for each window.</summary>
    public IReadOnlyList<SpendLimit>? Limits { get; init; }

    public ChannelControls? Channels { get; init; }

    /// <summary>Merchant category codes (ISO 18245): four digits, at most 200 of each.</summary>
    public CodeControls? Mcc { get; init; }

    /// <summary>Countries of the merchant (ISO 3166-1 alpha-2), at most 200 of each.</summary>
    public CodeControls? Countries { get; init; }

    public MerchantControls? Merchants { get; init; }
}

/// <summary>The most that may be spent in one window of time: an amount or a number of uses, and not both.</summary>
/// <param name="Window">Days, weeks and months begin in the programme's time zone, weeks on Monday.</param>
/// <param name="Amount">Minor units of the card's currency, 1 or more.</param>
/// <param name="Uses">1 to 1000000; not with <see cref="SpendWindow.Transaction"/>.</param>
public sealed record SpendLimit(SpendWindow Window, long? Amount = null, int? Uses = null);

/// <summary>What a limit sums up.</summary>
[JsonConverter(typeof(ByName<SpendWindow>))]
public enum SpendWindow
{
    /// <summary>A window of a later version of the suite.</summary>
    Unknown,

    /// <summary>Each transaction by itself.</summary>
    Transaction,
    Day,
    Week,
    Month,

    /// <summary>Everything that was ever paid with the card.</summary>
    Lifetime,
}

/// <summary>Which ways of paying are on.</summary>
/// <param name="Pos">A terminal that the card is put into.</param>
/// <param name="Contactless">A terminal that the card is held to.</param>
/// <param name="Atm">Cash machines.</param>
/// <param name="Ecommerce">By number, without the card.</param>
public sealed record ChannelControls(bool Pos = true, bool Contactless = true, bool Atm = true, bool Ecommerce = true);

/// <summary>What is let pass, and what is not; both hold where both are given.</summary>
/// <param name="Allow">These alone; never empty.</param>
/// <param name="Deny">All but these.</param>
public sealed record CodeControls(IReadOnlyList<string>? Allow = null, IReadOnlyList<string>? Deny = null);

/// <summary>A lock to merchants.</summary>
/// <param name="Allow">Their ids as the acquirer writes them, 1 to 50.</param>
public sealed record MerchantControls(IReadOnlyList<string> Allow);

/// <summary>What a card may be used for, besides what its programme says of all cards. Both hold at once.</summary>
/// <param name="User">What its user says; null where nothing was ever said.</param>
/// <param name="Issuer">What its partner or an operator says; null where nothing was ever said.</param>
public sealed record CardControls(SpendControls? User = null, SpendControls? Issuer = null);
