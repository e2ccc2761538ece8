using System.Text.Json;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.Rates;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Antaca.BalanceService.Holds;

/// <summary>
/// Raises what an authorisation holds: a hotel's next night, a longer ride. The card is asked again, and the money must be there; the
/// same transaction id hears the same answer again.
/// </summary>
internal static class IncrementAuthorisation
{
    internal sealed record Request(string TransactionId, Money Amount);

    /// <param name="Held">What the authorisation holds now.</param>
    internal sealed record Answer(string Decision, string ActionCode, string Reason, Guid AuthorizationId, string? ApprovalCode, Money Held, Money Available);

    public static void MapIncrementAuthorisation(this IEndpointRouteBuilder authorisations) =>
        authorisations.MapPost("/{authorizationId:guid}/increments", Handle)
            .WithSummary("Raises what an authorisation holds")
            .WithDescription("By the amount, in full or not at all. The card's state and the money are judged anew; the card's spending limits count the increment.")
            .Example(new Request("4711-20261125-000045", Money.Of(2_000, "PLN"))).Produces<Answer>()
            .Refuses(
                AuthorisationProblems.NotFound(),
                AuthorisationProblems.NothingToIncrease(),
                AuthorisationProblems.CurrencyMismatch("PLN"),
                AuthorisationProblems.TransactionIdReused());

    private static async Task<IResult> Handle(
        Guid authorizationId,
        Request request,
        Caller caller,
        [FromKeyedServices("cardservice")] Peer cardService,
        ExchangeRates rates,
        NpgsqlDataSource database,
        IOptions<JsonOptions> json,
        TimeProvider clock,
        CancellationToken cancel)
    {
        var processor = caller.Processor!;
        var faults = new Faults()
            .UnlessLine(request.TransactionId, "transactionId", AuthorisationProblems.MaxTransactionIdLength)
            .Unless(request.Amount.Amount > 0, "amount", "must be more than zero");
        if (faults.Any)
        {
            return faults.Problem();
        }
        if (await database.FindCardOf(authorizationId, processor, cancel) is not { } authorised)
        {
            return AuthorisationProblems.NotFound();
        }
        var card = await cardService.FindCard(authorised.CardId, processor, cancel);
        if (card is null)
        {
            return AuthorisationProblems.NotFound();
        }
        var rate = await rates.FindFor(request.Amount, authorised.Currency, cancel);
        if (rate.In(request.Amount, authorised.Currency) is not { } amount)
        {
            return AuthorisationProblems.CurrencyMismatch(authorised.Currency);
        }
        var asking = Asking.For(processor, request.TransactionId, request, json.Value.SerializerOptions, authorizationId.ToString());

        await using var work = await Work.Begin(database, cancel);
        var accounts = await work.LockAccounts(authorised.AccountId, AccountKind.Credit, AccountKind.Deposit);
        if (await work.FindAnswered(asking, OperationKind.Increment) is { } before)
        {
            return before.IsFor(asking) ? HoldView.Kept(before.Answer) : AuthorisationProblems.TransactionIdReused();
        }
        var authorisation = (await work.FindOpen(authorizationId, processor))!;
        var balance = accounts[0];
        var backing = accounts.FirstOrDefault(account => account.Id == authorisation.BackingId);
        if (authorisation.Held == 0 || authorisation.Remote)
        {
            return AuthorisationProblems.NothingToIncrease();
        }

        var now = clock.GetUtcNow();
        var decision = Decision.Of(new DecisionInputs
        {
            Card = card.Decline,
            State = balance.State,
            Amount = amount,
            Available = balance.Available,
            BackingAvailable = backing?.Available,
        });
        var answer = JsonSerializer.Serialize(
            new Answer(
                decision.Approved ? "Approved" : "Declined",
                decision.ActionCode,
                decision.Reason,
                authorisation.Id,
                decision.Approved ? Authorisation.NewApprovalCode() : null,
                Money.Of(authorisation.Held + decision.Amount, authorisation.Currency),
                Money.Of(balance.Available - decision.Amount, authorisation.Currency)),
            json.Value.SerializerOptions);
        var increment = new Operation
        {
            Id = Guid.CreateVersion7(now),
            PartnerId = authorisation.PartnerId,
            TransactionId = authorisation.Id,
            Kind = OperationKind.Increment,
            Amount = amount,
            Held = decision.Amount,
            Reason = decision.Reason,
            OriginalAmount = rate is null ? null : request.Amount.Amount,
            OriginalCurrency = rate is null ? null : request.Amount.Currency,
            RateId = rate?.Id,
        };
        if (!await work.Record(increment, asking, answer, authorisation.Status, cleared: 0, refunded: 0, now))
        {
            return AuthorisationProblems.TransactionIdReused();
        }
        if (decision.Approved)
        {
            work.Owe(new AuthorisationApproved(
                authorisation.PartnerId, authorisation.UserId, authorisation.AccountId, card.Id, authorisation.Id, decision.Amount, authorisation.Currency, now));
        }
        else
        {
            work.Owe(new AuthorisationDeclined(
                authorisation.PartnerId, authorisation.UserId, authorisation.AccountId, card.Id, authorisation.Id, amount, authorisation.Currency, decision.ActionCode, decision.Reason, now));
        }
        await work.Commit();
        return HoldView.Kept(answer);
    }
}

internal static class IncrementStore
{
    public static Task<AuthorisedCard?> FindCardOf(this NpgsqlDataSource database, Guid transactionId, string processor, CancellationToken cancel) =>
        database.One<AuthorisedCard>(
            """
            select transactions.account_id, transactions.card_id, accounts.currency
            from transactions
            join accounts on accounts.id = transactions.account_id
            where transactions.id = @transactionId and transactions.processor = @processor
            """,
            new { transactionId, processor },
            cancel);
}

/// <summary>On what account and card an authorisation is, which never changes.</summary>
internal sealed record AuthorisedCard
{
    public required Guid AccountId { get; init; }
    public required Guid CardId { get; init; }
    public required string Currency { get; init; }
}
