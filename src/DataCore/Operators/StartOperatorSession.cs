using Antaca.DataCore.Credentials;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>
/// Judges the first factor. The right password gives a challenge for the second; anything else, and anybody whom there is
/// not, hears the same after the same time.
/// </summary>
internal static class StartOperatorSession
{
    private const int ChallengeMinutes = 5;

    internal sealed record Request(string Email, string Password)
    {
        /// <summary>Never prints the password.</summary>
        public override string ToString() => "***";
    }

    internal sealed record Answer(string Challenge, DateTimeOffset ExpiresAt)
    {
        /// <summary>Never prints the challenge.</summary>
        public override string ToString() => "***";
    }

    public static RouteHandlerBuilder MapStartOperatorSession(this IEndpointRouteBuilder sessions) =>
        sessions.MapPost("/", Handle)
            .Example(new Request("operator@example.com", "seven quiet rivers under snow"))
            .Refuses(OperatorProblems.LoginFailed(), Problems.OfStatus(429));

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Handle(
        Request request, HttpResponse response, LoginLimits limits, SlowHash slow, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var faults = new Faults()
            .UnlessLine(request.Email, "email", Operator.MaxEmailLength)
            .Unless(request.Password.Length <= Passwords.MaxLength, "password", $"must have at most {Passwords.MaxLength} characters");
        if (faults.Any)
        {
            return faults.Problem();
        }
        var email = request.Email.ToLowerInvariant();
        using var tries = limits.Try(nameof(StartOperatorSession), email);
        if (!tries.IsAcquired)
        {
            return OperatorProblems.RateLimited(response, tries);
        }
        using var turn = await limits.Turns.Next(cancel);
        if (turn is null)
        {
            return SlowHashTurns.Busy(response);
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        var found = await work.FindForLogin(email, now);
        if (found is not { MayLogIn: true })
        {
            slow.VerifyNothing(Passwords.Purpose, request.Password);
            return OperatorProblems.LoginFailed();
        }
        if (!slow.Verify(Passwords.Purpose, request.Password, found.PasswordHash!))
        {
            return await WrongTry.Refuse(work, found, now);
        }

        var challenge = Token.New();
        var expiresAt = now.AddMinutes(ChallengeMinutes);
        await work.AddChallenge(challenge.Hash, found.Id, expiresAt);
        Work.Audit(actor: found.AuditName, subject: found.AuditName);
        await work.Commit();
        return TypedResults.Ok(new Answer(challenge.Reveal(), expiresAt));
    }
}
