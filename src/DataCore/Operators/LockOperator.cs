using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>
/// Locks an operator until an Admin unlocks him, and ends his sessions and links. The same again changes nothing; a lock-out
/// that would end by itself becomes one that does not.
/// </summary>
internal static class LockOperator
{
    public static RouteHandlerBuilder MapLockOperator(this IEndpointRouteBuilder operators) =>
        operators.MapPost("/{operatorId:guid}/lock", Handle).Produces<OperatorView>()
            .Refuses(OperatorProblems.NotFound(), OperatorProblems.OwnAccount(), OperatorProblems.LastAdmin());

    private static async Task<IResult> Handle(
        Guid operatorId, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (operatorId == caller.OperatorId)
        {
            return OperatorProblems.OwnAccount();
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, operatorId) is { } earlier)
        {
            return earlier;
        }
        var admins = await work.HoldActiveAdmins(now);
        var found = await work.FindForChange(operatorId, now);
        if (found is null)
        {
            return OperatorProblems.NotFound();
        }
        if (found is { Status: OperatorStatus.Locked, LockedUntil: null })
        {
            return await work.Answer(once, StatusCodes.Status200OK, OperatorView.Of(found));
        }
        if (found.IsActiveAdmin && admins.Count == 1)
        {
            return OperatorProblems.LastAdmin();
        }

        var locked = found.Locked();
        await work.Save(locked);
        await work.EndLinks(found.Id, now);
        await work.EndChallenges(found.Id);
        await work.EndSessions(found.Id, "Locked", now);
        return await work.Answer(once, StatusCodes.Status200OK, OperatorView.Of(locked));
    }
}
