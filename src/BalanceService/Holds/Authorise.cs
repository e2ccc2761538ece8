using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Holds;

/// <summary>
/// Decides an authorisation and holds the money of an approved one. The processor's transaction is decided once: asked
/// again, it gets the answer it got.
/// </summary>
internal static class Authorise
{
    private const int HoldLifetimeDays = 7;
    private const int MaxIdLength = 100;
    private const int MaxNameLength = 200;
    private const int MaxCodeLength = 50;

    public static void MapAuthorise(this IEndpointRouteBuilder authorisations) => authorisations.MapPost("/", Handle);

    private static async Task<Results<Ok<AuthorisationDecided>, ProblemHttpResult>> Handle(
        DecideAuthorisation asked, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var faults = FaultsOf(asked);
        if (faults.Any)
        {
            return faults.Problem();
        }

        await using var work = await Work.Begin(database, cancel);
        var balance = await work.FindForAuthorisation(asked);
        if (balance is null)
        {
            return BalanceProblems.NotFound();
        }

        var now = clock.GetUtcNow();
        var decided = Authorisation.Decide(Guid.CreateVersion7(now), asked, balance, Authorisation.NewApprovalCode());
        if (!await work.Record(asked, decided, holdId: Guid.CreateVersion7(now), now, expiresAt: now.AddDays(HoldLifetimeDays)))
        {
            var first = await work.FindDecided(asked);
            return first!.Fingerprint.AsSpan().SequenceEqual(decided.Fingerprint)
                ? TypedResults.Ok(first.Answer())
                : AuthorisationProblems.TransactionIdReused();
        }

        if (decided.Approved)
        {
            work.Owe(new AuthorisationApproved(asked.PartnerId, asked.UserId, asked.BalanceId, asked.CardId, decided.Id, asked.Amount, asked.Currency, now));
        }
        else
        {
            work.Owe(new AuthorisationDeclined(
                asked.PartnerId, asked.UserId, asked.BalanceId, asked.CardId, decided.Id, asked.Amount, asked.Currency, decided.ActionCode, decided.Reason, now));
        }
        await work.Commit();
        return TypedResults.Ok(decided.Answer());
    }

    private static Faults FaultsOf(DecideAuthorisation asked)
    {
        var faults = new Faults()
            .Unless(asked.Type is nameof(TransactionType.Purchase) or nameof(TransactionType.Cash) or nameof(TransactionType.Verification), "type", "must be Purchase, Cash or Verification")
            .Unless(asked.Amount is >= 0 and <= Money.MaxMinorUnits, "amount", $"must be 0 to {Money.MaxMinorUnits}")
            .Unless(asked.Type != nameof(TransactionType.Verification) || asked.Amount == 0, "amount", "must be zero for a Verification")
            .Unless(Currencies.Known(asked.Currency), "currency", "is not an active ISO 4217 currency")
            .UnlessLine(asked.Processor, "processor", MaxIdLength)
            .UnlessLine(asked.TransactionId, "transactionId", MaxIdLength)
            .UnlessLine(asked.EntryChannel, "entryChannel", MaxCodeLength)
            .UnlessLine(asked.Merchant.Mid, "merchant.mid", MaxIdLength)
            .UnlessLine(asked.Merchant.Name, "merchant.name", MaxNameLength)
            .UnlessLine(asked.Merchant.Mcc, "merchant.mcc", MaxCodeLength)
            .UnlessLine(asked.Merchant.Country, "merchant.country", MaxCodeLength);
        return asked.Decline is not { } said
            ? faults
            : faults
                .Unless(said.ActionCode != Authorisation.ApprovedCode, "decline.actionCode", "is not a decline's")
                .UnlessLine(said.ActionCode, "decline.actionCode", MaxCodeLength)
                .UnlessLine(said.Reason, "decline.reason", MaxCodeLength);
    }
}
