using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.ServiceDefaults;

/// <summary>
/// The part of a list that a caller asks for: <c>?limit=</c> (1 to <see cref="MaxLimit"/>, otherwise
/// <see cref="DefaultLimit"/>) rows <c>?after=</c> the cursor of the page before. Lists run from the newest row to the oldest,
/// by time and id, and a store reads <see cref="Rows"/> of them:
/// <code>
/// where (created_at, id) &lt; (@At, @Id) order by created_at desc, id desc limit @Rows
/// </code>
/// </summary>
public sealed record PageRequest
{
    public const int MaxLimit = 200;
    public const int DefaultLimit = 50;

    private PageRequest(int limit, Cursor after)
    {
        Limit = limit;
        After = after;
    }

    public int Limit { get; }

    /// <summary>The last row of the page before; beyond the newest for the first page.</summary>
    public Cursor After { get; }

    /// <summary>One more than the page: whether it is there says whether another page follows.</summary>
    public int Rows => Limit + 1;

    /// <summary>Trusts neither argument. What is wrong is in <paramref name="refusal"/>, 422 with both fields.</summary>
    public static bool TryRead(int? limit, string? after, [NotNullWhen(true)] out PageRequest? page, [NotNullWhen(false)] out ProblemHttpResult? refusal)
    {
        var cursor = Cursor.BeyondTheNewest;
        var faults = new Faults()
            .Unless(limit is null or (>= 1 and <= MaxLimit), "limit", $"must be 1 to {MaxLimit}")
            .Unless(after is null || Cursor.TryParse(after, out cursor), "after", "is not a cursor of this list");
        page = faults.Any ? null : new PageRequest(limit ?? DefaultLimit, cursor);
        refusal = faults.Any ? faults.Problem() : null;
        return page is not null;
    }

    /// <summary>The page as it is answered.</summary>
    /// <param name="rows">Up to <see cref="Rows"/> rows.</param>
    public Page<TView> Of<TRow, TView>(IReadOnlyList<TRow> rows, Func<TRow, Cursor> place, Func<TRow, TView> view) =>
        new([.. rows.Take(Limit).Select(view)], rows.Count > Limit ? place(rows[Limit - 1]).ToString() : null);
}

/// <param name="Next">The cursor to ask for the next page with; null on the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>A place in a list. Callers see it as text without meaning.</summary>
public readonly record struct Cursor(DateTimeOffset At, Guid Id)
{
    private const int IdBytes = 16;
    private const int Bytes = sizeof(long) + IdBytes;

    internal static readonly Cursor BeyondTheNewest = new(DateTimeOffset.MaxValue, Guid.AllBitsSet);

    /// <summary>For rows that are numbered in their order: the number, in the place of time and id.</summary>
    public long Number
    {
        get
        {
            Span<byte> bytes = stackalloc byte[IdBytes];
            Id.TryWriteBytes(bytes, bigEndian: true, out _);
            return BinaryPrimitives.ReadInt64BigEndian(bytes[^sizeof(long)..]) & long.MaxValue;
        }
    }

    public static Cursor Of(long number)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes[^sizeof(long)..], number);
        return new Cursor(DateTimeOffset.MinValue, new Guid(bytes, bigEndian: true));
    }

    /// <summary>Trusts nothing.</summary>
    public static bool TryParse(string text, out Cursor cursor)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        cursor = default;
        if (text.Length != Base64Url.GetEncodedLength(Bytes) || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != OperationStatus.Done || written != Bytes)
        {
            return false;
        }
        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (ticks < DateTimeOffset.MinValue.UtcTicks || ticks > DateTimeOffset.MaxValue.UtcTicks)
        {
            return false;
        }
        cursor = new Cursor(new DateTimeOffset(ticks, TimeSpan.Zero), new Guid(bytes[sizeof(long)..], bigEndian: true));
        return true;
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, At.UtcTicks);
        Id.TryWriteBytes(bytes[sizeof(long)..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }
}
