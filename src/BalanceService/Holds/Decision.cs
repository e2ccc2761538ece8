using System.Text.Json;
using System.Text.Json.Serialization;
using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Requests;

namespace Antaca.BalanceService.Holds;

/// <summary>
/// Everything that an authorisation is decided from. Kept with a decline, so that anybody can repeat the decision and come to
/// the same.
/// </summary>
internal sealed record DecisionInputs
{
    /// <summary>What the card said already.</summary>
    public DeclineReason? Card { get; init; }

    public required AccountState State { get; init; }

    /// <summary>Minor units of the balance's currency; null where there is no rate for what was asked.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required long? Amount { get; init; }

    /// <summary>Where the partner holds the balance: what it, or the rule that stands in for it, approved.</summary>
    public required long Available { get; init; }

    /// <summary>What the partner's own account behind the balance has left; null where there is none.</summary>
    public long? BackingAvailable { get; init; }

    public bool Partial { get; init; }

    /// <summary>Whether the programme's rule approved in the place of a partner's host that was silent.</summary>
    public bool? StandIn { get; init; }

    public IReadOnlyList<LimitInput> Limits { get; init; } = [];
}

/// <param name="Spent">Minor units in the window so far.</param>
/// <param name="Used">Authorisations in the window so far.</param>
internal sealed record LimitInput(string Rule, long? Amount, int? Uses, long Spent, int Used)
{
    public bool Leaves(long amount) => Uses is { } uses ? Used < uses : Spent <= Amount && amount <= Amount - Spent;
}

/// <summary>The answer to an authorisation, from nothing but its inputs.</summary>
/// <param name="Amount">What is approved, in minor units of the balance's currency.</param>
/// <param name="Rule">Which of several rules said no.</param>
internal sealed record Decision(string ActionCode, string Reason, string? Rule, long Amount)
{
    public const string ApprovedCode = "0000";
    public const string Approval = "APPROVED";

    private const string OtherCode = "1000";
    private const string NotSufficientCode = "1016";

    public bool Approved => ActionCode == ApprovedCode;

    /// <summary>
    /// A card that says no has the first word; then the balance must be open and the amount in a currency that it can be counted in;
    /// then the card's limits, the money on the balance and the partner's behind it must leave room for all of it, or, where
    /// less is of use, for some.
    /// </summary>
    public static Decision Of(DecisionInputs inputs)
    {
        if (inputs.Card is { } card)
        {
            return new Decision(card.ActionCode, card.Reason, card.Rule, 0);
        }
        if (inputs.State != AccountState.Open)
        {
            return No(OtherCode, "BALANCE_NOT_OPEN");
        }
        if (inputs.Amount is not { } amount)
        {
            return No(OtherCode, "CURRENCY_MISMATCH");
        }
        if (amount == 0)
        {
            return new Decision(ApprovedCode, Approval, null, 0);
        }

        var objection = Objection(inputs, amount);
        if (objection is null || !inputs.Partial)
        {
            return objection ?? new Decision(ApprovedCode, Approval, null, amount);
        }
        var some = Math.Min(amount, Math.Min(inputs.Available, inputs.BackingAvailable ?? long.MaxValue));
        foreach (var limit in inputs.Limits)
        {
            some = Math.Min(some, limit.Amount is { } most ? most - limit.Spent : limit.Leaves(amount) ? some : 0);
        }
        return some > 0 ? new Decision(ApprovedCode, Approval, null, some) : objection;
    }

    private static Decision? Objection(DecisionInputs inputs, long amount)
    {
        if (inputs.Limits.FirstOrDefault(limit => !limit.Leaves(amount)) is { } limit)
        {
            return No(OtherCode, "SPEND_LIMIT_EXCEEDED", limit.Rule);
        }
        if (amount > inputs.Available)
        {
            return No(NotSufficientCode, "INSUFFICIENT_FUNDS");
        }
        return amount > inputs.BackingAvailable ? No(OtherCode, "PARTNER_LIMIT") : null;
    }

    private static Decision No(string actionCode, string reason, string? rule = null) => new(actionCode, reason, rule, 0);
}

/// <summary>Why an authorisation was declined: which rule said no, and what it was decided from, to be read and to be repeated.</summary>
internal sealed record Explanation(string? Rule, DecisionInputs Inputs)
{
    public static string Written(Decision decision, DecisionInputs inputs) => JsonSerializer.Serialize(new Explanation(decision.Rule, inputs), BalanceJson.Kept.Explanation);

    public static Explanation Read(string kept) => JsonSerializer.Deserialize(kept, BalanceJson.Kept.Explanation)!;
}
