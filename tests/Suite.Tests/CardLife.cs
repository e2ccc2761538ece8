using Antaca.Client;
using Antaca.TestKit;

namespace Antaca.Suite.Tests;

/// <summary>The rest of a card's life, with the SDK, by partner, processor and app: whatever carries a number, a CVV or a PIN.</summary>
internal sealed class CardLife(AntacaClient partner, ProcessorClient processor, MobileClient app, Journey journey)
{
    public const string CardPin = "8264";
    public const string AppPin = "739182";

    /// <summary>A block that nobody can read, under a key that nobody has.</summary>
    public const string PinBlock = "C0FFEE00D15EA5E0C0FFEE11D15EA5E1";

    private static readonly Address _address = new("Freta 16", "Warszawa", "00-227", "PL");

    public List<string> Numbers { get; } = [];

    public List<string> Cvvs { get; } = [];

    public async Task<CardLife> Live()
    {
        var plastic = await Plastic();
        await partner.ActivateCard(journey.UserId, plastic);
        await partner.SetPin(journey.UserId, plastic, CardPin);
        var payment = new AuthorisationRequest
        {
            TransactionId = Guid.CreateVersion7().ToString("N"),
            Type = AuthorisationType.Purchase,
            CardId = plastic,
            PinBlock = new PinBlock(PinBlockFormat.Iso4, PinBlock, Guid.CreateVersion7()),
            Amount = new Money(100, "PLN"),
            Merchant = new Merchant("MID-1", "Corner Shop", "5411", "PL"),
            Channel = EntryChannel.Pos,
            TransmittedAt = TimeProvider.System.GetUtcNow(),
        };
        Expect("PIN_BLOCK_INVALID", (await processor.Authorise(payment)).Reason);
        await processor.LockOutside(new NewOutsideLock { CardNo = Numbers[0], Code = LockCode.Stolen, Source = OutsideSource.Mastercard });
        await FromStock();
        await ByApp();
        await partner.RemoveCard(journey.UserId, plastic);
        return this;
    }

    private async Task<Guid> Plastic()
    {
        var order = await partner.OrderPhysicalCard(journey.UserId, new NewPhysicalCard { BalanceId = journey.BalanceId, EmbossName = "MARIA SKLODOWSKA", DeliveryAddress = _address });
        await Make(order.OrderId);
        await Eventually.Holds(async () => (await partner.ListCards(journey.UserId, limit: 200)).Items.Any(card => card.Id == order.CardId), "the plastic to be shown");
        return order.CardId;
    }

    private async Task FromStock()
    {
        var stock = await processor.RegisterStock(TestUsers.SandboxProgram, cards: 1, design: "canary");
        var order = (await processor.ListPersonalisations(limit: 200)).Items.First(order => order.Design == "canary");
        await Make(order.OrderId);
        await partner.LinkCard(journey.UserId, Numbers[^1], stock.Exp, journey.BalanceId);
    }

    /// <summary>The record first: once the sandbox's own bureau has confirmed it is not shown any more.</summary>
    private async Task Make(Guid orderId)
    {
        var record = await processor.GetPersonalisationRecord(orderId);
        Numbers.Add(record.CardNo);
        Cvvs.AddRange([record.Cvv1, record.Icvv, record.Cvv2!]);
        await processor.ConfirmPersonalisation(orderId);
    }

    /// <summary>A card asked for without waiting, seen, reset, given plastic, and a PIN of its own.</summary>
    private async Task ByApp()
    {
        var code = await partner.CreateActivationCode(journey.UserId);
        await app.Pair(new Pairing { Phone = journey.Phone, ActivationCode = code.Code, DeviceId = "canary", DeviceName = "Canary", Pin = AppPin });
        var asked = await app.RequestVirtualCard(journey.BalanceId);
        var card = (await app.WaitForCard(asked.RequestId)).CardId!.Value;
        foreach (var secrets in new[] { await app.GetCard(card), await app.ResetCvv(card) })
        {
            Numbers.Add(secrets.CardNo);
            Cvvs.Add(secrets.Cvv);
        }
        await app.PrintCard(card, _address);
        await app.SetPin(card, CardPin);
    }

    private static void Expect(string expected, string? was)
    {
        if (was != expected)
        {
            throw new InvalidOperationException($"Expected {expected} but was {was}.");
        }
    }
}
