using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>A card's record in the vault.</summary>
internal sealed record VaultCard
{
    public required Guid CardId { get; init; }
    public required Guid ProgrammeId { get; init; }
    public required int KeyVersion { get; init; }
    public required byte[] Pan { get; init; }
    public required string MaskedPan { get; init; }
    public required DateOnly Expiry { get; init; }
    public required int CvvCounter { get; init; }

    /// <summary>Null while the card has no PIN.</summary>
    public string? Pvv { get; init; }

    /// <summary>Never prints the PVV.</summary>
    public override string ToString() => $"card {CardId}";

    public EncryptedPan EncryptedPan => new(KeyVersion, Pan);
}

/// <summary>The next account number of a programme's range.</summary>
internal sealed record PanTicket
{
    public required string Range { get; init; }
    public required long Index { get; init; }
}

internal sealed record MaskedVaultCard
{
    public required Guid CardId { get; init; }
    public required string MaskedPan { get; init; }
}

internal static class VaultStore
{
    /// <summary>What the database calls its refusal of a number under a key that is unknown, not yet in use, or retired.</summary>
    public const string KeyInUse = "written_under_a_key_in_use";

    public static Task<VaultCard?> FindVaultCard(this NpgsqlDataSource database, Guid cardId, Guid partnerId, CancellationToken cancel) =>
        database.One<VaultCard>(
            """
            select card_id, programme_id, key_version, pan, masked_pan, expiry, cvv_counter, pvv
            from vault_cards
            where card_id = @cardId and partner_id = @partnerId and destroyed_at is null
            """,
            new { cardId, partnerId },
            cancel);

    /// <summary>The same with its row locked: what is decided from it holds until the work commits.</summary>
    public static Task<VaultCard?> FindVaultCardForChange(this Work work, Guid cardId, Guid partnerId) =>
        work.One<VaultCard>(
            """
            select card_id, programme_id, key_version, pan, masked_pan, expiry, cvv_counter, pvv
            from vault_cards
            where card_id = @cardId and partner_id = @partnerId and destroyed_at is null
            for update
            """,
            new { cardId, partnerId });

    public static Task<bool> IsDestroyed(this NpgsqlDataSource database, Guid cardId, CancellationToken cancel) =>
        database.One<bool>("select exists (select 1 from vault_cards where card_id = @cardId and destroyed_at is not null)", new { cardId }, cancel);

    /// <summary>Destroys what leads to a removed card's number. The row stays: its id never gets another.</summary>
    public static Task Destroy(this Work work, Guid cardId, Guid partnerId, DateTimeOffset now) =>
        work.Change(
            """
            update vault_cards
            set pan = null, pan_hmac = null, pvv = null, pin_set_at = null, destroyed_at = @now
            where card_id = @cardId and partner_id = @partnerId and destroyed_at is null
            """,
            new { cardId, partnerId, now });

    /// <returns>False when this request took effect before.</returns>
    public static async Task<bool> AddCvvReset(this Work work, Guid requestId, Guid cardId, DateTimeOffset now) =>
        await work.Change(
            "insert into vault_cvv_resets (request_id, card_id, reset_at) values (@requestId, @cardId, @now) on conflict do nothing",
            new { requestId, cardId, now }) == 1;

    public static Task SaveCvvCounter(this Work work, Guid cardId, int counter) =>
        work.Change("update vault_cards set cvv_counter = @counter where card_id = @cardId and destroyed_at is null", new { cardId, counter });

    public static Task SavePvv(this Work work, Guid cardId, string pvv, DateTimeOffset now) =>
        work.Change("update vault_cards set pvv = @pvv, pin_set_at = @now where card_id = @cardId and destroyed_at is null", new { cardId, pvv, now });

    public static Task<Guid?> FindPartnerOfCard(this Work work, Guid cardId) =>
        work.One<Guid?>("select partner_id from vault_cards where card_id = @cardId", new { cardId });

    /// <summary>Takes the next number of the programme's range; null when the range is full or the programme is not the partner's.</summary>
    public static Task<PanTicket?> TakeNextNumber(this Work work, Guid programId, Guid partnerId) =>
        work.One<PanTicket>(
            """
            update bin_ranges r
            set next_index = r.next_index + 1
            from programmes p
            where p.id = @programId and p.partner_id = @partnerId and r.id = p.bin_range_id and r.next_index < r.size
            returning r.range, r.next_index - 1 as index
            """,
            new { programId, partnerId });

