using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>Lets a locked operator back in, whoever or whatever locked him, with all his tries. One who is not locked stays as he is.</summary>
internal static class UnlockOperator
{
    public static RouteHandlerBuilder MapUnlockOperator(this IEndpointRouteBuilder operators) =>
        operators.MapPost("/{operatorId:guid}/unlock", Handle).Produces<OperatorView>()
            .Refuses(OperatorProblems.NotFound());

    private static async Task<IResult> Handle(
        Guid operatorId, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, operatorId) is { } earlier)
        {
            return earlier;
        }
        var found = await work.FindForChange(operatorId, clock.GetUtcNow());
        if (found is null)
        {
            return OperatorProblems.NotFound();
        }
        if (found.Status != OperatorStatus.Locked)
        {
            return await work.Answer(once, StatusCodes.Status200OK, OperatorView.Of(found));
        }

        var unlocked = found.Unlocked();
        await work.Save(unlocked);
        return await work.Answer(once, StatusCodes.Status200OK, OperatorView.Of(unlocked));
    }
}
