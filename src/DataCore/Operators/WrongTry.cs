using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Operators;

/// <summary>Counts a wrong password or code. The last try locks the operator out, and ends whatever he has open.</summary>
internal static class WrongTry
{
    public static async Task<ProblemHttpResult> Refuse(Work work, Operator held, DateTimeOffset now)
    {
        var tried = held.WithWrongTry(now);
        await work.Save(tried);
        if (tried.Status == OperatorStatus.Locked)
        {
            await work.EndChallenges(tried.Id);
            await work.EndSessions(tried.Id, "Locked", now);
        }
        Work.Audit(tried.AuditName, tried.AuditName, tried.Status == OperatorStatus.Locked ? OperatorProblems.LockedOutCode : OperatorProblems.LoginFailedCode);
        await work.Commit();
        return OperatorProblems.LoginFailed();
    }
}
