using Antaca.CardService.Controls;
using Antaca.CardService.Issuing;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService;

/// <summary>A card that came to its end.</summary>
internal sealed record EndedCard
{
    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid UserId { get; init; }
}

internal static class CardStore
{
    /// <summary>The caller's card, to show. Unfinished cards are not there, nor, but for operators, plastic in production.</summary>
    public static Task<Card?> Find(this NpgsqlDataSource database, Guid cardId, Caller caller, CancellationToken cancel) =>
        database.One<Card>(
            """
            select id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at
            from cards
            where id = @cardId and status <> 'Issuing'
                and (@IsOperator or (user_id = @UserId and partner_id = @PartnerId and status <> 'Ordered'))
            """,
            new { cardId, caller.IsOperator, caller.UserId, caller.PartnerId },
            cancel);

    /// <summary>The caller's card with its row locked: what is decided from it holds until the work commits.</summary>
    public static Task<Card?> FindForChange(this Work work, Guid cardId, Caller caller) =>
        work.One<Card>(
            """
            select id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at
            from cards
            where id = @cardId and status <> 'Issuing'
                and (@IsOperator or (user_id = @UserId and partner_id = @PartnerId and status <> 'Ordered'))
            for update
            """,
            new { cardId, caller.IsOperator, caller.UserId, caller.PartnerId });

    /// <summary>The card that follows on the caller's, finished or not.</summary>
    public static Task<Card?> FindFollower(this NpgsqlDataSource database, Guid cardId, Caller caller, CancellationToken cancel) =>
        database.One<Card>(
            """
            select f.id, f.partner_id, f.user_id, f.program_id, f.balance_id, f.type, f.status, f.masked_card_no, f.exp, f.cardholder_name,
                f.lock_code, f.lock_source, f.locked_at, f.activated_at, f.pin_tries_left, f.replaced_by, f.created_at
            from cards c
            join cards f on f.id = c.replaced_by
            where c.id = @cardId and (@IsOperator or (c.user_id = @UserId and c.partner_id = @PartnerId))
            """,
            new { cardId, caller.IsOperator, caller.UserId, caller.PartnerId },
            cancel);

    /// <summary>A card of one of these programmes with its row locked, for the processor that serves them.</summary>
    public static Task<Card?> FindOfPrograms(this Work work, Guid cardId, Guid[] programs) =>
        work.One<Card>(
            """
            select id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at
            from cards
            where id = @cardId and program_id = any(@programs) and status <> 'Issuing'
            for update
            """,
            new { cardId, programs });

    /// <summary>The caller's cards, newest first.</summary>
    public static Task<IReadOnlyList<Card>> List(this NpgsqlDataSource database, Caller caller, PageRequest page, CancellationToken cancel) =>
        database.Many<Card>(
            """
            select id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at
            from cards
            where user_id = @UserId and partner_id = @PartnerId and status not in ('Issuing', 'Ordered')
                and (created_at, id) < (@At, @Id)
            order by created_at desc, id desc
            limit @Rows
            """,
            new { caller.UserId, caller.PartnerId, page.After.At, page.After.Id, page.Rows },
            cancel);

    /// <summary>Every partner's cards, newest first, for operators.</summary>
    /// <param name="customerId">Null for any user's.</param>
    /// <param name="status">Null for any.</param>
    public static Task<IReadOnlyList<Card>> ListAll(this NpgsqlDataSource database, Guid? customerId, string? status, PageRequest page, CancellationToken cancel) =>
        database.Many<Card>(
            """
            select id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at
            from cards
            where status <> 'Issuing' and (@customerId::uuid is null or user_id = @customerId) and (@status::text is null or status = @status)
                and (created_at, id) < (@At, @Id)
            order by created_at desc, id desc
            limit @Rows
            """,
            new { customerId, status, page.After.At, page.After.Id, page.Rows },
            cancel);

    /// <summary>How many of a user's cards are not over: those that are being issued too.</summary>
    public static Task<int> CountOpen(this NpgsqlDataSource database, Guid userId, Guid partnerId, DateOnly today, CancellationToken cancel) =>
        database.One<int>(
            """
            select count(*)::int
            from cards
            where user_id = @userId and partner_id = @partnerId and status not in ('Removed', 'Expired') and exp >= @today
            """,
            new { userId, partnerId, today },
            cancel);

    /// <summary>The same of one balance.</summary>
    public static Task<int> CountOpenOnBalance(
        this NpgsqlDataSource database, Guid balanceId, Guid userId, Guid partnerId, DateOnly today, CancellationToken cancel) =>
        database.One<int>(
            """
            select count(*)::int
            from cards
            where balance_id = @balanceId and user_id = @userId and partner_id = @partnerId and status not in ('Removed', 'Expired') and exp >= @today
            """,
            new { balanceId, userId, partnerId, today },
            cancel);

