using Antaca.DataCore.Credentials;
using Antaca.DataCore.Installations;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Sessions;

/// <summary>
/// Begins a session for an installation that signs its challenge; with a PIN the user proves to be there as well. The
/// challenge works once, right or wrong.
/// </summary>
internal static class StartSession
{
    internal sealed record Request(Guid InstallationId, string Challenge, string Signature, string? Pin = null)
    {
        /// <summary>Never prints the PIN.</summary>
        public override string ToString() => $"login of {InstallationId}";
    }

    internal sealed record Answer(string Token, DateTimeOffset ExpiresAt)
    {
        /// <summary>Never prints the token.</summary>
        public override string ToString() => "***";
    }

    public static void MapStartSession(this IEndpointRouteBuilder sessions) =>
        sessions.MapPost("/", Handle).AdmitsAnybody(Channel.Customers).Produces<Answer>(201)
            .Example(new Request(ExampleIds.Installation, "iIcTYPs7TyvZ3KqHAfEpxRWlfhzXwQhrUn0RkYV6Jmk", new string('A', 86), "2580"))
            .Refuses(SessionProblems.LoginFailed(), SessionProblems.WrongPin(4), SessionProblems.InstallationEnded(), InstallationProblems.UserLocked(), Problems.OfStatus(429));

    private static async Task<IResult> Handle(
        Request request, SlowHash slow, SlowHashTurns turns, HttpResponse response, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (request.Pin is not null && !Installation.IsPin(request.Pin))
        {
            return Problems.Invalid("pin", "must be 4 to 12 digits");
        }
        var signs = DeviceProof.Signs(await database.FindDeviceKey(request.InstallationId, cancel), request.Challenge, request.Signature);
        using var turn = request.Pin is null || !signs ? null : await turns.Next(cancel);
        if (turn is { IsAcquired: false })
        {
            response.Headers.RetryAfter = "1";
            return Problems.OfStatus(StatusCodes.Status429TooManyRequests);
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        var installation = await work.FindForLogin(request.InstallationId);
        if (installation is null)
        {
            return SessionProblems.LoginFailed();
        }
        Work.Audit(actor: $"user:{installation.UserId}", subject: $"installation:{installation.Id}", userId: installation.UserId, partnerId: installation.PartnerId);
        var unused = await work.UseChallenge(Token.HashOf(request.Challenge), installation.Id, now);
        if (!signs || !unused)
        {
            Work.Audit(outcome: "LOGIN_FAILED");
            await work.Commit();
            return SessionProblems.LoginFailed();
        }
        if (!installation.UserActive)
        {
            return InstallationProblems.UserLocked();
        }
        if (request.Pin is { } pin && await work.JudgePin(installation, pin, slow, now) is { } refusal)
        {
            return refusal;
        }

        await work.SavePinTries(installation.Id, request.Pin is null ? installation.WrongPins : 0, now);
        var session = await work.BeginSession(installation.PartnerId, installation.UserId, installation.Id, installation.SessionMinutes, installation.IdleMinutes, now);
        await work.Commit();
        return TypedResults.Json(new Answer(session.Token.Reveal(), session.ExpiresAt), statusCode: StatusCodes.Status201Created);
    }
}
