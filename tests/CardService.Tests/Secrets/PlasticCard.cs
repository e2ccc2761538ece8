using Antaca.CardService.Tests.Plastic;
using Antaca.TestKit;

namespace Antaca.CardService.Tests.Secrets;

/// <summary>Plastic in its user's hands, in use, with money behind it.</summary>
internal sealed record PlasticCard(Bureau Bureau, Holder Holder, Guid Id, string Number)
{
    public static async Task<PlasticCard> New(Suite suite)
    {
        var bureau = await Bureau.New(suite);
        var user = await suite.NewAcceptedUser(bureau.PartnerId, bureau.ProgramId);
        var holder = new Holder(suite, user, await suite.NewBalance(user, 100_000));
        var (orderId, cardId) = await holder.Ordered();
        var record = (await bureau.Record(orderId)).Must(200);
        var number = (await bureau.Secrets(record))["cardNo"];
        (await bureau.Sent(orderId)).Must(200);
        (await bureau.Confirm(orderId)).Must(200);
        await holder.Seen(cardId);
        (await holder.Partner.Post($"/cards/{cardId}/activate")).Must(200);
        return new PlasticCard(bureau, holder, cardId, number);
    }
}
