using System.Diagnostics;
using Antaca.Client;
using static Antaca.Demo.Walk;

namespace Antaca.Demo;

/// <summary>The third act, as an operator of the suite: finds the user, sees who did what, and no card in full.</summary>
internal static class OperatorJourney
{
    private const int AuditTimeoutSeconds = 30;
    private const int AuditPollMilliseconds = 250;
    private const int ShownEntries = 5;

    public static async Task Make(Walk walk, Sandbox sandbox, Journey.Outcome outcome, CancellationToken cancel)
    {
        Act("An operator");
        var operators = walk.Operators;
        var credentials = sandbox.ReadOperator();

        await walk.Step(
            "Sign in",
            $"{credentials.Email}, password ***, then six digits of the second factor",
            () => operators.Token is null ? SignIn(operators, credentials, cancel) : operators.GetMe(cancel),
            signedIn => $"operator {signedIn.Id}, {signedIn.Role}");

        var found = await walk.Step(
            "Find the user",
            $"by phone {outcome.Holder.Phone}",
            () => operators.ListUsers(new UserFilter { Phone = outcome.Holder.Phone }, cancel: cancel),
            page => string.Join(", ", page.Items.Select(user => $"user {user.Id} of partner {user.PartnerId}, {user.Status}, KYC {user.KycStatus}")));
        Expect(found.Items is [{ } only] && only.Id == outcome.User.Id, "The phone should lead to the one user.");

        var cards = await walk.Step(
            "The user's cards",
            $"of user {outcome.User.Id}",
            () => operators.ListCards(outcome.User.Id, cancel: cancel),
            cards => string.Join(", ", cards.Items.Select(card => $"{card.MaskedCardNo} {card.Status}")));
        Expect(cards.Items.Count == 2, "The operator should see both cards.");

        var entries = await walk.Step(
            "What was done to the second card, and by whom",
            $"the audit trail of card:{outcome.Second.Id}",
            () => WaitForLock(operators, outcome.Second.Id, cancel),
            page => string.Join(
                Environment.NewLine + "       ",
                page.Items.Take(ShownEntries).Select(entry => $"{entry.Position}. {entry.OccurredAt:HH:mm:ss} {entry.Action} by {entry.Actor} ({entry.Channel}) {entry.Outcome}")));
        Expect(entries.Items.Any(entry => entry.CustomerId == outcome.User.Id), "The entries should name the user.");

        // Never opened: the call is refused.
        using var answerKey = Jose.RsaPrivateKey.Create();
        await walk.RefusedBare("The card in full", $"/admin/cards/{outcome.Second.Id}", operators.Token!, answerKey.PublicKey, "ROLE_NOT_ALLOWED", cancel);
    }

    /// <summary>A code works once: where this step's was used already, by the demo before this one, the next one's is sent.</summary>
    private static async Task<Operator> SignIn(OperatorClient operators, OperatorCredentials credentials, CancellationToken cancel)
    {
        try
        {
            return await Once();
        }
        catch (AntacaException refusal) when (refusal.Code == "LOGIN_FAILED")
        {
            await Task.Delay(Totp.UntilNextStep(TimeProvider.System.GetUtcNow()), cancel);
            return await Once();
        }

        Task<Operator> Once() => operators.SignIn(
            credentials.Email, credentials.Password, _ => ValueTask.FromResult(Totp.Code(credentials.TotpSecret, TimeProvider.System.GetUtcNow())), cancel);
    }

    private static async Task<Page<AuditEntry>> WaitForLock(OperatorClient operators, Guid cardId, CancellationToken cancel)
    {
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since).TotalSeconds < AuditTimeoutSeconds)
        {
            var page = await operators.ListAudit(new AuditFilter(Subject: $"card:{cardId}"), cancel: cancel);
            if (page.Items.Any(entry => entry is { Action: "LockCard", Channel: "Customers" }))
            {
                return page;
            }
            await Task.Delay(AuditPollMilliseconds, cancel);
        }
        throw new DemoException($"The lock from the app should have been in the audit trail within {AuditTimeoutSeconds} seconds.");
    }
}
