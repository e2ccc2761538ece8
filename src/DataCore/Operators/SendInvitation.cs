using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>
/// Sends an operator a new invitation: because the first expired, or because password and second factor are lost. What he
/// has works until he accepts it.
/// </summary>
internal static class SendInvitation
{
    public static RouteHandlerBuilder MapSendInvitation(this IEndpointRouteBuilder operators) =>
        operators.MapPost("/{operatorId:guid}/invitation", Handle).Produces<OperatorView>(202)
            .Refuses(OperatorProblems.NotFound(), OperatorProblems.RoleTooHigh(), OperatorProblems.Locked());

    private static async Task<IResult> Handle(
        Guid operatorId, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, operatorId) is { } earlier)
        {
            return earlier;
        }
        var found = await work.FindForChange(operatorId, now);
        if (found is null)
        {
            return OperatorProblems.NotFound();
        }
        if (!Operator.MayGive(caller.Role!.Value, found.Role))
        {
            return OperatorProblems.RoleTooHigh();
        }
        if (!found.MayUse(LinkKind.Invitation))
        {
            return OperatorProblems.Locked();
        }

        work.Owe(new OperatorInvited(found.Id, now));
        return await work.Answer(once, StatusCodes.Status202Accepted, OperatorView.Of(found));
    }
}