    /// <summary>The cards on one user's balance, newest first.</summary>
    public static Task<IReadOnlyList<Card>> ListOnBalance(
        this NpgsqlDataSource database, Guid balanceId, Guid partnerId, Guid userId, int limit, CancellationToken cancel) =>
        database.Many<Card>(
            """
            select id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at
            from cards
            where balance_id = @balanceId and user_id = @userId and partner_id = @partnerId and status not in ('Issuing', 'Ordered')
            order by created_at desc, id desc
            limit @limit
            """,
            new { balanceId, userId, partnerId, limit },
            cancel);

    /// <summary>
    /// The card of a transaction. Its owner does not speak here: the processor that asks must serve the card's programme,
    /// which whoever reads this card has to ask DataCore.
    /// </summary>
    public static Task<ControlledCard?> FindForAuthorisation(this NpgsqlDataSource database, Guid cardId, CancellationToken cancel) =>
        database.One<ControlledCard>(
            """
            select id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at, user_controls, issuer_controls
            from cards
            where id = @cardId and status <> 'Issuing'
            """,
            new { cardId },
            cancel);

    public static Task SaveLock(this Work work, Card locked) =>
        work.Change(
            """
            update cards
            set status = 'Locked', lock_code = @LockCode, lock_source = @source, locked_at = @LockedAt
            where id = @Id and status in ('Active', 'Locked')
            """,
            new { locked.Id, locked.LockCode, source = locked.LockSource.ToString(), locked.LockedAt });

    public static Task SaveUnlock(this Work work, Card unlocked) =>
        work.Change(
            """
            update cards
            set status = 'Active', lock_code = null, lock_source = null, locked_at = null, pin_tries_left = @PinTriesLeft
            where id = @Id and status = 'Locked'
            """,
            new { unlocked.Id, unlocked.PinTriesLeft });

    /// <summary>Puts plastic into use.</summary>
    /// <returns>False when it was not waiting for that.</returns>
    public static async Task<bool> ActivatePlastic(this Work work, Guid cardId, DateTimeOffset now) =>
        await work.Change("update cards set status = 'Active', activated_at = @now where id = @cardId and status = 'Inactive'", new { cardId, now }) == 1;

    /// <summary>Ends a card for good, whatever state it is in.</summary>
    /// <returns>False when it was over before.</returns>
    public static async Task<bool> Remove(this Work work, Guid cardId, DateTimeOffset now) =>
        await work.Change(
            """
            update cards
            set status = 'Removed', lock_code = null, lock_source = null, locked_at = null, ended_at = @now
            where id = @cardId and status in ('Inactive', 'Active', 'Locked', 'Expired')
            """,
            new { cardId, now }) == 1;

    /// <summary>A PIN was set: all tries are there again. What is heard late changes nothing.</summary>
    public static Task SavePin(this Work work, Guid cardId, Guid partnerId, DateTimeOffset setAt) =>
        work.Change(
            """
            update cards
            set pin_tries_left = @tries, pin_set_at = @setAt
            where id = @cardId and partner_id = @partnerId and (pin_set_at is null or pin_set_at < @setAt)
            """,
            new { cardId, partnerId, tries = Card.PinTries, setAt });

    /// <summary>Ends the cards whose last day is past, up to <paramref name="most"/>; replicas end different ones.</summary>
    public static Task<IReadOnlyList<EndedCard>> Expire(this Work work, DateOnly today, int most, DateTimeOffset now) =>
        work.Many<EndedCard>(
            """
            update cards
            set status = 'Expired', lock_code = null, lock_source = null, locked_at = null, ended_at = @now
            where id in (
                select id
                from cards
                where (status in ('Inactive', 'Active') or lock_code in (3, 4, 6, 7)) and exp < @today
                order by exp
                limit @most
                for update skip locked
            )
            returning id, partner_id, user_id
            """,
            new { today, most, now });

    /// <summary>Names the card that follows on another; both are one user's in one programme.</summary>
    /// <returns>False when there is no such pair, or one of the two has its follower already.</returns>
    public static async Task<bool> ReplaceBy(this Work work, Card card, Guid replacement)
    {
        try
        {
            return await work.Change(
                """
                update cards c
                set replaced_by = @replacement
                where c.id = @Id and c.replaced_by is null and c.id <> @replacement and exists (
                    select from cards follower
                    where follower.id = @replacement and follower.user_id = @UserId and follower.program_id = @ProgramId
                        and follower.partner_id = @PartnerId and follower.status in ('Issuing', 'Ordered', 'Inactive', 'Active', 'Locked'))
                    and not exists (select from cards other where other.replaced_by = @replacement)
                """,
                new { card.Id, card.UserId, card.ProgramId, card.PartnerId, replacement }) == 1;
        }
        catch (PostgresException taken) when (taken.ConstraintName == "cards_replaced")
        {
            return false;
        }
    }

