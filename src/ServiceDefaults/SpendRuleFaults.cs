using Antaca.Contracts.Requests;

namespace Antaca.ServiceDefaults;

/// <summary>What rules of spending may say: one judgement for a card's, which CardService keeps, and a programme's, which DataCore keeps.</summary>
public static class SpendRuleFaults
{
    public const int MaxLimits = 10;
    public const int MaxUses = 1_000_000;
    public const int MaxCodes = 200;
    public const int MaxMerchants = 50;

    /// <summary>Notes what is wrong with the rules; null are none.</summary>
    /// <param name="at">What stands before the names of their fields, such as <c>controls.</c></param>
    public static Faults UnlessSpendRules(this Faults faults, SpendRules? rules, string at = "") => faults
        .UnlessLimits(rules?.Limits ?? [], at + "limits")
        .UnlessAllowed(rules?.Mcc?.Allow, at + "mcc.allow", MaxCodes, MerchantFaults.IsMcc, "codes of four digits")
        .UnlessDenied(rules?.Mcc?.Deny, at + "mcc.deny", MaxCodes, MerchantFaults.IsMcc, "codes of four digits")
        .UnlessAllowed(rules?.Countries?.Allow, at + "countries.allow", MaxCodes, MerchantFaults.IsCountry, "codes of two capital letters")
        .UnlessDenied(rules?.Countries?.Deny, at + "countries.deny", MaxCodes, MerchantFaults.IsCountry, "codes of two capital letters")
        .UnlessAllowed(rules?.Merchants?.Allow, at + "merchants.allow", MaxMerchants, IsMid, $"ids of 1 to {MerchantFaults.MaxMidLength} characters");

    private static Faults UnlessLimits(this Faults faults, IReadOnlyList<LimitRule?> limits, string field)
    {
        if (limits.Count > MaxLimits)
        {
            return faults.Unless(false, field, $"must be {MaxLimits} at the most");
        }
        foreach (var (place, limit) in limits.Index())
        {
            var at = $"{field}[{place}]";
            faults
                .Unless(limit is not null && limit.Amount is null != limit.Uses is null, at, "must have an amount or uses, and not both")
                .Unless(limit?.Amount is null or (>= 1 and <= Money.MaxMinorUnits), at + ".amount", $"must be 1 to {Money.MaxMinorUnits}")
                .Unless(limit?.Uses is null or (>= 1 and <= MaxUses), at + ".uses", $"must be 1 to {MaxUses}")
                .Unless(limit is not { Uses: not null, Window: SpendWindow.Transaction }, at + ".window", "must be longer than a Transaction where uses are counted");
        }
        var kinds = limits.OfType<LimitRule>().GroupBy(limit => (limit.Window, Counts: limit.Uses is not null));
        return faults.Unless(kinds.All(kind => kind.Count() == 1), field, "must be one of each kind for a window at the most");
    }

    private static Faults UnlessAllowed(this Faults faults, IReadOnlyList<string?>? allowed, string field, int most, Func<string?, bool> isOne, string what) =>
        faults.Unless(allowed is null || (allowed.Count >= 1 && allowed.Count <= most && allowed.All(isOne)), field, $"must be 1 to {most} {what}");

    private static Faults UnlessDenied(this Faults faults, IReadOnlyList<string?>? denied, string field, int most, Func<string?, bool> isOne, string what) =>
        faults.Unless(denied is null || (denied.Count <= most && denied.All(isOne)), field, $"must be {most} {what} at the most");

    private static bool IsMid(string? mid) => mid is { Length: >= 1 and <= MerchantFaults.MaxMidLength } && !mid.Any(char.IsControl);
}
