using Antaca.DataCore.Credentials;
using Antaca.DataCore.Vault;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>
/// Sets the password of whoever holds the link from an e-mail, once. An invitation gives a new second factor besides and
/// makes the operator active; a reset keeps the factor. Every session of the operator ends.
/// </summary>
internal static class SetPassword
{
    internal sealed record Request(string Link, string Password)
    {
        /// <summary>Never prints either.</summary>
        public override string ToString() => "***";
    }

    /// <param name="Totp">The new second factor; null where the operator keeps the one he has.</param>
    internal sealed record Answer(string Email, TotpView? Totp);

    public static RouteHandlerBuilder MapSetPassword(this IEndpointRouteBuilder password) =>
        password.MapPost("/", Handle)
            .Example(new Request("iIcTYPs7TyvZ3KqHAfEpxRWlfhzXwQhrUn0RkYV6Jmk", "seven quiet rivers under snow"))
            .Refuses(OperatorProblems.LinkInvalid(), Problems.OfStatus(429));

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Handle(
        Request request, HttpResponse response, LoginLimits limits, SlowHash slow, Hsm hsm, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var hash = Token.HashOf(request.Link);
        // Read before anything slow: without a link nobody makes us hash.
        if (await database.FindLink(hash, now, cancel) is not { } link || await database.FindOperator(link.OperatorId, now, cancel) is not { } holder || !holder.MayUse(link.Kind))
        {
            return OperatorProblems.LinkInvalid();
        }
        if (Passwords.FaultOf(request.Password, holder.Email) is { } fault)
        {
            return Problems.Invalid("password", fault);
        }
        string passwordHash;
        using (var turn = await limits.Turns.Next(cancel))
        {
            if (turn is null)
            {
                return SlowHashTurns.Busy(response);
            }
            passwordHash = slow.Hash(Passwords.Purpose, request.Password);
        }

        await using var work = await Work.Begin(database, cancel);
        var found = await work.FindForChange(link.OperatorId, now);
        if (found is null || !found.MayUse(link.Kind) || !await work.UseLink(hash, now))
        {
            return OperatorProblems.LinkInvalid();
        }
        var secret = link.Kind == LinkKind.Invitation ? SecondFactor.NewSecret() : null;
        await work.Save(secret is null
            ? found with { PasswordHash = passwordHash }
            : found.WithFactors(passwordHash, hsm.SealOperatorSecret(found.Id, secret)));
        await work.EndLinks(found.Id, now);
        await work.EndChallenges(found.Id);
        await work.EndSessions(found.Id, "CredentialsChanged", now);
        Work.Audit(actor: found.AuditName, subject: found.AuditName);
        await work.Commit();
        return TypedResults.Ok(new Answer(found.Email, secret is null ? null : SecondFactor.Show(found.Email, secret)));
    }
}
