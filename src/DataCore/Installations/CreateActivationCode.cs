using Antaca.DataCore.Credentials;
using Antaca.DataCore.Users;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Installations;

/// <summary>Gives the partner a code for one of its users, to deliver it its own way. A new code ends the former.</summary>
internal static class CreateActivationCode
{
    internal sealed record Answer(string ActivationCode, DateTimeOffset ExpiresAt)
    {
        /// <summary>Never prints the code.</summary>
        public override string ToString() => "***";
    }

    public static void MapCreateActivationCode(this IEndpointRouteBuilder users) =>
        users.MapPost("/{userId:guid}/activation-codes", Handle).Produces<Answer>(201)
            .Refuses(UserProblems.NotFound(), InstallationProblems.UserLocked(), Problems.OfStatus(429));

    private static async Task<IResult> Handle(
        Guid userId, Caller caller, SlowHash slow, SlowHashTurns turns, HttpResponse response, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        using var turn = await turns.Next(cancel);
        if (turn is null)
        {
            return SlowHashTurns.Busy(response);
        }

        var now = clock.GetUtcNow();
        var code = ActivationCodes.New();
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindUserForChange(userId, caller) is not { } user)
        {
            return UserProblems.NotFound();
        }
        if (user.Status == UserStatus.Locked)
        {
            return InstallationProblems.UserLocked();
        }
        if (await work.CountCodes(user.Id, now.AddHours(-1)) >= ActivationCodes.MaxAnHour)
        {
            response.Headers.RetryAfter = "3600";
            return Problems.OfStatus(StatusCodes.Status429TooManyRequests);
        }
        await work.ReplaceCode(Guid.CreateVersion7(now), user.Id, slow.Hash(ActivationCodes.Purpose, code), now);
        await work.Commit();
        return TypedResults.Json(new Answer(code, now.AddMinutes(ActivationCodes.LifeMinutes)), statusCode: StatusCodes.Status201Created);
    }
}
