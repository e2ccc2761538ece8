using System.Text.Json.Serialization;

namespace Antaca.Client;

/// <summary>What a day (UTC) came to for the balances of a programme that the partner holds itself. Amounts are minor units of <see cref="Currency"/>.</summary>
public sealed record Reconciliation
{
    public required Guid Id { get; init; }

    public required Guid PartnerId { get; init; }

    public required Guid ProgramId { get; init; }

    public required DateOnly Day { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    public required ReconciliationOutcome Outcome { get; init; }

    /// <summary>As the suite counts.</summary>
    public required DayFigures Ours { get; init; }

    /// <summary>As the partner's host does; null where it keeps no figures or was silent.</summary>
    public DayFigures? Theirs { get; init; }

    /// <summary>The members in which the two differ.</summary>
    public IReadOnlyList<string> Differences { get; init; } = [];

    /// <summary>Messages of that day that the host had not taken when the account was made.</summary>
    public required int Undelivered { get; init; }

    /// <summary>Authorisations of that day that the host did not answer.</summary>
    public required int Unavailable { get; init; }

    /// <summary>The partner's deposit when the account was made.</summary>
    public required DepositState Deposit { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What a day came to. A member that a host leaves out is null, and is not compared.</summary>
public sealed record DayFigures
{
    public long? AuthorizedCount { get; init; }
    public long? AuthorizedAmount { get; init; }
    public long? ClearedCount { get; init; }
    public long? ClearedAmount { get; init; }
    public long? ReversedCount { get; init; }
    public long? ReversedAmount { get; init; }
    public long? RefundedCount { get; init; }
    public long? RefundedAmount { get; init; }
}

/// <param name="Amount">What is posted.</param>
/// <param name="Held">What open authorisations hold of it.</param>
public sealed record DepositState(long Amount, long Held);

[JsonConverter(typeof(ByName<ReconciliationOutcome>))]
public enum ReconciliationOutcome
{
    /// <summary>An outcome of a later version of the suite.</summary>
    Unknown,
    Agreed,
    Differs,

    /// <summary>The host keeps no figures.</summary>
    NotGiven,

    /// <summary>The host was silent.</summary>
    Unanswered,
}
