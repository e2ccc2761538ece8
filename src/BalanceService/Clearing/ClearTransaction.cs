using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.Clearing;

/// <summary>
/// Posts what the scheme takes: as much as was authorised, less or more, at once or in several clearings, or without an
/// authorisation. The same transaction id hears the same again.
/// </summary>
internal static class ClearTransaction
{
    public static void MapClearTransaction(this IEndpointRouteBuilder clearings) => clearings.MapPost("/", Handle)
        .WithSummary("Clears a transaction")
        .WithDescription("Names the authorisation it belongs to by authorizationId. final (true where it is left out) lets go of what is left of the hold; several clearings say false but the last.")
        .Example(new ClearingRecord("4711-20261127-000007", ExampleIds.Card, Money.Of(1_999, "PLN"), new MerchantView("500123", "Księgarnia Poczytna", "5942", "PL"), ExampleIds.Authorization))
        .Produces<ClearingView>()
        .Refuses(AuthorisationProblems.CardNotFound(), AuthorisationProblems.NotFound(), AuthorisationProblems.TransactionIdReused(), AuthorisationProblems.CurrencyMismatch("PLN"), BalanceProblems.LimitExceeded());

    private static async Task<IResult> Handle(ClearingRecord request, Caller caller, Clearings clearings, CancellationToken cancel)
    {
        var faults = FaultsOf(request);
        return faults.Any ? faults.Problem() : Answer(await clearings.Clear(request, caller.Processor!, cancel));
    }

    public static Faults FaultsOf(ClearingRecord record) => new Faults()
        .UnlessLine(record.TransactionId, "transactionId", AuthorisationProblems.MaxTransactionIdLength)
        .Unless(record.Amount.Amount > 0, "amount", "must be more than zero")
        .Unless(record.OriginalAmount is null or { Amount: > 0 }, "originalAmount", "must be more than zero")
        .UnlessMerchant(record.Merchant.Mid, record.Merchant.Name, record.Merchant.Mcc, record.Merchant.Country);

    public static IResult Answer(ClearingOutcome outcome) => outcome.Kind switch
    {
        ClearingKind.Posted => HoldView.Kept(outcome.Answer!),
        ClearingKind.CardNotFound => AuthorisationProblems.CardNotFound(),
        ClearingKind.AuthorizationNotFound => AuthorisationProblems.NotFound(),
        ClearingKind.TransactionIdReused => AuthorisationProblems.TransactionIdReused(),
        ClearingKind.CurrencyMismatch => AuthorisationProblems.CurrencyMismatch("another one"),
        ClearingKind.LimitExceeded => BalanceProblems.LimitExceeded(),
        _ => throw new InvalidOperationException("A clearing ended in no way that there is."),
    };
}
