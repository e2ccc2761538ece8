using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>
/// Promises a link for a new password to whoever is an active operator of that e-mail address. The answer is the same, and
/// comes after the same time, for every other.
/// </summary>
internal static class RequestPasswordReset
{
    private const int AnswerAfterMilliseconds = 250;

    internal sealed record Request(string Email);

    internal sealed record Answer;

    public static RouteHandlerBuilder MapRequestPasswordReset(this IEndpointRouteBuilder password) =>
        password.MapPost("/reset", Handle)
            .Example(new Request("operator@example.com"))
            .Refuses(Problems.OfStatus(429));

    private static async Task<Results<Accepted<Answer>, ProblemHttpResult>> Handle(
        Request request, HttpResponse response, LoginLimits limits, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (new Faults().UnlessLine(request.Email, "email", Operator.MaxEmailLength) is { Any: true } faults)
        {
            return faults.Problem();
        }
        var email = request.Email.ToLowerInvariant();
        using var tries = limits.Try(nameof(RequestPasswordReset), email);
        if (!tries.IsAcquired)
        {
            return OperatorProblems.RateLimited(response, tries);
        }

        await Task.WhenAll(Task.Delay(AnswerAfterMilliseconds, cancel), Owe(email, database, clock.GetUtcNow(), cancel));
        return TypedResults.Accepted((string?)null, new Answer());
    }

    private static async Task Owe(string email, NpgsqlDataSource database, DateTimeOffset now, CancellationToken cancel)
    {
        if (await database.FindActiveByEmail(email, now, cancel) is not { } operatorId)
        {
            return;
        }
        await using var work = await Work.Begin(database, cancel);
        work.Owe(new PasswordResetRequested(operatorId, now));
        Work.Audit(subject: $"operator:{operatorId}");
        await work.Commit();
    }
}
