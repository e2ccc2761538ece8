using System.Text.Json.Serialization;
using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.RemoteBalances;

/// <summary>What a partner's host is asked: <c>POST {remoteUrl}/authorizations</c>.</summary>
/// <param name="TransactionId">The host's name for it from now on; as the X-Idempotency-Key, the same in every repeat.</param>
/// <param name="Amount">In the balance's currency.</param>
/// <param name="Partial">Whether less is of use.</param>
/// <param name="Advice">True where nothing is asked: this is what was approved in the host's place, whatever it made of the question itself.</param>
internal sealed record PartnerAuthorization(
    Guid TransactionId,
    string Type,
    string ExternalBalanceId,
    Guid CardId,
    Money Amount,
    Money? OriginalAmount,
    MerchantFacts Merchant,
    string Channel,
    DateTimeOffset TransmittedAt,
    bool Partial,
    bool Advice = false,
    Guid? AuthorizationId = null)
{
    public static PartnerAuthorization Of(DecideAuthorisation asked, Guid reference, RemoteBalance balance, long amount) => new(
        reference,
        asked.Type,
        balance.ExternalId,
        asked.CardId,
        Money.Of(amount, balance.Currency),
        asked.OriginalAmount is { } original ? Money.Of(original, asked.OriginalCurrency!) : asked.Currency == balance.Currency ? null : Money.Of(asked.Amount, asked.Currency),
        asked.Merchant,
        asked.EntryChannel,
        asked.TransmittedAt,
        asked.Partial);
}

/// <summary>What it answers.</summary>
/// <param name="Decision"><c>Approved</c> or <c>Declined</c>.</param>
/// <param name="Available">What the balance has left afterwards.</param>
/// <param name="ApprovedAmount">Where it is less than asked for.</param>
internal sealed record PartnerDecision(string Decision, Money Available, string? Reason = null, Money? ApprovedAmount = null);

/// <summary>What a balance comes to, minor units: <c>GET {remoteUrl}/balances/{externalBalanceId}</c>.</summary>
internal sealed record PartnerHeldBalance(string Currency, long Amount, long Held, long Available);

/// <summary>What became of a transaction: <c>POST {remoteUrl}/reversals</c>, <c>/clearings</c>, <c>/refunds</c>.</summary>
/// <param name="AuthorizationId">Our own name for the authorisation, as webhooks and lists have it; null where nothing was decided or none came before.</param>
internal sealed record PartnerNotice(Guid TransactionId, Guid? AuthorizationId, string ExternalBalanceId, Guid? CardId, DateTimeOffset OccurredAt)
{
    /// <summary>Null in a reversal: all of it.</summary>
    public Money? Amount { get; init; }

    /// <summary>What the authorisation still holds.</summary>
    public Money? Held { get; init; }

    public Money? OriginalAmount { get; init; }

    public MerchantView? Merchant { get; init; }

    public string? Reason { get; init; }

    /// <summary>What a refund gives back of, where that is known.</summary>
    public Guid? OriginalTransactionId { get; init; }
}

/// <summary>What a day came to, as we count it and as a host does. A member that the host leaves out is not compared.</summary>
internal sealed record DayFigures
{
    public long? AuthorizedCount { get; init; }
    public long? AuthorizedAmount { get; init; }
    public long? ClearedCount { get; init; }
    public long? ClearedAmount { get; init; }
    public long? ReversedCount { get; init; }
    public long? ReversedAmount { get; init; }
    public long? RefundedCount { get; init; }
    public long? RefundedAmount { get; init; }

    /// <summary>The members in which the host says something else, as the wire writes them.</summary>
    public IReadOnlyList<string> Differing(DayFigures theirs) =>
    [
        .. Members(theirs).Zip(Members(this)).Where(pair => pair.First.Value is { } said && said != pair.Second.Value).Select(pair => pair.First.Name),
    ];

    private static (string Name, long? Value)[] Members(DayFigures figures) =>
    [
        ("authorizedCount", figures.AuthorizedCount),
        ("authorizedAmount", figures.AuthorizedAmount),
        ("clearedCount", figures.ClearedCount),
        ("clearedAmount", figures.ClearedAmount),
        ("reversedCount", figures.ReversedCount),
        ("reversedAmount", figures.ReversedAmount),
        ("refundedCount", figures.RefundedCount),
        ("refundedAmount", figures.RefundedAmount),
    ];
}

/// <summary>Reads and writes what partners' hosts are told and say: the wire's own words, whatever the service's are.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PartnerAuthorization))]
[JsonSerializable(typeof(PartnerDecision))]
[JsonSerializable(typeof(PartnerHeldBalance))]
[JsonSerializable(typeof(PartnerNotice))]
[JsonSerializable(typeof(DayFigures))]
internal sealed partial class PartnerJson : JsonSerializerContext;
