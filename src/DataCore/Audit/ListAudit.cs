using System.Globalization;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Audit;

/// <summary>Shows who did what, newest first, a page at a time.</summary>
internal static class ListAudit
{
    /// <param name="Hash">Hexadecimal: what the next entry builds on.</param>
    internal sealed record Entry(
        long Position,
        Guid Id,
        string Channel,
        string Actor,
        string Action,
        string Subject,
        Guid? CustomerId,
        Guid? PartnerId,
        string? Outcome,
        string? TraceId,
        DateTimeOffset OccurredAt,
        string Hash)
    {
        public static Entry Of(AuditEntry entry) => new(
            entry.Position,
            entry.Id,
            entry.Channel,
            entry.Actor,
            entry.Action,
            entry.Subject,
            entry.UserId,
            entry.PartnerId,
            entry.Outcome,
            entry.TraceId,
            entry.OccurredAt,
            Convert.ToHexStringLower(entry.Hash));
    }

    public static void MapListAudit(this IEndpointRouteBuilder audit) => audit.MapGet("/", Handle).AdmitsOperators(Role.Manager, Role.Admin);

    private static async Task<Results<Ok<Page<Entry>>, ProblemHttpResult>> Handle(
        string? actor, string? subject, DateTimeOffset? from, DateTimeOffset? to, string? after, NpgsqlDataSource database, CancellationToken cancel, int limit = PageRequest.DefaultLimit)
    {
        var below = long.MaxValue;
        var faults = new Faults()
            .Unless(limit is >= 1 and <= PageRequest.MaxLimit, "limit", $"must be 1 to {PageRequest.MaxLimit}")
            .Unless(after is null || (long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out below) && below > 0), "after", "is not a cursor of this list");
        if (faults.Any)
        {
            return faults.Problem();
        }

        var found = await database.ListEntries(
            actor, subject, (from ?? DateTimeOffset.MinValue).ToUniversalTime(), (to ?? DateTimeOffset.MaxValue).ToUniversalTime(), below, limit + 1, cancel);
        var page = found.Take(limit).Select(Entry.Of).ToList();
        return TypedResults.Ok(new Page<Entry>(page, found.Count > limit ? page[^1].Position.ToString(CultureInfo.InvariantCulture) : null));
    }
}
