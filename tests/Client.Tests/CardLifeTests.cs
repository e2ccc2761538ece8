using System.Buffers.Text;
using System.Security.Cryptography;
using Antaca.TestKit;
using Npgsql;

namespace Antaca.Client.Tests;

/// <summary>A card's life through the SDK, against the real suite: every route of it is called, and what comes back is read.</summary>
public sealed class CardLifeTests(SuiteWithClients suite) : IClassFixture<SuiteWithClients>, IDisposable
{
    private const string CardPin = "7391";
    private const string OtherPin = "2846";

    private static readonly Merchant _merchant = new("MID-1", "Corner Shop", "5411", "PL");

    private readonly InMemoryKeyStore _keys = new();

    private AntacaClient Partner => suite.AsPartner;

    private ProcessorClient Processor => suite.AsProcessor;

    private OperatorClient Operators => suite.AsOperator;

    public void Dispose() => _keys.Dispose();

    [Fact]
    public async Task Plastic_is_ordered_made_activated_and_paid_with_by_PIN()
    {
        var holder = await suite.NewHolder();
        var taken = await Partner.OrderPhysicalCard(holder.Id, Plastic(holder) with { Design = "gold" });
        Assert.Equal(OrderStatus.Ordered, taken.Status);
        Assert.Contains((await Partner.GetOrder(holder.Id, taken.OrderId)).Status, new[] { OrderStatus.Ordered, OrderStatus.Sent });
        Assert.Empty((await Partner.ListCards(holder.Id)).Items);

        var record = await Processor.GetPersonalisationRecord(taken.OrderId);
        Assert.Equal((taken.CardId, OrderKind.Physical, true, "gold", "ANNA NOWAK"), (record.CardId, record.Kind, record.Printed, record.Design, record.CardholderName));
        Assert.Equal((16, 4, 3, 3, 3), (record.CardNo.Length, record.Expiry.Length, record.Cvv1.Length, record.Icvv.Length, record.Cvv2!.Length));
        Assert.Null(record.Pvv);
        Assert.Equal(Wire.Address, record.DeliveryAddress);

        Assert.Equal(OrderStatus.Sent, (await Processor.MarkOrderSent(taken.OrderId)).Status);
        Assert.Contains((await Processor.ListPersonalisations(OrderStatus.Sent, limit: 200)).Items, order => order.OrderId == taken.OrderId);
        Assert.Equal(OrderStatus.Personalised, (await Processor.ConfirmPersonalisation(taken.OrderId)).Status);
        var order = await Partner.GetOrder(holder.Id, taken.OrderId);
        Assert.Equal((OrderStatus.Personalised, true, true), (order.Status, order.SentAt is not null, order.FinishedAt is not null));
        await Refused("ORDER_STATE", () => Processor.GetPersonalisationRecord(taken.OrderId));
        await Refused("ORDER_STATE", () => Processor.FailPersonalisation(taken.OrderId, "Damaged"));

        var card = await Shown(() => Partner.GetCardSummary(holder.Id, taken.CardId));
        Assert.Equal((CardType.Physical, CardStatus.Inactive, null, new PinState(false, 0)), (card.Type, card.Status, card.ActivationDate, card.Pin));
        card = await Partner.ActivateCard(holder.Id, card.Id);
        Assert.Equal((CardStatus.Active, true), (card.Status, card.ActivationDate is not null));
        await Refused("PIN_TOO_SIMPLE", () => Partner.SetPin(holder.Id, card.Id, "1234"));
        Assert.Equal(new PinState(true, 3), (await Partner.SetPin(holder.Id, card.Id, CardPin)).Pin);

        using var rsa = RSA.Create(2048);
        Assert.True(Jose.RsaPublicKey.TryParse(Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo()), out var theirs));
        using (theirs)
        {
            var key = await Operators.CreatePinKey("sandbox", PinBlockFormat.Iso4, theirs.Jwk);
            var zone = rsa.Decrypt(Base64Url.DecodeFromChars(key.WrappedKey), RSAEncryptionPadding.OaepSHA256);
            var listed = Assert.Single((await Operators.ListPinKeys("sandbox")).Items, listed => listed.KeyId == key.KeyId);
            Assert.Equal((key.Format, key.CheckValue, "sandbox"), (listed.Format, listed.CheckValue, listed.Processor));

            Assert.Equal("0000", (await Pay(AtTerminal(Block(CardPin)))).ActionCode);
            Assert.Equal("1017", (await Pay(AtTerminal(Block(OtherPin)))).ActionCode);
            Assert.Equal(new PinState(true, 2), (await Partner.GetCardSummary(holder.Id, card.Id)).Pin);

            PinBlock Block(string pin) => new(PinBlockFormat.Iso4, Convert.ToHexString(Iso4(zone, pin, record.CardNo)), key.KeyId);
        }

