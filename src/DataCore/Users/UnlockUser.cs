using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>Lets a locked user in again. One that is not locked stays as it is.</summary>
internal static class UnlockUser
{
    public static void MapUnlockUser(this IEndpointRouteBuilder users) =>
        users.MapPost("/{userId:guid}/unlock", Handle).AdmitsOperators(Role.Admin, Role.Manager).Produces<User>()
            .Refuses(UserProblems.NotFound());

    private static async Task<IResult> Handle(
        Guid userId, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, userId) is { } earlier)
        {
            return earlier;
        }
        var user = await work.FindUserForChange(userId, caller);
        if (user is null)
        {
            return UserProblems.NotFound();
        }
        if (user.Status == UserStatus.Active)
        {
            return await work.Answer(once, StatusCodes.Status200OK, user.For(caller));
        }

        await work.SaveUnlock(user.Id);
        work.Owe(new UserUnlocked(user.PartnerId!.Value, user.Id, clock.GetUtcNow()));
        return await work.Answer(once, StatusCodes.Status200OK, (user with { Status = UserStatus.Active }).For(caller));
    }
}
