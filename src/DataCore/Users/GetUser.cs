using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>Shows a user to its partner.</summary>
internal static class GetUser
{
    public static void MapGetUser(this IEndpointRouteBuilder users) => users.MapGet("/{userId:guid}", Handle);

    private static async Task<Results<Ok<User>, ProblemHttpResult>> Handle(Guid userId, Caller caller, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.FindUser(userId, caller.PartnerId, cancel) is { } user ? TypedResults.Ok(user) : UserProblems.NotFound();
}