        AuthorisationRequest AtTerminal(PinBlock block) => Payment() with { CardId = card.Id, PinBlock = block, Channel = EntryChannel.Pos };
    }

    [Fact]
    public async Task Apps_and_operators_order_and_activate_plastic_too()
    {
        var holder = await suite.NewHolder();
        var app = await suite.AppOf(holder, _keys);

        var mine = await app.OrderPhysicalCard(Plastic(holder));
        Assert.Equal(mine.CardId, (await app.GetOrder(mine.OrderId)).CardId);
        await Processor.ConfirmPersonalisation(mine.OrderId);
        await Shown(() => app.GetCardSummary(mine.CardId));
        Assert.Equal(CardStatus.Active, (await app.ActivateCard(mine.CardId)).Status);
        Assert.True((await app.SetPin(mine.CardId, CardPin)).Pin!.Set);
        Assert.True((await app.SetPin(mine.CardId, OtherPin, AppSide.Pin)).Pin!.Set);
        await Refused("CARD_CVV_PRINTED", () => app.ResetCvv(mine.CardId));

        var theirs = await Operators.OrderPhysicalCard(holder.Id, Plastic(holder));
        Assert.Equal(theirs.CardId, (await Operators.GetOrder(holder.Id, theirs.OrderId)).CardId);
        Assert.Equal(CardStatus.Ordered, (await Operators.GetCardSummary(theirs.CardId)).Status);
        await Refused("CARD_IN_PRODUCTION", () => Operators.RemoveCard(theirs.CardId));
        Assert.Equal(("Damaged", OrderStatus.Failed), (await Processor.FailPersonalisation(theirs.OrderId, "Damaged")) is var failed ? (failed.Reason, failed.Status) : default);
        Assert.Equal("Damaged", (await app.GetOrder(theirs.OrderId)).Reason);

        var third = await Operators.OrderPhysicalCard(holder.Id, Plastic(holder));
        await Processor.ConfirmPersonalisation(third.OrderId);
        await Eventually.Holds(async () => (await Operators.GetCardSummary(third.CardId)).Status == CardStatus.Inactive, "the card to be shown");
        Assert.Equal((CardStatus.Active, holder.Id), (await Operators.ActivateCard(third.CardId)) is var active ? (active.Status, active.CustomerId!.Value) : default);
    }

    [Fact]
    public async Task A_virtual_card_gets_another_CVV_plastic_and_a_PIN()
    {
        var holder = await suite.NewHolder();
        var app = await suite.AppOf(holder, _keys);
        var card = await app.CreateVirtualCard(holder.BalanceId);
        await Refused("CARD_HAS_NO_PIN", () => app.SetPin(card.Id, CardPin));

        var reset = await app.ResetCvv(card.Id, idempotencyKey: "reset-1");
        Assert.Equal((card.Id, card.CardNo, card.Exp), (reset.Id, reset.CardNo, reset.Exp));
        Assert.NotEqual(card.Cvv, reset.Cvv);
        Assert.Equal(reset.Cvv, (await app.ResetCvv(card.Id, AppSide.Pin, "reset-1")).Cvv);
        Assert.Equal("1022", (await Pay(ByNumber(card.CardNo, card.Exp, card.Cvv))).ActionCode);
        Assert.Equal("0000", (await Pay(ByNumber(reset.CardNo, reset.Exp, reset.Cvv))).ActionCode);

        Assert.Equal(card.Id, (await Operators.ResetCvv(card.Id)).Id);
        Assert.Equal("1022", (await Pay(ByNumber(reset.CardNo, reset.Exp, reset.Cvv))).ActionCode);

        var printed = await app.PrintCard(card.Id, Wire.Address);
        Assert.Equal(card.Id, printed.CardId);
        Assert.Equal(CardType.DigitalFirst, (await app.GetCardSummary(card.Id)).Type);
        Assert.True((await app.SetPin(card.Id, CardPin)).Pin!.Set);
        var record = await Processor.GetPersonalisationRecord(printed.OrderId);
        Assert.Equal((OrderKind.DigitalFirst, false, null, true), (record.Kind, record.Printed, record.Cvv2, record.Pvv is not null));
        Assert.Empty(record.EmbossLines);
        await Refused("CARD_NOT_PRINTABLE", () => Partner.PrintCard(holder.Id, card.Id, Wire.Address));
        await Refused("CARD_NOT_PRINTABLE", () => Operators.PrintCard(card.Id, Wire.Address));
    }

    [Fact]
    public async Task A_card_is_asked_for_and_comes()
    {
        var holder = await suite.NewHolder();
        var app = await suite.AppOf(holder, _keys);

        var asked = await Partner.RequestVirtualCard(holder.Id, holder.BalanceId, "Anna Nowak", "async-1");
        var done = await Partner.WaitForCard(holder.Id, asked.RequestId);
        Assert.Equal((asked.RequestId, CardRequestStatus.Done), (done.RequestId, done.Status));
        Assert.Equal(16, (await Partner.GetCard(holder.Id, done.CardId!.Value)).CardNo.Length);
        Assert.Equal(asked.RequestId, (await Partner.RequestVirtualCard(holder.Id, holder.BalanceId, "Anna Nowak", "async-1")).RequestId);

        var mine = await app.WaitForCard((await app.RequestVirtualCard(holder.BalanceId)).RequestId);
        Assert.Equal(CardRequestStatus.Done, mine.Status);
        Assert.Equal([mine.CardId!.Value, done.CardId.Value], (await app.ListCards()).Items.Select(card => card.Id));
        await Refused("REQUEST_NOT_FOUND", () => app.WaitForCard(Wire.CardId));
    }

    [Fact]
    public async Task A_card_is_replaced_and_removed()
    {
        var holder = await suite.NewHolder();
        var app = await suite.AppOf(holder, _keys);
        var cards = new List<Guid>();
        for (var i = 0; i < 4; i++)
        {
            cards.Add((await Partner.CreateVirtualCard(holder.Id, holder.BalanceId)).Id);
        }

        var replaced = await Partner.LockCard(holder.Id, cards[0], LockCode.Replaced, cards[1]);
        Assert.Equal((CardStatus.Locked, LockCode.Replaced, cards[1]), (replaced.Status, replaced.Lock!.Code, replaced.ReplacedBy));
        Assert.Equal(cards[2], (await app.LockCard(cards[1], LockCode.Replaced, cards[2])).ReplacedBy);
        Assert.Equal(cards[3], (await Operators.LockCard(cards[2], LockCode.Replaced, cards[3])).ReplacedBy);
        var refusal = await Refused("VALIDATION_FAILED", () => Partner.LockCard(holder.Id, cards[3], LockCode.Lost, cards[0]));
        Assert.Contains("replacedBy", refusal.Errors.Keys);

        await Partner.RemoveCard(holder.Id, cards[0]);
        await app.RemoveCard(cards[1]);
        await Operators.RemoveCard(cards[2]);
        await Partner.RemoveCard(holder.Id, cards[2]);
        foreach (var removed in cards[..3])
        {
            Assert.Equal(CardStatus.Removed, (await Operators.GetCardSummary(removed)).Status);
        }
        await Eventually.Holds(
            async () => await Record.ExceptionAsync(() => Partner.GetCard(holder.Id, cards[0])) is AntacaException { Code: "CARD_NOT_FOUND" },
            "the number to be destroyed");
    }

    [Fact]
    public async Task A_card_is_locked_from_outside()
    {
        var holder = await suite.NewHolder();
        var card = await Partner.CreateVirtualCard(holder.Id, holder.BalanceId);

        var locked = await Processor.LockOutside(new NewOutsideLock { CardNo = card.CardNo, Code = LockCode.SuspectedFraud, Source = OutsideSource.Visa });
        Assert.Equal((card.Id, CardStatus.Locked, LockCode.SuspectedFraud), (locked.CardId, locked.Status, locked.Lock.Code));
        await Processor.LockOutside(new NewOutsideLock { CardId = card.Id, Code = LockCode.Stolen, Source = OutsideSource.Mastercard });

        var seen = (await Partner.GetCardSummary(holder.Id, card.Id)).Lock!;
        Assert.Equal((LockCode.Stolen, "Mastercard", true), (seen.Code, seen.Source, seen.Irreversible));
        await Refused("LOCK_IRREVERSIBLE", () => Processor.LockOutside(new NewOutsideLock { CardId = card.Id, Code = LockCode.Lost, Source = OutsideSource.Visa }));
        await Refused("CARD_NOT_FOUND", () => Processor.LockOutside(new NewOutsideLock { CardId = Wire.CardId, Code = LockCode.Lost, Source = OutsideSource.Visa }));
    }

    [Fact]
    public async Task A_card_is_renewed_when_it_is_due()
    {
        var holder = await suite.NewHolder();
        var first = await Partner.CreateVirtualCard(holder.Id, holder.BalanceId);
        await Refused("CARD_NOT_DUE", () => Partner.RenewCard(holder.Id, first.Id));
        await Refused("CARD_NOT_DUE", () => Operators.RenewCard(first.Id));

        await using (var due = suite.Database("cards").CreateCommand("update cards set exp = $2 where id = $1"))
        {
            due.Parameters.Add(new NpgsqlParameter { Value = first.Id });
            var now = suite.Clock.GetUtcNow();
            due.Parameters.Add(new NpgsqlParameter { Value = new DateOnly(now.Year, now.Month, DateTime.DaysInMonth(now.Year, now.Month)) });
            Assert.Equal(1, await due.ExecuteNonQueryAsync());
        }
        var next = await Partner.RenewCard(holder.Id, first.Id);

        Assert.NotEqual(first.Id, next.Id);
        Assert.Equal(CardStatus.Active, next.Status);
        Assert.Equal(next.Id, (await Operators.RenewCard(first.Id)).Id);
        Assert.Equal(next.Id, (await Partner.GetCardSummary(holder.Id, first.Id)).ReplacedBy);
    }

    [Fact]
    public async Task A_card_of_the_stock_becomes_a_users()
    {
        var holder = await suite.NewHolder();
        var app = await suite.AppOf(holder, _keys);
        var stock = await Processor.RegisterStock(TestUsers.SandboxProgram, 3, "stock-1", "stock-key");
        Assert.Equal((TestUsers.SandboxProgram, 3), (stock.ProgramId, stock.Cards));
        Assert.Equal(stock, await Processor.RegisterStock(TestUsers.SandboxProgram, 3, "stock-1", "stock-key"));

        var records = new List<PersonalisationRecord>();
        foreach (var order in await OrdersOf("stock-1"))
        {
            records.Add(await Processor.GetPersonalisationRecord(order.OrderId));
            await Processor.ConfirmPersonalisation(order.OrderId);
        }
        Assert.Equal(3, records.Count);
        Assert.All(records, record => Assert.Equal((OrderKind.Stock, null, null), (record.Kind, record.CardholderName, record.DeliveryAddress)));

        var wrong = stock.Exp.AddMonths(-2);
        await Refused("CARD_NOT_FOUND", () => Partner.LinkCard(holder.Id, records[0].CardNo, wrong, holder.BalanceId));
        var linked = new[]
        {
            await Partner.LinkCard(holder.Id, records[0].CardNo, stock.Exp, holder.BalanceId),
            await app.LinkCard(records[1].CardNo, stock.Exp, holder.BalanceId),
            await Operators.LinkCard(holder.Id, records[2].CardNo, stock.Exp, holder.BalanceId),
        };

        Assert.Equal(records.Select(record => record.CardId), linked.Select(card => card.Id));
        Assert.All(linked, card => Assert.Equal((CardType.Physical, CardStatus.Inactive), (card.Type, card.Status)));
        await Refused("CARD_NOT_FOUND", () => app.LinkCard(records[0].CardNo, stock.Exp, holder.BalanceId));
    }

    [Fact]
    public async Task The_vault_is_rotated()
    {
        var before = await Operators.GetVaultRotation();
        var newest = before.Keys.Max(key => key.Version);

        var begun = await Operators.RotateVault("rotation-1");

        Assert.Equal((newest, newest + 1), (begun.FromVersion, begun.ToVersion));
        Assert.Equal(begun.StartedAt, (await Operators.RotateVault("rotation-1")).StartedAt);
        Assert.Contains((await Operators.GetVaultRotation()).State, new[] { RotationState.Waiting, RotationState.Running, RotationState.Done });
    }

    /// <summary>Of this design, Ordered or Sent: the sandbox takes orders up when it likes.</summary>
    private async Task<List<Personalisation>> OrdersOf(string design)
    {
        var orders = new Dictionary<Guid, Personalisation>();
        foreach (var status in new[] { OrderStatus.Ordered, OrderStatus.Sent })
        {
            foreach (var order in (await Processor.ListPersonalisations(status, AntacaClient.MaxPageSize)).Items.Where(order => order.Design == design))
            {
                orders[order.OrderId] = order;
            }
        }
        return [.. orders.Values];
    }

    /// <summary>Personalised plastic is shown once its event has come.</summary>
    private static Task<Card> Shown(Func<Task<Card>> ask) => Eventually.Get(
        async () =>
        {
            try
            {
                return await ask();
            }
            catch (AntacaException refusal) when (refusal.Code == "CARD_NOT_FOUND")
            {
                return null;
            }
        },
        "the card to be shown");

    private static NewPhysicalCard Plastic(Holder holder) => new() { BalanceId = holder.BalanceId, EmbossName = "ANNA NOWAK", DeliveryAddress = Wire.Address };

    private static AuthorisationRequest Payment() => new()
    {
        TransactionId = RandomNumberGenerator.GetHexString(20),
        Type = AuthorisationType.Purchase,
        Amount = new Money(1_000, "PLN"),
        Merchant = _merchant,
        Channel = EntryChannel.Ecommerce,
        TransmittedAt = TimeProvider.System.GetUtcNow(),
    };

    private static AuthorisationRequest ByNumber(string cardNo, DateOnly exp, string cvv) => Payment() with { CardNo = cardNo, Exp = exp, Cvv = cvv };

    private Task<Authorisation> Pay(AuthorisationRequest request) => Processor.Authorise(request);

    /// <summary>ISO 9564-1 format 4, section 9.4.2: AES of (AES of the PIN field, added to the PAN field).</summary>
    private static byte[] Iso4(byte[] key, string pin, string pan)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        var fill = Convert.ToHexString(RandomNumberGenerator.GetBytes(8));
        var block = aes.EncryptEcb(Convert.FromHexString($"4{pin.Length:X}{pin}".PadRight(16, 'A') + fill), PaddingMode.None);
        var panField = Convert.FromHexString($"{pan.Length - 12:X}{pan}".PadRight(32, '0'));
        for (var i = 0; i < block.Length; i++)
        {
            block[i] ^= panField[i];
        }
        return aes.EncryptEcb(block, PaddingMode.None);
    }

    private static async Task<AntacaException> Refused(string code, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<AntacaException>(call);
        Assert.Equal(code, refusal.Code);
        return refusal;
    }
}
