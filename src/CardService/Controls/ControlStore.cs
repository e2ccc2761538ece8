using System.Text.Json;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Controls;

internal static class ControlStore
{
    /// <summary>The caller's card and what it may be used for, to show: the same cards as <see cref="CardStore.Find"/>.</summary>
    public static Task<ControlledCard?> FindControls(this NpgsqlDataSource database, Guid cardId, Caller caller, CancellationToken cancel) =>
        database.One<ControlledCard>(
            """
            select id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at, user_controls, issuer_controls
            from cards
            where id = @cardId and status <> 'Issuing'
                and (@IsOperator or (user_id = @UserId and partner_id = @PartnerId and status <> 'Ordered'))
            """,
            new { cardId, caller.IsOperator, caller.UserId, caller.PartnerId },
            cancel);

    /// <summary>The same with the row locked: what is decided from it holds until the work commits.</summary>
    public static Task<ControlledCard?> FindControlsForChange(this Work work, Guid cardId, Caller caller) =>
        work.One<ControlledCard>(
            """
            select id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, cardholder_name,
                lock_code, lock_source, locked_at, activated_at, pin_tries_left, replaced_by, created_at, user_controls, issuer_controls
            from cards
            where id = @cardId and status <> 'Issuing'
                and (@IsOperator or (user_id = @UserId and partner_id = @PartnerId and status <> 'Ordered'))
            for update
            """,
            new { cardId, caller.IsOperator, caller.UserId, caller.PartnerId });

    /// <returns>False when its user said just this before.</returns>
    public static async Task<bool> SaveUserControls(this Work work, Guid cardId, string rules) =>
        await work.Change(
            """
            update cards
            set user_controls = @rules::jsonb
            where id = @cardId and status not in ('Removed', 'Expired') and user_controls is distinct from @rules::jsonb
            """,
            new { cardId, rules }) == 1;

    /// <returns>False when its issuer said just this before.</returns>
    public static async Task<bool> SaveIssuerControls(this Work work, Guid cardId, string rules) =>
        await work.Change(
            """
            update cards
            set issuer_controls = @rules::jsonb
            where id = @cardId and status not in ('Removed', 'Expired') and issuer_controls is distinct from @rules::jsonb
            """,
            new { cardId, rules }) == 1;

    /// <summary>What a card may be used for goes over to the one that follows on it.</summary>
    public static Task HandControlsOn(this Work work, Guid cardId, Guid followerId) =>
        work.Change(
            """
            update cards follower
            set user_controls = c.user_controls, issuer_controls = c.issuer_controls
            from cards c
            where follower.id = @followerId and c.id = @cardId and follower.user_id = c.user_id and follower.partner_id = c.partner_id
            """,
            new { cardId, followerId });

    /// <summary>The rules as the table has them.</summary>
    public static string Kept(this SpendRules rules) => JsonSerializer.Serialize(rules, SpendRulesJson.Default.SpendRules);
}
