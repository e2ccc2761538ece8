using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Antaca.ServiceDefaults;

namespace Antaca.CardService.Locks;

/// <summary>Why a card is stopped: the lock table of the contract.</summary>
/// <param name="ActionCode">What a terminal hears from a card that is stopped for this reason.</param>
/// <param name="Decline">The reason in an authorisation's answer, where action codes collide.</param>
/// <param name="Irreversible">Such a lock is neither lifted nor replaced.</param>
internal sealed record LockReason(short Code, string Text, string ActionCode, string Decline, bool Irreversible)
{
    /// <summary>The lock that the system itself puts on a card.</summary>
    public const short PinTriesExceeded = 6;

    /// <summary>The lock that may name the card that follows.</summary>
    public const short Replaced = 8;

    private static readonly FrozenDictionary<int, LockReason> _table = new LockReason[]
    {
        new(1, "Card lost", "2008", "CARD_LOST", Irreversible: true),
        new(2, "Card stolen", "2009", "CARD_STOLEN", Irreversible: true),
        new(3, "Pending query", "1000", "CARD_PENDING_QUERY", Irreversible: false),
        new(4, "Card consolidation", "1016", "CARD_CONSOLIDATION", Irreversible: false),
        new(5, "Card inactive", "1018", "CARD_INACTIVE", Irreversible: true),
        new(6, "PIN tries exceeded", "1006", "PIN_TRIES_EXCEEDED", Irreversible: false),
        new(7, "Suspected fraud", "1002", "SUSPECTED_FRAUD", Irreversible: false),
        new(8, "Card replaced", "1011", "CARD_REPLACED", Irreversible: true),
    }.ToFrozenDictionary(reason => (int)reason.Code);

    /// <summary>For a code from outside.</summary>
    public static bool TryFrom(int code, [NotNullWhen(true)] out LockReason? reason) => _table.TryGetValue(code, out reason);

    /// <summary>For a code from our own table, which checks it.</summary>
    public static LockReason From(short code) => _table[code];
}

/// <summary>Who stopped the card.</summary>
internal enum LockSource
{
    User,
    Partner,
    Operator,

    // From outside, as the processor says.
    Mastercard,
    Visa,
    Acquirer,

    /// <summary>The PIN tries are used up.</summary>
    System,
}

/// <summary>A stop on a card.</summary>
internal sealed record CardLock(LockReason Reason, LockSource Source, DateTimeOffset LockedAt);

internal static class LockSources
{
    public static LockSource LockSource(this Caller caller) => caller.Channel switch
    {
        Channel.Customers => Locks.LockSource.User,
        Channel.Secure => Locks.LockSource.Partner,
        Channel.Admin => Locks.LockSource.Operator,
        _ => throw new InvalidOperationException($"No card is stopped through {caller.Channel} here."),
    };
}
