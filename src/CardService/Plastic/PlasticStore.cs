using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>What becomes of a card through its plastic.</summary>
internal static class PlasticStore
{
    /// <summary>The last day of a card that is to have plastic, of a user's or of the stock; null when it is removed.</summary>
    public static Task<DateOnly?> FindExpOfPlastic(this NpgsqlDataSource database, Guid cardId, CancellationToken cancel) =>
        database.One<DateOnly?>(
            """
            select exp from cards where id = @cardId and status not in ('Issuing', 'Removed', 'Expired')
            union all
            select exp from stock_cards where id = @cardId and status = 'Ordered'
            """,
            new { cardId },
            cancel);

    /// <summary>Shows a personalised card to its user.</summary>
    public static Task ShowToUser(this Work work, Guid cardId, Guid partnerId) =>
        work.Change(
            "update cards set status = 'Inactive' where id = @cardId and partner_id = @partnerId and type = 'Physical' and status = 'Ordered'",
            new { cardId, partnerId });

    /// <summary>Ends a card whose plastic could not be made, and which nobody has used.</summary>
    public static Task RemoveUnmade(this Work work, Guid cardId) =>
        work.Change("update cards set status = 'Removed' where id = @cardId and type = 'Physical' and status = 'Ordered'", new { cardId });

    /// <returns>False when the card is not an active virtual one any more.</returns>
    public static async Task<bool> Print(this Work work, Guid cardId) =>
        await work.Change("update cards set type = 'DigitalFirst' where id = @cardId and type = 'Virtual' and status = 'Active'", new { cardId }) == 1;

    /// <summary>Makes a card whose plastic could not be made what it was, whatever else has become of it: it can be printed again.</summary>
    public static Task TakeBackPrint(this Work work, Guid cardId) =>
        work.Change("update cards set type = 'Virtual' where id = @cardId and type = 'DigitalFirst'", new { cardId });

    /// <summary>A card of the stock whose plastic is made: it can be linked.</summary>
    public static Task PutInStock(this Work work, Guid cardId) =>
        work.Change("update stock_cards set status = 'InStock' where id = @cardId and status = 'Ordered'", new { cardId });

    public static Task RemoveFromStock(this Work work, Guid cardId) =>
        work.Change("update stock_cards set status = 'Removed' where id = @cardId and status = 'Ordered'", new { cardId });
}
