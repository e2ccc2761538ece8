using System.Text.Json;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.Notifications.EventLog;

/// <summary>Replays a partner's events after a number it knows, in order, a page at a time. No event appears later below a number once shown.</summary>
internal static class ListEvents
{
    internal sealed record EventView(long Sequence, Guid Id, string Type, DateTimeOffset OccurredAt, JsonElement Data)
    {
        public static EventView Of(RecordedEvent recorded) =>
            new(recorded.Sequence, recorded.Id, recorded.Type, recorded.OccurredAt, JsonElement.Parse(recorded.Data));
    }

    /// <param name="Next">Where to go on; null when nothing has happened beyond this page yet.</param>
    internal sealed record EventList(IReadOnlyList<EventView> Items, long? Next);

    public static void MapListEvents(this IEndpointRouteBuilder events) => events.MapGet("/", Handle);

    private static async Task<Results<Ok<EventList>, ProblemHttpResult>> Handle(
        Caller caller, NpgsqlDataSource database, CancellationToken cancel, long after = 0, int limit = PageRequest.DefaultLimit)
    {
        var faults = new Faults()
            .Unless(after >= 0, "after", "must be 0 or a sequence number")
            .Unless(limit is >= 1 and <= PageRequest.MaxLimit, "limit", $"must be 1 to {PageRequest.MaxLimit}");
        if (faults.Any)
        {
            return faults.Problem();
        }

        var found = await database.ListAfter(caller.PartnerId, after, limit + 1, cancel);
        var page = found.Take(limit).Select(EventView.Of).ToList();
        return TypedResults.Ok(new EventList(page, found.Count > limit ? page[^1].Sequence : null));
    }
}
