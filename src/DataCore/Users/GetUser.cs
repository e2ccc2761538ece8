using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>Shows a user to itself, to its partner and to operators. A deleted one is there for operators alone.</summary>
internal static class GetUser
{
    public static void MapGetUser(this IEndpointRouteBuilder users)
    {
        users.MapGet("/{userId:guid}", Handle).AdmitsEveryOperator().Refuses(UserProblems.NotFound());
        users.MapGet("/me", HandleOwn).Admits(Channel.Customers);
    }

    private static Task<Results<Ok<User>, ProblemHttpResult>> HandleOwn(Caller caller, NpgsqlDataSource database, CancellationToken cancel) =>
        Handle(caller.UserId ?? Guid.Empty, caller, database, cancel);

    private static async Task<Results<Ok<User>, ProblemHttpResult>> Handle(Guid userId, Caller caller, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.FindUser(userId, caller, cancel) is { } user ? TypedResults.Ok(user.For(caller)) : UserProblems.NotFound();
}
