using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>A physical card to make.</summary>
public sealed record NewPhysicalCard
{
    /// <summary>An open balance of the user in the programme's currency.</summary>
    public required Guid BalanceId { get; init; }

    /// <summary>As it stands on the plastic: 1 to 26 of <c>A-Z</c>, spaces and <c>. ' -</c>, beginning with a letter.</summary>
    public required string EmbossName { get; init; }

    /// <summary>Where the plastic is sent; at most 128 characters a line.</summary>
    public required Address DeliveryAddress { get; init; }

    /// <summary>The bureau's name of what the plastic looks like, 1 to 64 of <c>A-Z a-z 0-9 . _ -</c>; null for its usual one.</summary>
    public string? Design { get; init; }

    /// <summary>Prints no personal data.</summary>
    public override string ToString() => $"NewPhysicalCard on balance {BalanceId}";
}

/// <summary>An order of plastic that was taken.</summary>
/// <param name="CardId">Shown to its user once the bureau has personalised it; the same card as before where a virtual one is printed.</param>
public sealed record TakenOrder(Guid OrderId, Guid CardId, OrderStatus Status);

/// <summary>Where an order of plastic stands.</summary>
/// <param name="OrderedAt">UTC.</param>
/// <param name="Reason">The bureau's own words; null where it has not failed.</param>
/// <param name="SentAt">When the bureau took it up, UTC.</param>
/// <param name="FinishedAt">When it was personalised or failed, UTC.</param>
public sealed record CardOrder(
    Guid OrderId,
    Guid CardId,
    OrderStatus Status,
    DateTimeOffset OrderedAt,
    string? Reason = null,
    DateTimeOffset? SentAt = null,
    DateTimeOffset? FinishedAt = null);

[JsonConverter(typeof(ByName<OrderStatus>))]
public enum OrderStatus
{
    /// <summary>A state of a later version of the suite.</summary>
    Unknown,
    Ordered,

    /// <summary>In production at the bureau.</summary>
    Sent,
    Personalised,
    Failed,
}

/// <summary>A virtual card that was asked for without waiting for it.</summary>
/// <param name="CardId">Once it is done.</param>
/// <param name="Code">Why it failed, such as <c>BIN_RANGE_FULL</c>.</param>
public sealed record CardRequest(Guid RequestId, CardRequestStatus Status, Guid? CardId = null, string? Code = null);

[JsonConverter(typeof(ByName<CardRequestStatus>))]
public enum CardRequestStatus
{
    /// <summary>A state of a later version of the suite.</summary>
    Unknown,
    Pending,
    Done,
    Failed,
}

internal sealed record NewPrint(Address DeliveryAddress)
{
    public override string ToString() => nameof(NewPrint);
}

internal sealed record NewLink(string CardNo, DateOnly Exp, Guid BalanceId)
{
    public override string ToString() => nameof(NewLink);
}

internal sealed record NewPin(string Pin)
{
    public override string ToString() => nameof(NewPin);
}