    /// <summary>Begins a card: it stays unseen until <see cref="Activate"/>.</summary>
    /// <param name="claimedUntil">Until then it is being worked on, and nobody else takes it up.</param>
    public static Task Insert(this Work work, Card card, DateTimeOffset claimedUntil) =>
        work.Change(
            """
            insert into cards (id, partner_id, user_id, program_id, balance_id, type, status, exp, cardholder_name, claimed_until, created_at)
            values (@Id, @PartnerId, @UserId, @ProgramId, @BalanceId, @type, 'Issuing', @Exp, @CardholderName, @claimedUntil, @CreatedAt)
            """,
            new
            {
                card.Id,
                card.PartnerId,
                card.UserId,
                card.ProgramId,
                card.BalanceId,
                type = card.Type.ToString(),
                card.Exp,
                card.CardholderName,
                claimedUntil,
                card.CreatedAt,
            });

    /// <summary>Ties an Idempotency-Key to the card.</summary>
    /// <returns>False when the key has a card already.</returns>
    public static async Task<bool> TakeKey(this Work work, Idempotency once, byte[] fingerprint, Guid cardId) =>
        await work.Change(
            """
            insert into issue_requests (owner, key, fingerprint, card_id)
            values (@Owner, @Key, @fingerprint, @cardId)
            on conflict (owner, key) do nothing
            """,
            new { once.Owner, once.Key, fingerprint, cardId }) == 1;

    /// <summary>The card that this Idempotency-Key issued before, finished or not.</summary>
    public static Task<IssueRequest?> FindIssueRequest(this NpgsqlDataSource database, Idempotency once, CancellationToken cancel) =>
        database.One<IssueRequest>(
            "select card_id, fingerprint from issue_requests where owner = @Owner and key = @Key",
            new { once.Owner, once.Key },
            cancel);

    /// <summary>A card that was begun, finished or not, to be answered for by its own Idempotency-Key.</summary>
    public static Task<Card?> FindBegun(this NpgsqlDataSource database, Guid cardId, Caller caller, CancellationToken cancel) =>
        database.One<Card>(
            """
            select id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at
            from cards
            where id = @cardId and user_id = @UserId and (@IsOperator or partner_id = @PartnerId)
            """,
            new { cardId, caller.IsOperator, caller.UserId, caller.PartnerId },
            cancel);

    /// <summary>Takes up an unfinished card that nobody works on.</summary>
    public static async Task<bool> Claim(this Work work, Guid cardId, DateTimeOffset now, DateTimeOffset until) =>
        await work.Change(
            "update cards set claimed_until = @until where id = @cardId and status = 'Issuing' and claimed_until <= @now",
            new { cardId, now, until }) == 1;

    /// <summary>Takes up the unfinished card that has waited longest with nobody working on it; replicas take different ones.</summary>
    public static Task<Card?> ClaimAny(this Work work, DateTimeOffset now, DateTimeOffset until) =>
        work.One<Card>(
            """
            update cards
            set claimed_until = @until
            where status = 'Issuing' and id = (
                select id
                from cards
                where status = 'Issuing' and claimed_until <= @now
                order by claimed_until
                limit 1
                for update skip locked
            )
            returning id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at
            """,
            new { now, until });

    /// <summary>Gives an unfinished card back, so that the next who comes may finish it at once.</summary>
    public static Task Release(this Work work, Guid cardId, DateTimeOffset now) =>
        work.Change("update cards set claimed_until = @now where id = @cardId and status = 'Issuing'", new { cardId, now });

    /// <summary>Finishes an issued card: it has its number, and everyone who may sees it.</summary>
    /// <returns>False when it was finished already.</returns>
    public static async Task<bool> Activate(this Work work, Guid cardId, string maskedCardNo, DateTimeOffset now) =>
        await work.Change(
            """
            update cards
            set status = 'Active', masked_card_no = @maskedCardNo, activated_at = @now, claimed_until = null
            where id = @cardId and status = 'Issuing'
            """,
            new { cardId, maskedCardNo, now }) == 1;

    /// <summary>Finishes a card of plastic: it has its number, and waits for the bureau, unseen by its user.</summary>
    /// <returns>False when it was finished already.</returns>
    public static async Task<bool> Order(this Work work, Guid cardId, string maskedCardNo) =>
        await work.Change(
            "update cards set status = 'Ordered', masked_card_no = @maskedCardNo, claimed_until = null where id = @cardId and status = 'Issuing'",
            new { cardId, maskedCardNo }) == 1;

    /// <summary>Drops a card that will never have a number, and with it the key it was asked for under.</summary>
    public static Task Drop(this Work work, Guid cardId) =>
        work.Change("delete from cards where id = @cardId and status = 'Issuing'", new { cardId });
}
