using System.Buffers.Text;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Viewing;

/// <summary>The user's cards without their secrets, newest first, a page at a time.</summary>
internal static class ListCards
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;
    private const int IdBytes = 16;

    public static void MapListCards(this IEndpointRouteBuilder cards) => cards.MapGet("", Handle);

    private static async Task<Results<Ok<CardList>, ProblemHttpResult>> Handle(
        Caller caller, NpgsqlDataSource database, CancellationToken cancel, int limit = DefaultLimit, string? after = null)
    {
        if (limit is < 1 or > MaxLimit)
        {
            return Problems.Invalid("limit", $"must be 1 to {MaxLimit}");
        }
        Guid? before = null;
        if (after is not null)
        {
            if (!TryRead(after, out var cursor))
            {
                return Problems.Invalid("after", "is not a cursor of this list");
            }
            before = cursor;
        }

        var found = await database.List(caller, before, limit + 1, cancel);
        var page = found.Take(limit).Select(CardView.Of).ToList();
        return TypedResults.Ok(new CardList(page, found.Count > limit ? Cursor(page[^1].Id) : null));
    }

    /// <summary>Ids are UUIDv7: their order is that of issue.</summary>
    private static string Cursor(Guid last) => Base64Url.EncodeToString(last.ToByteArray(bigEndian: true));

    private static bool TryRead(string cursor, out Guid last)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        var read = cursor.Length <= 2 * IdBytes && Base64Url.IsValid(cursor, out var length) && length == IdBytes && Base64Url.TryDecodeFromChars(cursor, bytes, out _);
        last = read ? new Guid(bytes, bigEndian: true) : default;
        return read;
    }
}
