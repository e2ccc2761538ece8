using Antaca.Contracts.Events;
using Antaca.DataCore.Sessions;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>Keeps a user out of the app and from new cards and balances; its sessions end, its cards go on. The same again changes nothing.</summary>
internal static class LockUser
{
    private const int MaxReasonLength = 256;

    internal sealed record Request(string? Reason = null);

    public static void MapLockUser(this IEndpointRouteBuilder users) =>
        users.MapPost("/{userId:guid}/lock", Handle).AdmitsOperators(Role.Admin, Role.Manager).Produces<User>()
            .Example(new Request("Asked for by the user"))
            .Refuses(UserProblems.NotFound());

    private static async Task<IResult> Handle(
        Guid userId, Request? request, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        request ??= new Request();
        if (request.Reason is not null && new Faults().UnlessLine(request.Reason, "reason", MaxReasonLength) is { Any: true } faults)
        {
            return faults.Problem();
        }

        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        var user = await work.FindUserForChange(userId, caller);
        if (user is null)
        {
            return UserProblems.NotFound();
        }
        if (user.Status == UserStatus.Locked)
        {
            return await work.Answer(once, StatusCodes.Status200OK, user.For(caller));
        }

        var now = clock.GetUtcNow();
        var locked = user with { Status = UserStatus.Locked };
        await work.SaveLock(user.Id, request.Reason, now);
        await work.EndSessionsOfUser(user.Id, "UserLocked", now);
        work.Owe(new UserLocked(user.PartnerId!.Value, user.Id, now));
        return await work.Answer(once, StatusCodes.Status200OK, locked.For(caller));
    }
}
