using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.BalanceService.Balances;

internal static class BalanceStates
{
    /// <summary>Blocks a balance or opens it again, and commits; one that is so already stays as it is, and one that is closed stays closed.</summary>
    public static async Task<Results<Ok<BalanceView>, ProblemHttpResult>> ChangeState(this Work work, Guid balanceId, Caller caller, AccountState state, DateTimeOffset now)
    {
        if (await work.FindForChange(balanceId, caller) is not { } balance)
        {
            return BalanceProblems.NotFound();
        }
        if (balance.State == AccountState.Closed)
        {
            return BalanceProblems.Closed();
        }
        Work.Audit(userId: balance.UserId, partnerId: balance.PartnerId);
        if (balance.State != state)
        {
            await work.SaveState(balance.Id, balance.PartnerId, state);
            work.Owe(new BalanceStateChanged(balance.PartnerId, balance.UserId!.Value, balance.Id, state.ToString(), now));
        }
        await work.Commit();
        return TypedResults.Ok(BalanceView.Of(balance with { State = state }));
    }
}
