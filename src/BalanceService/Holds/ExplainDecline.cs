using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Holds;

/// <summary>
/// Says why an authorisation was declined: which rule said no and what it was decided from, as it was kept then; and decides it from
/// that once more.
/// </summary>
internal static class ExplainDecline
{
    /// <param name="Rule">Which of several rules said no; null where there is one alone.</param>
    /// <param name="Inputs">All that the decision was made from. Null, like what follows it, where nobody decided: the authorisation was reversed before it came.</param>
    /// <param name="Replayed">What comes of the same inputs now.</param>
    /// <param name="Agrees">Whether that is what was answered.</param>
    internal sealed record Answer(string ActionCode, string Reason, string? Rule, DecisionInputs? Inputs, RepeatedDecision? Replayed, bool? Agrees);

    /// <summary>What comes of the kept inputs now.</summary>
    internal sealed record RepeatedDecision(string ActionCode, string Reason, string? Rule);

    public static void MapExplainDecline(this IEndpointRouteBuilder balances) =>
        balances.MapGet("/{balanceId:guid}/transactions/{transactionId:guid}/explanation", Handle).Admits(Channel.Secure)
            .Refuses(TransactionProblems.NotFound(), AuthorisationProblems.NotDeclined());

    public static void MapExplainAnyDecline(this IEndpointRouteBuilder transactions) =>
        transactions.MapGet("/{transactionId:guid}/explanation", HandleAny).AdmitsEveryOperator()
            .Refuses(TransactionProblems.NotFound(), AuthorisationProblems.NotDeclined());

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Handle(
        Guid balanceId, Guid transactionId, Caller caller, NpgsqlDataSource database, CancellationToken cancel) =>
        Explain(await database.FindDecline(transactionId, balanceId, caller, cancel));

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> HandleAny(Guid transactionId, NpgsqlDataSource database, CancellationToken cancel) =>
        Explain(await database.FindDecline(transactionId, cancel));

    private static Results<Ok<Answer>, ProblemHttpResult> Explain(Decline? decline)
    {
        if (decline is null)
        {
            return TransactionProblems.NotFound();
        }
        if (decline.Status != TransactionStatus.Declined)
        {
            return AuthorisationProblems.NotDeclined();
        }
        if (decline.Explanation is null)
        {
            return TypedResults.Ok(new Answer(decline.ActionCode!, decline.Reason!, null, null, null, null));
        }

        var kept = Explanation.Read(decline.Explanation);
        var repeated = Decision.Of(kept.Inputs);
        var agrees = (repeated.ActionCode, repeated.Reason, repeated.Rule) == (decline.ActionCode, decline.Reason, kept.Rule);
        return TypedResults.Ok(new Answer(
            decline.ActionCode!, decline.Reason!, kept.Rule, kept.Inputs, new RepeatedDecision(repeated.ActionCode, repeated.Reason, repeated.Rule), agrees));
    }
}

/// <summary>How an authorisation ended, with what was kept of its decision.</summary>
internal sealed record Decline
{
    public required TransactionStatus Status { get; init; }
    public string? ActionCode { get; init; }
    public string? Reason { get; init; }
    public string? Explanation { get; init; }
}

internal static class DeclineStore
{
    public static Task<Decline?> FindDecline(this NpgsqlDataSource database, Guid transactionId, Guid balanceId, Caller caller, CancellationToken cancel) =>
        database.One<Decline>(
            """
            select status, action_code, reason, explanation::text as explanation
            from transactions
            where id = @transactionId and account_id = @balanceId and user_id = @UserId and partner_id = @PartnerId
                and reason is distinct from 'REVERSED_FIRST'
            """,
            new { transactionId, balanceId, caller.UserId, caller.PartnerId },
            cancel);

    /// <summary>Any partner's, for operators.</summary>
    public static Task<Decline?> FindDecline(this NpgsqlDataSource database, Guid transactionId, CancellationToken cancel) =>
        database.One<Decline>(
            "select status, action_code, reason, explanation::text as explanation from transactions where id = @transactionId",
            new { transactionId },
            cancel);
}
