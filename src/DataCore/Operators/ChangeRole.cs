using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>Gives an operator another role; his sessions, which were begun in the former one, end. The same again changes nothing.</summary>
internal static class ChangeRole
{
    internal sealed record Request(Role Role);

    public static RouteHandlerBuilder MapChangeRole(this IEndpointRouteBuilder operators) =>
        operators.MapPut("/{operatorId:guid}/role", Handle)
            .Example(new Request(Role.Manager))
            .Refuses(OperatorProblems.NotFound(), OperatorProblems.OwnAccount(), OperatorProblems.LastAdmin());

    private static async Task<Results<Ok<OperatorView>, ProblemHttpResult>> Handle(
        Guid operatorId, Request request, Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (!Operator.MayGive(caller.Role!.Value, request.Role))
        {
            return OperatorProblems.RoleTooHigh();
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        var admins = await work.HoldActiveAdmins(now);
        var found = await work.FindForChange(operatorId, now);
        if (found is null)
        {
            return OperatorProblems.NotFound();
        }
        if (found.Role == request.Role)
        {
            return TypedResults.Ok(OperatorView.Of(found));
        }
        if (found.IsActiveAdmin && admins.Count == 1)
        {
            return OperatorProblems.LastAdmin();
        }

        var changed = found with { Role = request.Role };
        await work.Save(changed);
        await work.EndSessions(found.Id, "RoleChanged", now);
        await work.Commit();
        return TypedResults.Ok(OperatorView.Of(changed));
    }
}
