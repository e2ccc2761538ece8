using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.RemoteBalances;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Holds;

/// <summary>
/// Decides an authorisation and holds the money of an approved one. The processor's transaction is decided once: asked
/// again, it gets the answer it got.
/// </summary>
internal static class Authorise
{
    private const int MaxHoldLifetimeDays = 60;
    private const int MaxIdLength = 100;
    private const int MaxNameLength = 200;
    private const int MaxCodeLength = 50;
    private const int MaxLimits = 32;
    private const int MaxInputs = 16;

    public static void MapAuthorise(this IEndpointRouteBuilder authorisations) => authorisations.MapPost("/", Handle);

    private static async Task<Results<Ok<AuthorisationDecided>, ProblemHttpResult>> Handle(DecideAuthorisation asked, HoldEngine engine, AskPartner askPartner)
    {
        var faults = FaultsOf(asked);
        if (faults.Any)
        {
            return faults.Problem();
        }

        var decided = await engine.Decide(asked);
        if (decided.Kind == DecidedKind.PartnerFirst)
        {
            decided = await askPartner.Decide(asked);
        }
        return decided.Kind switch
        {
            DecidedKind.Answered => TypedResults.Ok(decided.Answer!.Answer()),
            DecidedKind.BalanceNotFound => BalanceProblems.NotFound(),
            DecidedKind.TransactionIdReused => AuthorisationProblems.TransactionIdReused(),
            DecidedKind.Busy => AuthorisationProblems.LedgerBusy(),
            _ => throw new InvalidOperationException("An authorisation ended in no way that there is."),
        };
    }

    private static Faults FaultsOf(DecideAuthorisation asked)
    {
        var faults = new Faults()
            .Unless(asked.Type is nameof(TransactionType.Purchase) or nameof(TransactionType.Cash) or nameof(TransactionType.Verification), "type", "must be Purchase, Cash or Verification")
            .Unless(asked.Amount is >= 0 and <= Money.MaxMinorUnits, "amount", $"must be 0 to {Money.MaxMinorUnits}")
            .Unless(asked.Type != nameof(TransactionType.Verification) || asked.Amount == 0, "amount", "must be zero for a Verification")
            .Unless(Currencies.Known(asked.Currency), "currency", "is not an active ISO 4217 currency")
            .UnlessLine(asked.Processor, "processor", MaxIdLength)
            .UnlessLine(asked.TransactionId, "transactionId", MaxIdLength)
            .UnlessLine(asked.EntryChannel, "entryChannel", MaxCodeLength)
            .UnlessLine(asked.Merchant.Mid, "merchant.mid", MaxIdLength)
            .UnlessLine(asked.Merchant.Name, "merchant.name", MaxNameLength)
            .UnlessLine(asked.Merchant.Mcc, "merchant.mcc", MaxCodeLength)
            .UnlessLine(asked.Merchant.Country, "merchant.country", MaxCodeLength);
        var limits = asked.Limits ?? [];
        faults
            .Unless(asked.OriginalAmount is null == asked.OriginalCurrency is null, "originalAmount", "goes with originalCurrency")
            .Unless(asked.OriginalAmount is null or (>= 0 and <= Money.MaxMinorUnits), "originalAmount", $"must be 0 to {Money.MaxMinorUnits}")
            .Unless(asked.OriginalCurrency is null || Currencies.Known(asked.OriginalCurrency), "originalCurrency", "is not an active ISO 4217 currency")
            .Unless(asked.HoldLifetimeDays is >= 1 and <= MaxHoldLifetimeDays, "holdLifetimeDays", $"must be 1 to {MaxHoldLifetimeDays}")
            .Unless(TimeZoneInfo.TryFindSystemTimeZoneById(asked.TimeZone, out _), "timeZone", "is not the name of a time zone")
            .Unless(limits.Count <= MaxLimits, "limits", $"must be no more than {MaxLimits}")
            .Unless(limits.All(limit => SpendWindow.Names.Contains(limit.Window)), "limits.window", "is not a window of spending")
            .Unless(limits.All(limit => limit is { Amount: >= 0, Uses: null } or { Amount: null, Uses: >= 0 }), "limits.amount", "or uses must be given, and not be negative");
        foreach (var limit in limits)
        {
            faults.UnlessLine(limit.Rule, "limits.rule", MaxCodeLength);
        }
        if (asked.Decline is not { } said)
        {
            return faults;
        }
        faults
            .Unless(said.ActionCode != Decision.ApprovedCode, "decline.actionCode", "is not a decline's")
            .UnlessLine(said.ActionCode, "decline.actionCode", MaxCodeLength)
            .UnlessLine(said.Reason, "decline.reason", MaxCodeLength)
            .Unless(said.Inputs is null || said.Inputs.Count <= MaxInputs, "decline.inputs", $"must be no more than {MaxInputs}");
        if (said.Rule is not null)
        {
            faults.UnlessLine(said.Rule, "decline.rule", MaxCodeLength);
        }
        foreach (var (name, value) in said.Inputs ?? new Dictionary<string, string>())
        {
            faults.UnlessLine(name, "decline.inputs", MaxCodeLength).UnlessLine(value, "decline.inputs", MaxNameLength);
        }
        return faults;
    }
}
