using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.RemoteBalances;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Antaca.BalanceService.Holds;

/// <summary>
/// Reverses what a processor knows by its own transaction id alone, because it never heard our answer. Where the authorisation
/// has not come yet, it is declined when it comes: no hold is left behind, in whichever order the two arrive.
/// </summary>
internal static class ReverseTransaction
{
    public const string ReversedFirst = "REVERSED_FIRST";

    internal sealed record Request(string TransactionId, AuthorizationName Authorization, Guid CardId, Money? Amount = null);

    /// <summary>How the processor named the authorisation.</summary>
    internal sealed record AuthorizationName(string TransactionId, string Type);

    public static void MapReverseTransaction(this IEndpointRouteBuilder reversals) => reversals.MapPost("/", Handle)
        .WithSummary("Reverses an authorisation that was never answered")
        .WithDescription("Names the authorisation by the processor's own transactionId and type. Where it has not come yet it is declined when it comes (REVERSED_FIRST).")
        .Example(new Request("4711-20261125-000044", new AuthorizationName("4711-20261125-000042", nameof(TransactionType.Purchase)), ExampleIds.Card)).Produces<HoldView>()
        .Refuses(AuthorisationProblems.CardNotFound(), AuthorisationProblems.NothingToReverse(), AuthorisationProblems.MoreThanHeld(), AuthorisationProblems.TransactionIdReused());

    private static async Task<IResult> Handle(
        Request request,
        Caller caller,
        [FromKeyedServices("cardservice")] Peer cardService,
        NpgsqlDataSource database,
        IOptions<JsonOptions> json,
        TimeProvider clock,
        CancellationToken cancel)
    {
        var processor = caller.Processor!;
        var faults = ReverseAuthorisation.FaultsOf(request.TransactionId, request.Amount)
            .UnlessLine(request.Authorization.TransactionId, "authorization.transactionId", AuthorisationProblems.MaxTransactionIdLength)
            .Unless(
                request.Authorization.Type is nameof(TransactionType.Purchase) or nameof(TransactionType.Cash) or nameof(TransactionType.Verification),
                "authorization.type",
                "must be Purchase, Cash or Verification");
        if (faults.Any)
        {
            return faults.Problem();
        }
        var card = await cardService.FindCard(request.CardId, processor, cancel);
        if (card is null)
        {
            return AuthorisationProblems.CardNotFound();
        }
        var asking = Asking.For(processor, request.TransactionId, request, json.Value.SerializerOptions);

        await using var work = await Work.Begin(database, cancel);
        var accounts = await work.LockAccounts(card.BalanceId, AccountKind.Credit, AccountKind.Deposit);
        if (await work.FindAnswered(asking, OperationKind.Reversal) is { } before)
        {
            return before.IsFor(asking) ? HoldView.Kept(before.Answer) : AuthorisationProblems.TransactionIdReused();
        }
        var now = clock.GetUtcNow();
        var authorisation = await work.FindOpen(request.Authorization.TransactionId, request.Authorization.Type, processor);
        if (authorisation is not null)
        {
            return authorisation.CardId == card.Id
                ? await ReverseAuthorisation.Reverse(work, authorisation, accounts[0], request.Amount, asking, json.Value.SerializerOptions, now)
                : AuthorisationProblems.CardNotFound();
        }

        var balance = accounts[0];
        var id = Guid.CreateVersion7(now);
        if (!await work.DeclineInAdvance(id, balance, card.Id, processor, request.Authorization.TransactionId, request.Authorization.Type, now))
        {
            return AuthorisationProblems.TransactionIdReused();
        }
        var answer = System.Text.Json.JsonSerializer.Serialize(
            new HoldView(
                id,
                TransactionStatus.Declined,
                Money.Of(0, balance.Currency),
                Money.Of(0, balance.Currency),
                balance.Holder == BalanceHolder.Partner ? null : Money.Of(balance.Available, balance.Currency)),
            json.Value.SerializerOptions);
        var reversal = new Operation
        {
            Id = Guid.CreateVersion7(now),
            PartnerId = balance.PartnerId,
            TransactionId = id,
            Kind = OperationKind.Reversal,
            Amount = 0,
            Held = 0,
            Reason = ReversedFirst,
        };
        if (!await work.Record(reversal, asking, answer, TransactionStatus.Declined, cleared: 0, refunded: 0, now))
        {
            return AuthorisationProblems.TransactionIdReused();
        }
        if (balance.Holder == BalanceHolder.Partner)
        {
            // The host may have been asked: the authorisation is under way, or its answer was lost.
            var reference = RemoteReference.Of(processor, request.Authorization.TransactionId, request.Authorization.Type);
            await work.OweToPartner(RemoteMessage.Undo(RemoteBalance.Of(balance), reference, id, card.Id, null, null, ReversedFirst, now));
        }
        await work.Commit();
        return HoldView.Kept(answer);
    }
}

internal static class ReversalStore
{
    /// <summary>Takes the place of an authorisation that has not come, so that it finds itself declined when it comes.</summary>
    /// <returns>False when it has come in the meantime.</returns>
    public static async Task<bool> DeclineInAdvance(
        this Work work, Guid id, Account balance, Guid cardId, string processor, string processorTransactionId, string type, DateTimeOffset now) =>
        await work.Change(
            """
            insert into transactions (
                id, partner_id, user_id, account_id, card_id, type, status, amount, currency, authorized_at, processor, processor_transaction_id, fingerprint,
                merchant_mid, merchant_name, merchant_mcc, merchant_country, entry_channel, transmitted_at, action_code, reason, available, remote)
            values (
                @id, @PartnerId, @UserId, @accountId, @cardId, @type, 'Declined', 0, @Currency, @now, @processor, @processorTransactionId, '',
                '', '', '', '', '', @now, '1000', 'REVERSED_FIRST', @Available, @remote)
            on conflict (processor_transaction_id, processor, type) where processor is not null do nothing
            """,
            new
            {
                id,
                balance.PartnerId,
                balance.UserId,
                accountId = balance.Id,
                cardId,
                type,
                balance.Currency,
                now,
                processor,
                processorTransactionId,
                balance.Available,
                remote = balance.Holder == BalanceHolder.Partner,
            }) == 1;
}
