using Antaca.DataCore.Credentials;
using Antaca.DataCore.Vault;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>
/// Judges the second factor and begins a session. The challenge gives one session at most, a code's time step works once,
/// and a wrong code counts as a wrong password does.
/// </summary>
internal static class VerifySecondFactor
{
    private const int SessionHours = 12;
    private const int SessionsKeptDays = 30;

    internal sealed record Request(string Challenge, string Code)
    {
        /// <summary>Never prints the code.</summary>
        public override string ToString() => "***";
    }

    internal sealed record Answer(string Token, DateTimeOffset ExpiresAt, OperatorView Operator)
    {
        /// <summary>Never prints the token.</summary>
        public override string ToString() => "***";
    }

    public static RouteHandlerBuilder MapVerifySecondFactor(this IEndpointRouteBuilder sessions) =>
        sessions.MapPost("/verify", Handle).Produces<Answer>(201)
            .Example(new Request("iIcTYPs7TyvZ3KqHAfEpxRWlfhzXwQhrUn0RkYV6Jmk", "287082"))
            .Refuses(OperatorProblems.LoginFailed());

    private static async Task<IResult> Handle(Request request, Hsm hsm, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (!SecondFactor.IsCode(request.Code))
        {
            return Problems.Invalid("code", $"must be {SecondFactor.Digits} digits");
        }

        var now = clock.GetUtcNow();
        var challenge = Token.HashOf(request.Challenge);
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindChallenged(challenge, now) is not { } operatorId)
        {
            return OperatorProblems.LoginFailed();
        }
        var found = await work.FindForChange(operatorId, now);
        // Looked for again now that the operator is held: a challenge that another call has just used counts no wrong try.
        if (found is not { MayLogIn: true } || await work.FindChallenged(challenge, now) is null)
        {
            return OperatorProblems.LoginFailed();
        }
        if (!SecondFactor.Accepts(hsm.OpenOperatorSecret(found.Id, found.TotpSecret), request.Code, now, found.TotpStep, out var step))
        {
            return await WrongTry.Refuse(work, found, now);
        }

        await work.EndChallenges(found.Id);
        var token = Token.New();
        var sessionId = Guid.CreateVersion7(now);
        var expiresAt = now.AddHours(SessionHours);
        await work.Save(found.LoggedIn(step));
        await work.AddSession(sessionId, token.Hash, found.Id, now, expiresAt, now.AddDays(-SessionsKeptDays));
        Work.Audit(actor: found.AuditName, subject: $"operatorSession:{sessionId}");
        await work.Commit();
        return TypedResults.Json(new Answer(token.Reveal(), expiresAt, OperatorView.Of(found)), statusCode: StatusCodes.Status201Created);
    }
}
