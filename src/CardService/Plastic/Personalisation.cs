using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;

namespace Antaca.CardService.Plastic;

/// <summary>An order as its bureau sees it: without a secret.</summary>
/// <param name="Printed">Whether number, expiry and name are to be seen on the plastic.</param>
internal sealed record PersonalisationView(
    Guid OrderId,
    Guid CardId,
    Guid ProgramId,
    OrderKind Kind,
    bool Printed,
    OrderStatus Status,
    string? Design,
    string? Reason,
    DateTimeOffset OrderedAt,
    DateTimeOffset? SentAt,
    DateTimeOffset? FinishedAt)
{
    public static PersonalisationView Of(PlasticOrder order) => new(
        order.Id, order.CardId, order.ProgramId, order.Kind, order.Printed, order.Status, order.Design, order.Reason, order.OrderedAt, order.SentAt, order.FinishedAt);
}

/// <summary>
/// The bureau's word on an order, whichever way it comes. It is the truth, and may come twice, late or in any order: the
/// first end is the end, and whatever is said of an order that is further already changes nothing.
/// </summary>
internal static class Personalisation
{
    /// <summary>The bureau has the order.</summary>
    public static async Task<PlasticOrder> Sent(this Work work, PlasticOrder order, DateTimeOffset now) =>
        await work.Send(order.Id, now) ? order with { Status = OrderStatus.Sent, SentAt = now } : order;

    /// <summary>The plastic is made. A card of the stock can be linked from now on; a user's card is shown by <see cref="ShowPersonalisedCard"/>.</summary>
    /// <returns>The order as it is now: Failed when it had failed before.</returns>
    public static async Task<PlasticOrder> Confirm(this Work work, PlasticOrder order, DateTimeOffset now)
    {
        if (!await work.Personalise(order.Id, now))
        {
            return order;
        }
        if (order.Kind == OrderKind.Stock)
        {
            await work.PutInStock(order.CardId);
        }
        work.Owe(new PhysicalCardPersonalised(order.PartnerId, order.UserId, order.CardId, order.Id, now));
        return order with { Status = OrderStatus.Personalised, SentAt = order.SentAt ?? now, FinishedAt = now };
    }

    /// <summary>The plastic cannot be made: a card that is nothing without it is removed, one in use is virtual again.</summary>
    /// <returns>The order as it is now: Personalised when it had been before.</returns>
    public static async Task<PlasticOrder> Fail(this Work work, PlasticOrder order, string reason, DateTimeOffset now)
    {
        if (!await work.FailOrder(order.Id, reason, now))
        {
            return order;
        }
        await (order.Kind switch
        {
            OrderKind.Physical => work.RemoveUnmade(order.CardId),
            OrderKind.Stock => work.RemoveFromStock(order.CardId),
            _ => work.TakeBackPrint(order.CardId),
        });
        work.Owe(new PhysicalCardFailed(order.PartnerId, order.UserId, order.CardId, order.Id, order.Kind.ToString(), now));
        return order with { Status = OrderStatus.Failed, Reason = reason, FinishedAt = now };
    }
}
