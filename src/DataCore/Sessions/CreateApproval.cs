using Antaca.DataCore.Credentials;
using Antaca.DataCore.Installations;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Sessions;

/// <summary>
/// Steps up: the user proves once more to be there, by PIN or by the device's signature, for one action on one card, once
/// and within a minute. The action itself uses the approval up.
/// </summary>
internal static class CreateApproval
{
    public const string Reveal = "card.reveal";
    public const string Pin = "card.pin";

    private const int LifeSeconds = 60;

    private static readonly string[] _actions = [Reveal, Pin];

    internal sealed record Request(string Action, Guid CardId, string? Pin = null, string? Challenge = null, string? Signature = null)
    {
        /// <summary>Never prints the PIN.</summary>
        public override string ToString() => $"{Action} of {CardId}";
    }

    internal sealed record Answer(string Approval, DateTimeOffset ExpiresAt)
    {
        /// <summary>Never prints the approval.</summary>
        public override string ToString() => "***";
    }

    public static void MapCreateApproval(this IEndpointRouteBuilder approvals) =>
        approvals.MapPost("/", Handle).Produces<Answer>(201)
            .Example(new { action = Reveal, cardId = ExampleIds.Card, pin = "2580" })
            .Refuses(SessionProblems.WrongPin(4), SessionProblems.InstallationEnded(), SessionProblems.LoginFailed(), SessionProblems.Ended(), Problems.OfStatus(429));

    private static async Task<IResult> Handle(
        Request request, Caller caller, SlowHash slow, SlowHashTurns turns, HttpResponse response, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var byPin = request.Pin is not null;
        var faults = new Faults()
            .Unless(_actions.Contains(request.Action), "action", "must be card.reveal or card.pin")
            .Unless(!byPin || Installation.IsPin(request.Pin!), "pin", "must be 4 to 12 digits")
            .Unless(byPin ? request.Challenge is null && request.Signature is null : request.Challenge is not null && request.Signature is not null, "pin", "either pin, or challenge and signature");
        if (faults.Any)
        {
            return faults.Problem();
        }
        var signs = !byPin && DeviceProof.Signs(await database.FindDeviceKey(caller.InstallationId!.Value, cancel), request.Challenge!, request.Signature!);
        using var turn = byPin ? await turns.Next(cancel) : null;
        if (byPin && turn is null)
        {
            return SlowHashTurns.Busy(response);
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        Work.Audit(subject: $"card:{request.CardId}");
        if (await work.FindForLogin(caller.InstallationId!.Value) is not { UserActive: true } installation)
        {
            return SessionProblems.LoginFailed();
        }
        if (byPin)
        {
            if (await work.JudgePin(installation, request.Pin!, slow, now) is { } refusal)
            {
                return refusal;
            }
        }
        else if (!await work.UseChallenge(Token.HashOf(request.Challenge!), installation.Id, now) || !signs)
        {
            Work.Audit(outcome: "LOGIN_FAILED");
            await work.Commit();
            return SessionProblems.LoginFailed();
        }

        var approval = Token.New();
        var expiresAt = now.AddSeconds(LifeSeconds);
        if (!await work.AddApproval(approval.Hash, caller, request.Action, request.CardId, now, expiresAt))
        {
            return SessionProblems.Ended();
        }
        await work.Commit();
        return TypedResults.Json(new Answer(approval.Reveal(), expiresAt), statusCode: StatusCodes.Status201Created);
    }
}
