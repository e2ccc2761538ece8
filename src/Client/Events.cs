using System.Text.Json;
using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>A page of the partner's event log, oldest first.</summary>
/// <param name="Next">What to ask on with as <c>after</c>; null when there is nothing more yet.</param>
public sealed record EventPage(
    IReadOnlyList<PartnerEvent> Items, [property: JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)] long? Next = null);

/// <summary>Something that happened, as webhooks deliver it too.</summary>
/// <param name="Sequence">1, 2, 3 ... without gaps for one partner.</param>
/// <param name="Type">Such as <c>card.locked</c>.</param>
/// <param name="OccurredAt">UTC.</param>
/// <param name="Data">Ids and facts by type; never a card number.</param>
public sealed record PartnerEvent(long Sequence, Guid Id, string Type, DateTimeOffset OccurredAt, JsonElement Data);
