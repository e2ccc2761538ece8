using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>Answers the neighbours that decide about a user: active or not, and in which programme. Without a partner, any partner's: an operator asks.</summary>
internal static class GetUserFacts
{
    public static void MapGetUserFacts(this IEndpointRouteBuilder users) => users.MapGet("/{userId:guid}", Handle);

    private static async Task<Results<Ok<UserFacts>, ProblemHttpResult>> Handle(Guid userId, Guid? partnerId, NpgsqlDataSource database, CancellationToken cancel) =>
        await database.FindUserFacts(userId, partnerId, cancel) is { } facts ? TypedResults.Ok(facts) : UserProblems.NotFound();
}
