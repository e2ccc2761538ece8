using Antaca.DataCore.Credentials;
using Antaca.DataCore.Installations;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Sessions;

/// <summary>
/// Begins a session for an installation that signs its challenge; with a PIN the user proves to be there as well. The
/// challenge works once, right or wrong. Who does not sign it holds no lock and leaves no entry in the audit trail: anybody can.
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
        if (!DeviceProof.Signs(await database.FindDeviceKey(request.InstallationId, cancel), request.Challenge, request.Signature))
        {
            await database.SpendChallenge(Token.HashOf(request.Challenge), request.InstallationId, cancel);
            return SessionProblems.LoginFailed();
        }
        using var turn = request.Pin is null ? null : await turns.Next(cancel);
        if (request.Pin is not null && turn is null)
        {
            return SlowHashTurns.Busy(response);
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindForLogin(request.InstallationId) is not { } installation
            || !await work.UseChallenge(Token.HashOf(request.Challenge), installation.Id, now))
        {
            return SessionProblems.LoginFailed();
        }
        Work.Audit(actor: $"user:{installation.UserId}", subject: $"installation:{installation.Id}", userId: installation.UserId, partnerId: installation.PartnerId);
        if (!installation.UserActive)
        {
            Work.Audit(outcome: "USER_LOCKED");
            await work.Commit();
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
