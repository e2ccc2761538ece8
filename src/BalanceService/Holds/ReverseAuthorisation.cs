using System.Text.Json;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.RemoteBalances;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Antaca.BalanceService.Holds;

/// <summary>Lets go of what an authorisation holds: all of it, or a part. The same transaction id hears the same again.</summary>
internal static class ReverseAuthorisation
{
    public const string Reversed = "REVERSED";

    /// <param name="Amount">What is let go of, in the balance's currency; left out: all that is held.</param>
    internal sealed record Request(string TransactionId, Money? Amount = null);

    public static void MapReverseAuthorisation(this IEndpointRouteBuilder authorisations) =>
        authorisations.MapPost("/{authorizationId:guid}/reversals", Handle)
            .WithSummary("Reverses an authorisation, in part or in whole")
            .WithDescription("The same transactionId hears the same again. What is cleared already is given back by a refund.")
            .Example(new Request("4711-20261125-000043", Money.Of(500, "PLN"))).Produces<HoldView>()
            .Refuses(AuthorisationProblems.NotFound(), AuthorisationProblems.NothingToReverse(), AuthorisationProblems.MoreThanHeld(), AuthorisationProblems.TransactionIdReused());

    private static async Task<IResult> Handle(
        Guid authorizationId, Request request, Caller caller, NpgsqlDataSource database, IOptions<JsonOptions> json, TimeProvider clock, CancellationToken cancel)
    {
        var faults = FaultsOf(request.TransactionId, request.Amount);
        if (faults.Any)
        {
            return faults.Problem();
        }
        var asking = Asking.For(caller.Processor!, request.TransactionId, request, json.Value.SerializerOptions, authorizationId.ToString());

        await using var work = await Work.Begin(database, cancel);
        if (await work.FindAccountOf(authorizationId, caller.Processor!) is not { } accountId)
        {
            return AuthorisationProblems.NotFound();
        }
        var accounts = await work.LockAccounts(accountId, AccountKind.Credit, AccountKind.Deposit);
        if (await work.FindAnswered(asking, OperationKind.Reversal) is { } before)
        {
            return before.IsFor(asking) ? HoldView.Kept(before.Answer) : AuthorisationProblems.TransactionIdReused();
        }
        var authorisation = await work.FindOpen(authorizationId, caller.Processor!);
        return await Reverse(work, authorisation!, accounts[0], request.Amount, asking, json.Value.SerializerOptions, clock.GetUtcNow());
    }

    public static Faults FaultsOf(string transactionId, Money? amount) => new Faults()
        .UnlessLine(transactionId, "transactionId", AuthorisationProblems.MaxTransactionIdLength)
        .Unless(amount is null or { Amount: > 0 }, "amount", "must be more than zero, or left out");

    /// <summary>The part that every way to a reversal shares: the account is locked, and the question has not been answered before.</summary>
    public static async Task<IResult> Reverse(
        Work work, OpenTransaction authorisation, Account balance, Money? asked, Asking asking, JsonSerializerOptions json, DateTimeOffset now)
    {
        if (asked is { } money && money.Currency != authorisation.Currency)
        {
            return AuthorisationProblems.CurrencyMismatch(authorisation.Currency);
        }
        if (authorisation.Held == 0)
        {
            return AuthorisationProblems.NothingToReverse();
        }
        var amount = asked?.Amount ?? authorisation.Held;
        if (amount > authorisation.Held)
        {
            return AuthorisationProblems.MoreThanHeld();
        }

        var left = authorisation.Held - amount;
        var status = left > 0 ? TransactionStatus.Authorized : authorisation.ClearedAmount > 0 ? TransactionStatus.Cleared : TransactionStatus.Reversed;
        var answer = JsonSerializer.Serialize(
            new HoldView(
                authorisation.Id,
                status,
                Money.Of(amount, authorisation.Currency),
                Money.Of(left, authorisation.Currency),
                authorisation.Remote ? null : Money.Of(balance.Available + amount, authorisation.Currency)),
            json);
        var reversal = new Operation
        {
            Id = Guid.CreateVersion7(now),
            PartnerId = authorisation.PartnerId,
            TransactionId = authorisation.Id,
            Kind = OperationKind.Reversal,
            Amount = amount,
            Held = -amount,
            Reason = Reversed,
        };
        if (!await work.Record(reversal, asking, answer, status, cleared: 0, refunded: 0, now))
        {
            return AuthorisationProblems.TransactionIdReused();
        }
        if (authorisation.Remote)
        {
            await work.OweToPartner(RemoteMessage.Reversal(RemoteBalance.Of(balance), authorisation.Reference, authorisation.Id, authorisation.CardId, reversal, left, now));
        }
        work.Owe(Event(authorisation, amount, Reversed, now));
        await work.Commit();
        return HoldView.Kept(answer);
    }

    public static TransactionReversed Event(OpenTransaction transaction, long amount, string reason, DateTimeOffset now) => new(
        transaction.PartnerId, transaction.UserId, transaction.AccountId, transaction.CardId, transaction.Id, amount, transaction.Currency, reason, now);
}

/// <summary>What became of an authorisation's hold, on the wire.</summary>
/// <param name="Amount">What this operation let go of, or added.</param>
/// <param name="Held">What is held now.</param>
/// <param name="Available">What the balance has left; null where the partner holds it.</param>
internal sealed record HoldView(Guid AuthorizationId, TransactionStatus Status, Money Amount, Money Held, Money? Available)
{
    /// <summary>The answer as it was kept, byte for byte.</summary>
    public static IResult Kept(string answer) => TypedResults.Content(answer, "application/json");
}
