using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>Changes what the request names of a user and leaves the rest. The user itself may change how it is reached, its partner everything.</summary>
internal static class UpdateUser
{
    internal sealed record OwnRequest(string? Email = null, string? Phone = null, Address? Address = null)
    {
        /// <summary>Prints nothing personal.</summary>
        public override string ToString() => "***";
    }

    public static void MapUpdateUser(this IEndpointRouteBuilder users)
    {
        users.MapPatch("/{userId:guid}", Handle).Example(new { email = "anna.nowak@example.com" }).Refuses(UserProblems.NotFound(), UserProblems.Exists());
        users.MapPatch("/me", HandleOwn).Admits(Channel.Customers).Example(new { phone = "+48221234569" }).Refuses(UserProblems.Exists());
    }

    private static Task<Results<Ok<User>, ProblemHttpResult>> HandleOwn(
        OwnRequest request, Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel) =>
        Handle(caller.UserId ?? Guid.Empty, new UserFields(request.Phone, request.Email, Address: request.Address), caller, database, clock, cancel);

    private static async Task<Results<Ok<User>, ProblemHttpResult>> Handle(
        Guid userId, UserFields request, Caller caller, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (request.FaultsOn(DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime)) is { Any: true } faults)
        {
            return faults.Problem();
        }

        await using var work = await Work.Begin(database, cancel);
        var user = await work.FindUserForChange(userId, caller);
        if (user is null)
        {
            return UserProblems.NotFound();
        }
        var changed = request.On(user);
        if (changed == user)
        {
            return TypedResults.Ok(user.For(caller));
        }
        if (!await work.SaveFields(changed))
        {
            return UserProblems.Exists();
        }
        await work.Commit();
        return TypedResults.Ok(changed.For(caller));
    }
}
