using System.Buffers.Binary;

namespace Antaca.BalanceService.Holds;

/// <summary>A stretch of a card's spending that a limit counts: until now, from the beginning of the day, week or month of a zone.</summary>
internal static class SpendWindow
{
    public const string Transaction = "Transaction";
    public const string Day = "Day";
    public const string Week = "Week";
    public const string Month = "Month";
    public const string Lifetime = "Lifetime";

    public static readonly string[] Names = [Transaction, Day, Week, Month, Lifetime];

    /// <summary>When the window began in which <paramref name="now"/> lies.</summary>
    public static DateTimeOffset Beginning(string window, TimeZoneInfo zone, DateTimeOffset now)
    {
        if (window == Lifetime)
        {
            return DateTimeOffset.UnixEpoch;
        }
        var today = TimeZoneInfo.ConvertTime(now, zone).Date;
        var first = window switch
        {
            Day => today,
            Week => today.AddDays(-(((int)today.DayOfWeek + 6) % 7)),
            Month => new DateTime(today.Year, today.Month, 1, 0, 0, 0, DateTimeKind.Unspecified),
            _ => throw new ArgumentOutOfRangeException(nameof(window)),
        };
        // Where a change of the clock leaves out midnight, the day begins with the change.
        while (zone.IsInvalidTime(first))
        {
            first = first.AddMinutes(15);
        }
        // Where the clock shows midnight twice, the day begins with the first.
        var offset = zone.IsAmbiguousTime(first) ? zone.GetAmbiguousTimeOffsets(first).Max() : zone.GetUtcOffset(first);
        return new DateTimeOffset(first, offset).ToUniversalTime();
    }

    /// <summary>The smallest UUIDv7 (RFC 9562) of that moment: ids from it on are of rows made since.</summary>
    public static Guid FirstId(DateTimeOffset moment)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        BinaryPrimitives.WriteInt64BigEndian(bytes, moment.ToUnixTimeMilliseconds() << 16);
        bytes[6] = 0x70;
        return new Guid(bytes, bigEndian: true);
    }
}
