using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Antaca.BalanceService.Journal;

/// <summary>One entry as the chain knows it.</summary>
internal sealed record JournalEntry
{
    public required long Position { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid TransactionId { get; init; }
    public Guid? OperationId { get; init; }
    public required Guid AccountId { get; init; }
    public required long Amount { get; init; }
    public required string Currency { get; init; }
    public required DateTimeOffset PostedAt { get; init; }
}

/// <summary>What the chain came to at an entry.</summary>
internal sealed record Seal
{
    /// <summary>Before the first entry.</summary>
    public static Seal Beginning { get; } = new() { Position = 0, Number = 0, Hash = new byte[SHA256.HashSizeInBytes] };

    public required long Position { get; init; }

    /// <summary>How many entries there are up to and with this one.</summary>
    public required long Number { get; init; }

    public required byte[] Hash { get; init; }
}

/// <summary>
/// How the entries hang together, so that a stranger can recompute it:
/// <code>
/// hash(0) = 32 zero bytes
/// hash(n) = SHA-256( hash(n - 1) || line(n) )
/// line(n) = position|partner|transaction|operation|account|amount|currency|posted
/// </code>
/// The line is UTF-8 without an end of line. Ids are in lower case with dashes, an entry of no operation has nothing there;
/// numbers are decimal; <c>posted</c> is in microseconds since 1970-01-01 UTC.
/// </summary>
internal static class JournalChain
{
    public static Seal Next(Seal before, IEnumerable<JournalEntry> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var seal = before;
        foreach (var entry in entries)
        {
            hash.AppendData(seal.Hash);
            hash.AppendData(Encoding.UTF8.GetBytes(Line(entry)));
            seal = new Seal { Position = entry.Position, Number = seal.Number + 1, Hash = hash.GetHashAndReset() };
        }
        return seal;
    }

    public static long Microseconds(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private static string Line(JournalEntry entry) => string.Create(
        CultureInfo.InvariantCulture,
        $"{entry.Position}|{entry.PartnerId}|{entry.TransactionId}|{entry.OperationId}|{entry.AccountId}|{entry.Amount}|{entry.Currency}|{Microseconds(entry.PostedAt)}");
}
