using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.Partners;

/// <summary>A partner's own balances: one of each kind for each currency.</summary>
internal enum PartnerBalanceKind
{
    /// <summary>What the partner keeps here; differences go to it and come from it. It may fall below zero.</summary>
    Partner,

    /// <summary>What its cards may spend in all where its users' balances are held here.</summary>
    Credit,

    /// <summary>The same where the partner holds the balances itself.</summary>
    Deposit,
}

/// <summary>A balance of a partner's own, which somebody has asked for.</summary>
internal sealed record PartnerBalance
{
    public const int MaxNotify = 10;

    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required PartnerBalanceKind Kind { get; init; }
    public required string Currency { get; init; }
    public required long Posted { get; init; }
    public required long Held { get; init; }

    /// <summary>Below it the partner is warned; null for never.</summary>
    public long? LowThreshold { get; init; }

    /// <summary>Who is warned by mail.</summary>
    public required string[] Notify { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public long Available => Posted - Held;

    /// <summary>Notes what is wrong with the fields that are given; null is not given.</summary>
    public static Faults FaultsOf(long? lowThreshold, IReadOnlyList<string>? notify) => new Faults()
        .Unless(lowThreshold is null or (>= 0 and <= Money.MaxMinorUnits), "lowThreshold", $"must be 0 (none) to {Money.MaxMinorUnits}")
        .Unless(notify is null || notify.Count <= MaxNotify, "notify", $"must be at most {MaxNotify}")
        .Unless(notify is null || notify.All(EmailAddress.Is), "notify", "must be e-mail addresses");

    /// <summary>Zero is no threshold.</summary>
    public static long? Threshold(long? asked) => asked == 0 ? null : asked;

    public static string[] Receivers(IReadOnlyList<string> notify) => [.. notify.Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <summary>Whether it still counts exactly in every JSON reader with <paramref name="amount"/> more.</summary>
    public static bool MayPost(Account balance, long amount) => balance.Posted + amount <= Money.MaxMinorUnits;
}

/// <summary>A partner's own balance on the wire. Amounts are minor units of its currency.</summary>
/// <param name="Amount">What is posted.</param>
/// <param name="Held">What open authorisations hold of it.</param>
/// <param name="LowThreshold">When less than this is available, the partner is warned; null for never.</param>
/// <param name="Notify">Who is warned by e-mail too.</param>
internal sealed record PartnerBalanceView(
    Guid Id,
    Guid PartnerId,
    PartnerBalanceKind Kind,
    string Currency,
    long Amount,
    long Held,
    long Available,
    long? LowThreshold,
    IReadOnlyList<string> Notify,
    DateTimeOffset CreatedAt)
{
    public static PartnerBalanceView Of(PartnerBalance balance) => new(
        balance.Id,
        balance.PartnerId,
        balance.Kind,
        balance.Currency,
        balance.Posted,
        balance.Held,
        balance.Available,
        balance.LowThreshold,
        balance.Notify,
        balance.CreatedAt);
}
