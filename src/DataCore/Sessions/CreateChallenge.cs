using Antaca.DataCore.Credentials;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Sessions;

/// <summary>Gives an installation something to sign, once and within a minute. An installation that is not there hears the same.</summary>
internal static class CreateChallenge
{
    private const int LifeSeconds = 60;

    internal sealed record Request(Guid InstallationId);

    internal sealed record Answer(string Challenge, DateTimeOffset ExpiresAt);

    public static void MapCreateChallenge(this IEndpointRouteBuilder sessions) =>
        sessions.MapPost("/challenge", Handle).AdmitsAnybody(Channel.Customers)
            .Example(new Request(ExampleIds.Installation));

    private static async Task<Ok<Answer>> Handle(Request request, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var challenge = Token.New();
        var now = clock.GetUtcNow();
        var expiresAt = now.AddSeconds(LifeSeconds);
        await database.AddChallenge(challenge.Hash, request.InstallationId, now, expiresAt, cancel);
        return TypedResults.Ok(new Answer(challenge.Reveal(), expiresAt));
    }
}
