using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>An order of plastic as its bureau sees it: without a secret.</summary>
/// <param name="Printed">Whether number, expiry and name are to be seen on the plastic.</param>
/// <param name="OrderedAt">UTC.</param>
/// <param name="Design">Null for the bureau's usual one.</param>
/// <param name="Reason">The bureau's own words; null where it has not failed.</param>
/// <param name="SentAt">UTC.</param>
/// <param name="FinishedAt">When it was personalised or failed, UTC.</param>
public sealed record Personalisation(
    Guid OrderId,
    Guid CardId,
    Guid ProgramId,
    OrderKind Kind,
    bool Printed,
    OrderStatus Status,
    DateTimeOffset OrderedAt,
    string? Design = null,
    string? Reason = null,
    DateTimeOffset? SentAt = null,
    DateTimeOffset? FinishedAt = null);

[JsonConverter(typeof(ByName<OrderKind>))]
public enum OrderKind
{
    /// <summary>A kind of a later version of the suite.</summary>
    Unknown,

    /// <summary>A new card for a user.</summary>
    Physical,

    /// <summary>Plastic that bears no data, for a virtual card in use.</summary>
    DigitalFirst,

    /// <summary>A card for the programme's stock, which belongs to nobody yet.</summary>
    Stock,
}

/// <summary>All that the plastic of one order bears: use it and store it nowhere.</summary>
public sealed record PersonalisationRecord
{
    public required Guid OrderId { get; init; }

    public required Guid CardId { get; init; }

    public required Guid ProgramId { get; init; }

    public required OrderKind Kind { get; init; }

    /// <summary>False for plastic that bears no data: then the record is for the chip and the stripe alone.</summary>
    public required bool Printed { get; init; }

    /// <summary>Null for the bureau's usual one.</summary>
    public string? Design { get; init; }

    /// <summary>The PAN, 16 digits.</summary>
    public required string CardNo { get; init; }

    /// <summary>As chip and stripe have it: YYMM.</summary>
    public required string Expiry { get; init; }

    /// <summary>Three digits (ISO/IEC 7813).</summary>
    public required string ServiceCode { get; init; }

    /// <summary>Three digits for the magnetic stripe, with the service code.</summary>
    public required string Cvv1 { get; init; }

    /// <summary>Three digits for the track 2 equivalent data on the chip.</summary>
    public required string Icvv { get; init; }

    /// <summary>Three digits for the back of the plastic; null where it bears no data.</summary>
    public string? Cvv2 { get; init; }

    /// <summary>Null where no PIN is set.</summary>
    public string? Pvv { get; init; }

    /// <summary>For chip and stripe; null where the card has no name.</summary>
    public string? CardholderName { get; init; }

    /// <summary>What the plastic shows below the number: expiry and name. Empty where it bears no data.</summary>
    public required IReadOnlyList<string> EmbossLines { get; init; }

    /// <summary>Null for stock.</summary>
    public Address? DeliveryAddress { get; init; }

    /// <summary>The secrets masked, and no personal data.</summary>
    public override string ToString() => $"record of order {OrderId}, {Kind} card {CardId}, {Mask.CardNo(CardNo)}";
}

/// <summary>Cards that were made for a programme's stock; their orders are among the bureau's personalisations.</summary>
/// <param name="Cards">How many.</param>
/// <param name="Exp">The last day on which each of them works, UTC.</param>
/// <param name="CreatedAt">UTC.</param>
public sealed record RegisteredStock(Guid Id, Guid ProgramId, int Cards, DateOnly Exp, DateTimeOffset CreatedAt, string? Design = null);

internal sealed record NewStock(Guid ProgramId, int Cards, string? Design);

internal sealed record NewFailure(string Reason);