    /// <returns>False when the card has a PAN already.</returns>
    public static async Task<bool> AddVaultCard(this Work work, VaultCard card, Guid partnerId, byte[] panHmac, DateTimeOffset now) =>
        await work.Change(
            """
            insert into vault_cards (card_id, partner_id, programme_id, key_version, pan, pan_hmac, masked_pan, expiry, cvv_counter, created_at)
            values (@CardId, @partnerId, @ProgrammeId, @KeyVersion, @Pan, @panHmac, @MaskedPan, @Expiry, 0, @now)
            on conflict (card_id) do nothing
            """,
            new { card.CardId, partnerId, card.ProgrammeId, card.KeyVersion, card.Pan, panHmac, card.MaskedPan, card.Expiry, now }) == 1;

    /// <summary>Takes the next <paramref name="count"/> numbers; null when the range has not as many or the programme is not the partner's.</summary>
    /// <returns>The first of them.</returns>
    public static Task<PanTicket?> TakeNextNumbers(this Work work, Guid programId, Guid partnerId, int count) =>
        work.One<PanTicket>(
            """
            update bin_ranges r
            set next_index = r.next_index + @count
            from programmes p
            where p.id = @programId and p.partner_id = @partnerId and r.id = p.bin_range_id and r.next_index + @count <= r.size
            returning r.range, r.next_index - @count as index
            """,
            new { programId, partnerId, count });

    /// <returns>False when one of the cards has a PAN already; then none is added.</returns>
    public static async Task<bool> AddVaultCards(
        this Work work, IReadOnlyList<(VaultCard Card, byte[] PanHmac)> cards, Guid partnerId, DateTimeOffset now, CancellationToken cancel)
    {
        await using var insert = work.Statement(
            """
            insert into vault_cards (card_id, partner_id, programme_id, key_version, pan, pan_hmac, masked_pan, expiry, cvv_counter, created_at)
            select card_id, $6, programme_id, key_version, pan, pan_hmac, masked_pan, $8, 0, $7
            from unnest($1, $2, $3, $4, $5, $9) as card (card_id, programme_id, key_version, pan, pan_hmac, masked_pan)
            on conflict (card_id) do nothing
            """);
        insert.Parameters.Add(new() { Value = cards.Select(card => card.Card.CardId).ToArray() });
        insert.Parameters.Add(new() { Value = cards.Select(card => card.Card.ProgrammeId).ToArray() });
        insert.Parameters.Add(new() { Value = cards.Select(card => card.Card.KeyVersion).ToArray() });
        insert.Parameters.Add(new() { Value = cards.Select(card => card.Card.Pan).ToArray() });
        insert.Parameters.Add(new() { Value = cards.Select(card => card.PanHmac).ToArray() });
        insert.Parameters.Add(new() { Value = partnerId });
        insert.Parameters.Add(new() { Value = now });
        insert.Parameters.Add(new() { Value = cards[0].Card.Expiry });
        insert.Parameters.Add(new() { Value = cards.Select(card => card.Card.MaskedPan).ToArray() });
        return await insert.ExecuteNonQueryAsync(cancel) == cards.Count;
    }

    /// <summary>Those of these cards that have a PAN.</summary>
    public static Task<IReadOnlyList<MaskedVaultCard>> ListMaskedPans(this NpgsqlDataSource database, Guid[] cardIds, Guid partnerId, CancellationToken cancel) =>
        database.Many<MaskedVaultCard>(
            "select card_id, masked_pan from vault_cards where card_id = any(@cardIds) and partner_id = @partnerId", new { cardIds, partnerId }, cancel);

    public static Task<VaultCard?> FindByPanHmac(this Work work, byte[] panHmac) =>
        work.One<VaultCard>(
            """
            select card_id, programme_id, key_version, pan, masked_pan, expiry, cvv_counter, pvv
            from vault_cards
            where pan_hmac = @panHmac
            """,
            new { panHmac });

    /// <summary>Notes the references as used. All of them, or false and the caller lets the work go.</summary>
    public static async Task<bool> UseOnce(this Work work, IReadOnlyList<OpenedReference> references, Guid? cardId, string usedBy, string usedFor, DateTimeOffset now) =>
        await work.Change(
            """
            insert into vault_reference_uses (reference_id, kind, card_id, used_by, used_for, used_at)
            select reference_id, kind, @cardId, @usedBy, @usedFor, @now
            from unnest(@ids, @kinds) as used (reference_id, kind)
            on conflict do nothing
            """,
            new
            {
                ids = references.Select(reference => reference.Id).ToArray(),
                kinds = references.Select(reference => SecretKinds.OnTheWire(reference.Kind)).ToArray(),
                cardId,
                usedBy,
                usedFor,
                now,
            }) == references.Count;
}
