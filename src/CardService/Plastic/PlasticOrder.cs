using System.Text.RegularExpressions;
using Antaca.ServiceDefaults;

namespace Antaca.CardService.Plastic;

internal enum OrderKind
{
    /// <summary>A new card for a user.</summary>
    Physical,

    /// <summary>Plastic that bears no data, for a virtual card in use.</summary>
    DigitalFirst,

    /// <summary>A card for the programme's stock, which belongs to nobody yet.</summary>
    Stock,
}

internal enum OrderStatus
{
    /// <summary>Its card waits for a number: of no existence to anyone outside this service.</summary>
    Issuing,
    Ordered,

    /// <summary>In production at the bureau.</summary>
    Sent,
    Personalised,
    Failed,
}

/// <summary>An order of one piece of plastic. It goes from Ordered over Sent to one of its two ends, and never back.</summary>
internal sealed record PlasticOrder
{
    public required Guid Id { get; init; }
    public required OrderKind Kind { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid ProgramId { get; init; }

    /// <summary>Null for stock.</summary>
    public Guid? UserId { get; init; }
    public required Guid CardId { get; init; }
    public required OrderStatus Status { get; init; }

    /// <summary>The name that the plastic or its chip bears, where there is one; null once the order is over.</summary>
    public string? EmbossName { get; init; }
    public string? Design { get; init; }

    /// <summary>Null for stock, and once the order is over.</summary>
    public string? Street { get; init; }
    public string? City { get; init; }
    public string? PostalCode { get; init; }
    public string? Country { get; init; }

    /// <summary>Why the bureau could not make it; of a failed order only.</summary>
    public string? Reason { get; init; }
    public required DateTimeOffset OrderedAt { get; init; }
    public DateTimeOffset? SentAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    public DeliveryAddress? DeliveryAddress => Street is null ? null : new DeliveryAddress(Street, City!, PostalCode!, Country!);

    /// <summary>Whether number, expiry and name are to be seen on the plastic.</summary>
    public bool Printed => Kind != OrderKind.DigitalFirst;

    public bool InProduction => Status is OrderStatus.Ordered or OrderStatus.Sent;

    /// <summary>Plastic for a card that its user has, or is to have.</summary>
    public static PlasticOrder For(Card card, OrderKind kind, OrderStatus status, DeliveryAddress address, string? design, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        Kind = kind,
        PartnerId = card.PartnerId,
        ProgramId = card.ProgramId,
        UserId = card.UserId,
        CardId = card.Id,
        Status = status,
        EmbossName = card.CardholderName,
        Design = design,
        Street = address.Street,
        City = address.City,
        PostalCode = address.PostalCode,
        Country = address.Country,
        OrderedAt = now,
    };
}

/// <summary>Where the plastic is sent.</summary>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
internal sealed partial record DeliveryAddress(string Street, string City, string PostalCode, string Country)
{
    private const int MaxLineLength = 128;

    public Faults FaultsIn(Faults faults) => faults
        .UnlessLine(Street, "deliveryAddress.street", MaxLineLength)
        .UnlessLine(City, "deliveryAddress.city", MaxLineLength)
        .Unless(!CardNumbers.MayBeIn(Street), "deliveryAddress.street", CardNumbers.Fault)
        .Unless(!CardNumbers.MayBeIn(City), "deliveryAddress.city", CardNumbers.Fault)
        .Unless(PostalCodeForm().IsMatch(PostalCode) && !CardNumbers.MayBeIn(PostalCode), "deliveryAddress.postalCode", "must have 2 to 16 letters, digits, spaces or dashes")
        .Unless(CountryForm().IsMatch(Country), "deliveryAddress.country", "must be an ISO 3166-1 alpha-2 code such as PL");

    /// <summary>Prints nothing personal.</summary>
    public override string ToString() => "***";

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9 -]{1,15}\z")]
    private static partial Regex PostalCodeForm();

    [GeneratedRegex(@"^[A-Z]{2}\z")]
    private static partial Regex CountryForm();
}

/// <summary>Keeps numbers out of free text: this service holds no card number, not even one that somebody wrote into an address.</summary>
internal static partial class CardNumbers
{
    public const string Fault = "must not have the digits of a card number";

    /// <summary>Whether there are 12 digits or more in a row, with or without what people write between them.</summary>
    public static bool MayBeIn(string text) => ManyDigits().IsMatch(text);

    [GeneratedRegex(@"(?:\p{Nd}[\s.,/_-]*){12}")]
    private static partial Regex ManyDigits();
}

/// <summary>An order as whoever may see its card sees it.</summary>
internal sealed record OrderView(
    Guid OrderId, Guid CardId, OrderStatus Status, string? Reason, DateTimeOffset OrderedAt, DateTimeOffset? SentAt, DateTimeOffset? FinishedAt)
{
    public static OrderView Of(PlasticOrder order) =>
        new(order.Id, order.CardId, order.Status, order.Reason, order.OrderedAt, order.SentAt, order.FinishedAt);
}

/// <summary>An order that was taken.</summary>
internal sealed record OrderTaken(Guid OrderId, Guid CardId, OrderStatus Status);
