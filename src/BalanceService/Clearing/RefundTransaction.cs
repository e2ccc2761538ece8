using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.Clearing;

/// <summary>Posts what the scheme gives back, with the authorisation it belongs to or without one. The same transaction id hears the same again.</summary>
internal static class RefundTransaction
{
    /// <param name="AuthorizationId">What is given back of it no longer counts against the card's limits.</param>
    internal sealed record Request(string TransactionId, Guid CardId, Money Amount, MerchantView Merchant, Guid? AuthorizationId = null, Money? OriginalAmount = null);

    public static void MapRefundTransaction(this IEndpointRouteBuilder refunds) => refunds.MapPost("/", Handle)
        .WithSummary("Refunds a transaction")
        .Example(new Request("4711-20261129-000003", ExampleIds.Card, Money.Of(1_999, "PLN"), new MerchantView("500123", "Księgarnia Poczytna", "5942", "PL")))
        .Produces<ClearingView>()
        .Refuses(AuthorisationProblems.CardNotFound(), AuthorisationProblems.NotFound(), AuthorisationProblems.TransactionIdReused(), AuthorisationProblems.CurrencyMismatch("PLN"), BalanceProblems.LimitExceeded());

    private static async Task<IResult> Handle(Request request, Caller caller, Clearings clearings, CancellationToken cancel)
    {
        var record = new ClearingRecord(request.TransactionId, request.CardId, request.Amount, request.Merchant, request.AuthorizationId, request.OriginalAmount);
        var faults = ClearTransaction.FaultsOf(record);
        return faults.Any ? faults.Problem() : ClearTransaction.Answer(await clearings.Refund(record, caller.Processor!, cancel));
    }
}
