using Antaca.BalanceService.Holds;

namespace Antaca.BalanceService.Ledger;

/// <summary>
/// From a moment on until before another. Ids are UUIDv7: those of rows made in it lie from <see cref="FirstId"/> until before
/// <see cref="EndId"/>, so that an index on ids finds them.
/// </summary>
internal readonly record struct Period
{
    private Period(DateTimeOffset from, DateTimeOffset to)
    {
        From = from;
        To = to;
    }

    public DateTimeOffset From { get; }

    public DateTimeOffset To { get; }

    public Guid FirstId => IdOf(From);

    // Ids count milliseconds: the last one that counts is still within.
    public Guid EndId => To < DateTimeOffset.MaxValue.AddMilliseconds(-1) ? IdOf(To.AddMilliseconds(1)) : Guid.AllBitsSet;

    /// <summary>As it is asked for; null for no bound.</summary>
    public static Period Of(DateTimeOffset? from, DateTimeOffset? to) =>
        new((from ?? DateTimeOffset.MinValue).ToUniversalTime(), (to ?? DateTimeOffset.MaxValue).ToUniversalTime());

    private static Guid IdOf(DateTimeOffset moment) => SpendWindow.FirstId(moment > DateTimeOffset.UnixEpoch ? moment : DateTimeOffset.UnixEpoch);
}
