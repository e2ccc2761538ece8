using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.CardService.Issuing;

/// <summary>What every new card needs, of whatever kind: an active, verified user and an open balance in the programme's currency.</summary>
internal sealed class IssueGates(
    [FromKeyedServices("datacore")] Peer dataCore,
    [FromKeyedServices("kycservice")] Peer kycService,
    [FromKeyedServices("balanceservice")] Peer balanceService)
{
    /// <summary>Asks those who know, at once. The caller's user, or why there will be no card.</summary>
    public async Task<(UserFacts? User, ProblemHttpResult? Refusal)> Pass(Caller caller, Guid balanceId, CancellationToken cancel)
    {
        var userAsked = dataCore.Get<UserFacts>(caller.IsOperator ? $"/internal/users/{caller.UserId}" : $"/internal/users/{caller.UserId}?partnerId={caller.PartnerId}", cancel);
        // Whose an operator's customer is, DataCore alone knows; everybody else is told at once.
        var partnerId = caller.IsOperator ? (await userAsked).ValueOrNothing?.PartnerId : caller.PartnerId;
        if (partnerId is null)
        {
            return (null, CardProblems.UserNotFound());
        }
        var kycAsked = kycService.Get<KycFacts>($"/internal/decisions/{caller.UserId}?partnerId={partnerId}", cancel);
        var balanceAsked = balanceService.Get<BalanceFacts>($"/internal/balances/{balanceId}?partnerId={partnerId}&userId={caller.UserId}", cancel);
        await Task.WhenAll(userAsked, kycAsked, balanceAsked);
        if ((await userAsked).ValueOrNothing is not { } user)
        {
            return (null, CardProblems.UserNotFound());
        }
        if (!user.Active)
        {
            return (null, CardProblems.UserLocked());
        }
        if ((await kycAsked).ValueOrNothing is not { Status: "Accepted" })
        {
            return (null, CardProblems.KycRequired());
        }
        if ((await balanceAsked).ValueOrNothing is not { } balance)
        {
            return (null, CardProblems.BalanceNotFound());
        }
        if (!balance.Open)
        {
            return (null, CardProblems.BalanceNotOpen());
        }
        return balance.Currency == user.Programme.Currency
            ? (user, null)
            : (null, CardProblems.BalanceCurrencyMismatch(balance.Currency, user.Programme.Currency));
    }
}
