using Antaca.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace Antaca.CardService.Plastic;

internal static class StockStore
{
    /// <summary>Begins a request for stock.</summary>
    /// <returns>False when its key has one already.</returns>
    public static async Task<bool> Insert(this Work work, StockRequest request, Idempotency once) =>
        await work.Change(
            """
            insert into stock_requests (id, partner_id, program_id, owner, key, fingerprint, card_ids, exp, design, claimed_until, created_at)
            values (@Id, @PartnerId, @ProgramId, @Owner, @Key, @Fingerprint, @CardIds, @Exp, @Design, @ClaimedUntil, @CreatedAt)
            on conflict (owner, key) where key is not null do nothing
            """,
            new
            {
                request.Id,
                request.PartnerId,
                request.ProgramId,
                once.Owner,
                once.Key,
                request.Fingerprint,
                request.CardIds,
                request.Exp,
                request.Design,
                request.ClaimedUntil,
                request.CreatedAt,
            }) == 1;

    public static Task<StockRequest?> FindStockRequest(this NpgsqlDataSource database, Idempotency once, CancellationToken cancel) =>
        database.One<StockRequest>(
            """
            select id, partner_id, program_id, card_ids, exp, design, fingerprint, claimed_until, created_at
            from stock_requests
            where owner = @Owner and key = @Key
            """,
            new { once.Owner, once.Key },
            cancel);

    /// <summary>Takes up an unfinished request that nobody works on.</summary>
    public static async Task<bool> ClaimStock(this Work work, Guid id, DateTimeOffset now, DateTimeOffset until) =>
        await work.Change("update stock_requests set claimed_until = @until where id = @id and claimed_until <= @now", new { id, now, until }) == 1;

    /// <summary>Takes up the unfinished request that has waited longest with nobody working on it; replicas take different ones.</summary>
    public static Task<StockRequest?> ClaimAnyStock(this Work work, DateTimeOffset now, DateTimeOffset until) =>
        work.One<StockRequest>(
            """
            update stock_requests
            set claimed_until = @until
            where id = (
                select id
                from stock_requests
                where claimed_until <= @now
                order by claimed_until
                limit 1
                for update skip locked
            )
            returning id, partner_id, program_id, card_ids, exp, design, fingerprint, claimed_until, created_at
            """,
            new { now, until });

    /// <summary>Gives an unfinished request back, so that the next who comes may finish it at once.</summary>
    public static Task ReleaseStock(this Work work, Guid id, DateTimeOffset now) =>
        work.Change("update stock_requests set claimed_until = @now where id = @id and claimed_until is not null", new { id, now });

    /// <summary>Drops a request whose cards will never have numbers, and with it its key.</summary>
    public static Task DropStock(this Work work, Guid id) =>
        work.Change("delete from stock_requests where id = @id and claimed_until is not null", new { id });

    /// <summary>The cards have their numbers.</summary>
    /// <returns>False when somebody finished the request before.</returns>
    public static async Task<bool> FinishStock(this Work work, Guid id) =>
        await work.Change("update stock_requests set claimed_until = null where id = @id and claimed_until is not null", new { id }) == 1;

    /// <summary>The cards of a request, and an order for each.</summary>
    /// <param name="orderIds">In the order of the cards, as are the numbers.</param>
    public static async Task InsertStock(this Work work, StockRequest request, Guid[] orderIds, string[] maskedCardNos, DateTimeOffset now, CancellationToken cancel)
    {
        await using var insert = work.Statement(
            """
            with made as (
                insert into stock_cards (id, partner_id, program_id, status, masked_card_no, exp, created_at)
                select card_id, $4, $5, 'Ordered', masked_card_no, $6, $8
                from unnest($1, $3) as card (card_id, masked_card_no)
            )
            insert into orders (id, kind, partner_id, program_id, stock_card_id, status, design, ordered_at)
            select order_id, 'Stock', $4, $5, card_id, 'Ordered', $7, $8
            from unnest($1, $2) as card (card_id, order_id)
            """);
        insert.Parameters.Add(new() { Value = request.CardIds });
        insert.Parameters.Add(new() { Value = orderIds });
        insert.Parameters.Add(new() { Value = maskedCardNos });
        insert.Parameters.Add(new() { Value = request.PartnerId });
        insert.Parameters.Add(new() { Value = request.ProgramId });
        insert.Parameters.Add(new() { Value = request.Exp });
        insert.Parameters.Add(new() { Value = (object?)request.Design ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        insert.Parameters.Add(new() { Value = now });
        await insert.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Takes a personalised card out of a programme's stock, once.</summary>
    /// <returns>Null when there is no such card in this stock: never was, not yet, or no more.</returns>
    public static Task<StockCard?> TakeFromStock(this Work work, Guid cardId, Guid partnerId, Guid programId, DateOnly exp, DateTimeOffset now) =>
        work.One<StockCard>(
            """
            update stock_cards
            set status = 'Linked', linked_at = @now
            where id = @cardId and partner_id = @partnerId and program_id = @programId and exp = @exp and status = 'InStock'
            returning id, masked_card_no, exp
            """,
            new { cardId, partnerId, programId, exp, now });

    /// <summary>How many wrong cards were named for a user on a day. The row stays locked until the work ends: guesses wait for each other. Forgets other days.</summary>
    public static Task<int> CountWrongLinks(this Work work, Guid userId, DateOnly day) =>
        work.One<int>(
            """
            with forgotten as (
                delete from link_tries where user_id = @userId and day < @day
            )
            insert into link_tries (user_id, day, wrong)
            values (@userId, @day, 0)
            on conflict (user_id, day) do update set wrong = link_tries.wrong
            returning wrong
            """,
            new { userId, day });

    public static Task NoteWrongLink(this Work work, Guid userId, DateOnly day) =>
        work.Change("update link_tries set wrong = wrong + 1 where user_id = @userId and day = @day", new { userId, day });

    /// <summary>The card that was taken out of the stock, as its user's.</summary>
    public static Task InsertLinked(this Work work, Card card) =>
        work.Change(
            """
            insert into cards (id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, created_at)
            values (@Id, @PartnerId, @UserId, @ProgramId, @BalanceId, 'Physical', 'Inactive', @MaskedCardNo, @Exp, @CreatedAt)
            """,
            new { card.Id, card.PartnerId, card.UserId, card.ProgramId, card.BalanceId, card.MaskedCardNo, card.Exp, card.CreatedAt });
}
