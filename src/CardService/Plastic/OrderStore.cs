using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Plastic;

internal static class OrderStore
{
    public static Task Insert(this Work work, PlasticOrder order) =>
        work.Change(
            """
            insert into orders (id, kind, partner_id, program_id, user_id, card_id, status, emboss_name, design, street, city, postal_code, country, ordered_at)
            values (@Id, @kind, @PartnerId, @ProgramId, @UserId, @CardId, @status, @EmbossName, @Design, @Street, @City, @PostalCode, @Country, @OrderedAt)
            """,
            new
            {
                order.Id,
                kind = order.Kind.ToString(),
                order.PartnerId,
                order.ProgramId,
                order.UserId,
                order.CardId,
                status = order.Status.ToString(),
                order.EmbossName,
                order.Design,
                order.Street,
                order.City,
                order.PostalCode,
                order.Country,
                order.OrderedAt,
            });

    /// <summary>The order of a card whose number is there now: it goes to the bureau.</summary>
    /// <returns>Its id; null when it went before.</returns>
    public static Task<Guid?> BeginOrder(this Work work, Guid cardId) =>
        work.One<Guid?>("update orders set status = 'Ordered' where card_id = @cardId and status = 'Issuing' returning id", new { cardId });

    /// <summary>The order that made a card, to answer for it by its Idempotency-Key.</summary>
    public static Task<Guid> FindOrderOfNewCard(this NpgsqlDataSource database, Guid cardId, CancellationToken cancel) =>
        database.One<Guid>("select id from orders where card_id = @cardId and kind = 'Physical'", new { cardId }, cancel);

    /// <summary>The caller's order, to show.</summary>
    public static Task<PlasticOrder?> FindOrder(this NpgsqlDataSource database, Guid orderId, Caller caller, CancellationToken cancel) =>
        database.One<PlasticOrder>(
            """
            select id, kind, partner_id, program_id, user_id, card_id, status, reason, ordered_at, sent_at, finished_at
            from orders
            where id = @orderId and status <> 'Issuing' and user_id = @UserId and (@IsOperator or partner_id = @PartnerId)
            """,
            new { orderId, caller.UserId, caller.IsOperator, caller.PartnerId },
            cancel);

    /// <summary>Orders of these programmes in one state, newest first.</summary>
    public static Task<IReadOnlyList<PlasticOrder>> ListOrders(
        this NpgsqlDataSource database, Guid[] programs, OrderStatus status, PageRequest page, CancellationToken cancel) =>
        database.Many<PlasticOrder>(
            """
            select id, kind, partner_id, program_id, user_id, coalesce(card_id, stock_card_id) as card_id, status, design, reason, ordered_at, sent_at, finished_at
            from orders
            where program_id = any(@programs) and status = @status and status <> 'Issuing' and (ordered_at, id) < (@At, @Id)
            order by ordered_at desc, id desc
            limit @Rows
            """,
            new { programs, status = status.ToString(), page.After.At, page.After.Id, page.Rows },
            cancel);

    /// <summary>An order of one of these programmes with all that its plastic needs besides secrets.</summary>
    public static Task<PlasticOrder?> FindForBureau(this NpgsqlDataSource database, Guid orderId, Guid[] programs, CancellationToken cancel) =>
        database.One<PlasticOrder>(
            """
            select id, kind, partner_id, program_id, user_id, coalesce(card_id, stock_card_id) as card_id, status, emboss_name, design,
                street, city, postal_code, country, reason, ordered_at, sent_at, finished_at
            from orders
            where id = @orderId and program_id = any(@programs) and status <> 'Issuing'
            """,
            new { orderId, programs },
            cancel);

    /// <summary>The same with its row locked: what is said of it holds until the work commits.</summary>
    public static Task<PlasticOrder?> FindForBureau(this Work work, Guid orderId, Guid[] programs) =>
        work.One<PlasticOrder>(
            """
            select id, kind, partner_id, program_id, user_id, coalesce(card_id, stock_card_id) as card_id, status, design, reason, ordered_at, sent_at, finished_at
            from orders
            where id = @orderId and program_id = any(@programs) and status <> 'Issuing'
            for update
            """,
            new { orderId, programs });

    /// <returns>False when it was sent, or over, before.</returns>
    public static async Task<bool> Send(this Work work, Guid orderId, DateTimeOffset now) =>
        await work.Change("update orders set status = 'Sent', sent_at = @now where id = @orderId and status = 'Ordered'", new { orderId, now }) == 1;

    /// <summary>The plastic is there. An order that nobody called sent was sent all the same.</summary>
    /// <returns>False when the order was over before.</returns>
    public static async Task<bool> Personalise(this Work work, Guid orderId, DateTimeOffset now) =>
        await work.Change(
            """
            update orders
            set status = 'Personalised', sent_at = coalesce(sent_at, @now), finished_at = @now, emboss_name = null, street = null, city = null, postal_code = null, country = null
            where id = @orderId and status in ('Ordered', 'Sent')
            """,
            new { orderId, now }) == 1;

    /// <summary>There will be no plastic.</summary>
    /// <returns>False when the order was over before.</returns>
    public static async Task<bool> FailOrder(this Work work, Guid orderId, string reason, DateTimeOffset now) =>
        await work.Change(
            """
            update orders
            set status = 'Failed', reason = @reason, finished_at = @now, emboss_name = null, street = null, city = null, postal_code = null, country = null
            where id = @orderId and status in ('Ordered', 'Sent')
            """,
            new { orderId, reason, now }) == 1;

    public static Task<bool> AnyInProduction(this NpgsqlDataSource database, CancellationToken cancel) =>
        database.One<bool>("select exists (select from orders where status in ('Ordered', 'Sent'))", parameters: null, cancel);

    /// <summary>The oldest order of these programmes that has been in a state for long enough; another replica takes another.</summary>
    public static Task<PlasticOrder?> FindDue(this Work work, Guid[] programs, OrderStatus status, DateTimeOffset orderedBefore) =>
        work.One<PlasticOrder>(
            """
            select id, kind, partner_id, program_id, user_id, coalesce(card_id, stock_card_id) as card_id, status, reason, ordered_at, sent_at, finished_at
            from orders
            where program_id = any(@programs) and status = @status and ordered_at <= @orderedBefore
            order by ordered_at, id
            limit 1
            for update skip locked
            """,
            new { programs, status = status.ToString(), orderedBefore });
}
