using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.Ledger;

internal enum AccountKind
{
    /// <summary>A user's balance. What is available of it never falls below zero.</summary>
    User,

    /// <summary>What a partner keeps here. Differences between what was authorised and what was cleared go to it.</summary>
    Partner,

    /// <summary>What a partner's cards may spend in all where its users' balances are held here. Never below zero.</summary>
    Credit,

    /// <summary>The same where the partner holds the balances itself. Never below zero.</summary>
    Deposit,

    /// <summary>Where a partner's money comes from: as far below zero as the partner has put in.</summary>
    Funding,

    /// <summary>What the schemes get.</summary>
    Settlement,

    /// <summary>What is charged.</summary>
    Fees,
}

/// <summary>Who keeps the money of a balance.</summary>
internal enum BalanceHolder
{
    Platform,
    Partner,
}

internal enum AccountState
{
    Open,
    Blocked,
    Closed,
}

/// <summary>A place where money is. Its row in the database moves with its entries and holds, and only so.</summary>
internal sealed record Account
{
    /// <summary>The most a user's balance may come to, in minor units: exact in every JSON reader.</summary>
    public const long MaxUserPosted = Money.MaxMinorUnits;

    /// <summary>The furthest from zero that any account may come, in minor units; the table has the same bound.</summary>
    public const long MaxPosted = 4_000_000_000_000_000_000;

    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required AccountKind Kind { get; init; }
    public Guid? UserId { get; init; }
    public Guid? ProgrammeId { get; init; }
    public required string Currency { get; init; }
    public required AccountState State { get; init; }
    public required long Posted { get; init; }
    public required long Held { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Where the partner holds the money of a balance itself, nothing is posted or held on it here.</summary>
    public BalanceHolder Holder { get; init; }

    /// <summary>What the partner calls a balance that it holds itself.</summary>
    public string? ExternalId { get; init; }

    /// <summary>A partner's own account that nobody has asked for yet is there, and is shown to nobody.</summary>
    public bool Opened { get; init; } = true;

    public long Available => Posted - Held;

    /// <summary>Whether the account still counts exactly when it gets <paramref name="amount"/> (gives it, when negative).</summary>
    public bool MayPost(long amount) => Math.Abs(Posted + amount) <= (Kind == AccountKind.User ? MaxUserPosted : MaxPosted);
}
