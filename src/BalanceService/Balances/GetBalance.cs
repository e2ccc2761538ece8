using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>Shows a balance with its cards.</summary>
internal static class GetBalance
{
    public static void MapGetBalance(this IEndpointRouteBuilder balances) =>
        balances.MapGet("/{balanceId:guid}", Handle).AdmitsEveryOperator()
            .Refuses(BalanceProblems.NotFound());

    private static async Task<Results<Ok<BalanceView>, ProblemHttpResult>> Handle(
        Guid balanceId, Caller caller, [FromKeyedServices("cardservice")] Peer cardService, NpgsqlDataSource database, CancellationToken cancel)
    {
        var balance = await database.FindBalance(balanceId, caller, cancel);
        if (balance is null)
        {
            return BalanceProblems.NotFound();
        }

        var cards = await cardService.Get<CardsOfBalance>($"/internal/balances/{balanceId}/cards?partnerId={balance.PartnerId}&userId={balance.UserId}", cancel);
        return TypedResults.Ok(BalanceView.Of(balance) with { Cards = cards.ValueOrNothing?.Items ?? [] });
    }
}
