using System.Text.Json;
using Antaca.Gateway.Tests.Encryption;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Routes;

/// <summary>Plastic over the wire: what is ordered encrypted reaches its bureau encrypted, and a number from the stock comes in encrypted.</summary>
public sealed class PlasticTests(SuiteWithCard suite) : IClassFixture<SuiteWithCard>
{
    private static readonly object _address = new { street = "Prosta 1", city = "Warszawa", postalCode = "00-001", country = "PL" };

    [Fact]
    public async Task An_order_reaches_its_bureau_as_a_sealed_record_and_then_its_user()
    {
        var order = (await suite.Partner.PostSealed($"{suite.Customer}/cards/physical", Order(), suite.GatewayKey)).Must(202).Open();
        var (orderId, cardId) = (order.GetProperty("orderId").GetGuid(), order.GetProperty("cardId").GetGuid());

        Assert.Contains(await Listed(), listed => listed.GetProperty("orderId").GetGuid() == orderId);
        var record = (await suite.Processor.SendSealed(HttpMethod.Get, $"/processor/personalisations/{orderId}/file")).Must(200).Open();
        Assert.Matches("^510510[0-9]{10}$", record.GetProperty("cardNo").GetString());
        Assert.All(new[] { "cvv1", "icvv", "cvv2" }, field => Assert.Matches("^[0-9]{3}$", record.GetProperty(field).GetString()));
        Assert.Equal(("ANNA NOWAK", cardId), (record.GetProperty("cardholderName").GetString(), record.GetProperty("cardId").GetGuid()));
        (await suite.Processor.Post($"/processor/personalisations/{orderId}/sent")).Must(200);
        (await suite.Processor.Post($"/processor/personalisations/{orderId}/confirm")).Must(200);

        Assert.Equal("Personalised", (await suite.Partner.Get($"{suite.Customer}/cards/orders/{orderId}")).Must(200)["status"].GetString());
        var card = await Eventually.Get(async () => await suite.Partner.Get($"{suite.Customer}/cards/{cardId}/summary") is { Status: 200 } seen ? seen : null, "the card to be seen");
        Assert.Equal("Inactive", card["status"].GetString());
        NothingLogged(record);
    }

    [Fact]
    public async Task Orders_prints_links_and_records_are_refused_in_the_clear()
    {
        var orderId = Guid.CreateVersion7();

        (await suite.Partner.PostText($"{suite.Customer}/cards/physical", Order())).MustRefuse(400, "ENCRYPTION_REQUIRED");
        (await suite.Partner.Post($"{suite.CardPath}/print", new { deliveryAddress = _address })).MustRefuse(400, "ENCRYPTION_REQUIRED");
        (await suite.Partner.Post($"{suite.Customer}/cards/link", new { cardNo = "5105105105105100", exp = "2029-11-30", balanceId = suite.BalanceId })).MustRefuse(400, "ENCRYPTION_REQUIRED");
        (await suite.Processor.Get($"/processor/personalisations/{orderId}/file")).MustRefuse(400, "ENCRYPTION_REQUIRED");
    }

    [Fact]
    public async Task A_virtual_card_is_printed()
    {
        var card = (await suite.Partner.PostSealed(suite.IssuePath, suite.IssueBody, suite.GatewayKey)).Must(201).Open().GetProperty("id").GetGuid();

        var order = (await suite.Partner.PostSealed($"{suite.Customer}/cards/{card}/print", JsonSerializer.Serialize(new { deliveryAddress = _address }), suite.GatewayKey)).Must(202).Open();

        Assert.Equal("Ordered", order.GetProperty("status").GetString());
        var shown = (await suite.Partner.Get($"{suite.Customer}/cards/{card}/summary")).Must(200);
        Assert.Equal(("DigitalFirst", "Active"), (shown["type"].GetString(), shown["status"].GetString()));
        var record = (await suite.Processor.SendSealed(HttpMethod.Get, $"/processor/personalisations/{order.GetProperty("orderId").GetGuid()}/file")).Must(200).Open();
        Assert.False(record.GetProperty("printed").GetBoolean());
        Assert.Equal(JsonValueKind.Null, record.GetProperty("cvv2").ValueKind);
        NothingLogged(record);
    }

    [Fact]
    public async Task Stock_is_registered_confirmed_and_linked_by_the_number_that_stands_on_it()
    {
        var stock = (await suite.Processor.Post("/processor/stock", new { programId = TestUsers.SandboxProgram, cards = 1, design = "gateway" })).Must(201);
        var order = (await Listed()).First(listed => listed.GetProperty("design").GetString() == "gateway").GetProperty("orderId").GetGuid();
        var record = (await suite.Processor.SendSealed(HttpMethod.Get, $"/processor/personalisations/{order}/file")).Must(200).Open();
        var link = JsonSerializer.Serialize(new { cardNo = record.GetProperty("cardNo").GetString(), exp = stock["exp"].GetString(), balanceId = suite.BalanceId });
        (await suite.Partner.PostSealed($"{suite.Customer}/cards/link", link, suite.GatewayKey)).MustRefuse(404, "CARD_NOT_FOUND");
        (await suite.Processor.Post($"/processor/personalisations/{order}/confirm")).Must(200);

        var card = (await suite.Partner.PostSealed($"{suite.Customer}/cards/link", link, suite.GatewayKey)).Must(200).Open();

        Assert.Equal((record.GetProperty("cardId").GetGuid(), "Inactive"), (card.GetProperty("id").GetGuid(), card.GetProperty("status").GetString()));
        (await suite.Partner.PostSealed($"{suite.Customer}/cards/link", link, suite.GatewayKey)).MustRefuse(404, "CARD_NOT_FOUND");
        NothingLogged(record);
    }

    /// <summary>What is Ordered, then what is Sent: the sandbox's bureau may come in between, so that an order is in both.</summary>
    private async Task<JsonElement[]> Listed()
    {
        var ordered = (await suite.Processor.Get("/processor/personalisations?status=Ordered&limit=200")).Must(200);
        var sent = (await suite.Processor.Get("/processor/personalisations?status=Sent&limit=200")).Must(200);
        return [.. ordered["items"].EnumerateArray(), .. sent["items"].EnumerateArray()];
    }

    private string Order() => JsonSerializer.Serialize(new { balanceId = suite.BalanceId, embossName = "ANNA NOWAK", deliveryAddress = _address });

    private void NothingLogged(JsonElement record) =>
        Assert.DoesNotContain(suite.Log.Lines, line => line.Contains(record.GetProperty("cardNo").GetString()!, StringComparison.Ordinal));
}
