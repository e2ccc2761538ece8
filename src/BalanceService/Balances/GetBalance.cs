using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.RemoteBalances;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>Shows a balance with its cards. What is on one that the partner holds, the partner's host is asked.</summary>
internal static class GetBalance
{
    public static void MapGetBalance(this IEndpointRouteBuilder balances) =>
        balances.MapGet("/{balanceId:guid}", Handle).AdmitsEveryOperator()
            .Refuses(BalanceProblems.NotFound(), BalanceProblems.PartnerHostUnavailable());

    private static async Task<Results<Ok<BalanceView>, ProblemHttpResult>> Handle(
        Guid balanceId,
        Caller caller,
        [FromKeyedServices("cardservice")] Peer cardService,
        Programmes programmes,
        PartnerHosts hosts,
        NpgsqlDataSource database,
        CancellationToken cancel)
    {
        var balance = await database.FindBalance(balanceId, caller, cancel);
        if (balance is null)
        {
            return BalanceProblems.NotFound();
        }

        var view = BalanceView.Of(balance);
        if (balance.Holder == BalanceHolder.Partner)
        {
            var held = (await programmes.Find(balance.ProgrammeId!.Value, cancel))?.RemoteUrl is { } remoteUrl
                ? (await hosts.Get(remoteUrl, $"/balances/{balance.ExternalId}", PartnerJson.Default.PartnerHeldBalance)).Value
                : null;
            if (held is null || held.Currency != balance.Currency)
            {
                return BalanceProblems.PartnerHostUnavailable();
            }
            view = view with { Amount = held.Amount, Held = held.Held, Available = held.Available };
        }
        var cards = await cardService.Get<CardsOfBalance>($"/internal/balances/{balanceId}/cards?partnerId={balance.PartnerId}&userId={balance.UserId}", cancel);
        return TypedResults.Ok(view with { Cards = cards.ValueOrNothing?.Items ?? [] });
    }
}
