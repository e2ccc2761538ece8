using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;

namespace Antaca.CardService.Tests.Plastic;

/// <summary>A bureau that serves the one programme of a partner of its own, and what it says.</summary>
internal sealed class Bureau(Suite suite, Guid partnerId, Guid programId, string name)
{
    public static readonly object Address = new { street = "Prosta 1/2", city = "Łódź", postalCode = "90-001", country = "PL" };

    public Guid PartnerId => partnerId;

    public Guid ProgramId => programId;

    public Caller Caller { get; } = new() { Channel = Channel.Processor, Processor = name };

    private Api Service => field ??= suite.As(Caller, "cardservice");

    public static async Task<Bureau> New(Suite suite, bool digitalFirst = false)
    {
        var name = "bureau-" + Guid.CreateVersion7().ToString("N")[16..];
        var (partner, program) = await suite.NewPartner(processor: name);
        await suite.Database("datacore").Execute("update programmes set digital_first = $2 where id = $1", program, digitalFirst);
        return new Bureau(suite, partner, program, name);
    }

    /// <summary>A verified user of the programme with an open balance.</summary>
    public async Task<Holder> NewHolder()
    {
        var user = await suite.NewAcceptedUser(partnerId, programId);
        return new Holder(suite, user, await suite.NewBalance(user));
    }

    public Task<Answer> Sent(Guid orderId) => Service.Post($"/personalisations/{orderId}/sent");

    public Task<Answer> Confirm(Guid orderId) => Service.Post($"/personalisations/{orderId}/confirm");

    public Task<Answer> Fail(Guid orderId, string reason = "Damaged in production") => Service.Post($"/personalisations/{orderId}/fail", new { reason });

    public Task<Answer> Record(Guid orderId) => Service.Get($"/personalisations/{orderId}/file");

    public Task<Answer> Stock(int cards, string? key = null, string? design = null) => Service.Post("/stock", new { programId, cards, design }, key);

    public Task<Answer> List(string query = "") => Service.Get("/personalisations" + query);

    /// <summary>Every order in a state, page by page.</summary>
    public async Task<List<JsonElement>> All(string status)
    {
        var orders = new List<JsonElement>();
        string? after = null;
        do
        {
            var page = (await List($"?status={status}&limit=200" + (after is null ? "" : $"&after={after}"))).Must(200);
            orders.AddRange(page["items"].EnumerateArray());
            after = page["next"].GetString();
        }
        while (after is not null);
        return orders;
    }

    /// <summary>The record's secrets by its fields, as the gateway puts them in.</summary>
    public async Task<Dictionary<string, string>> Secrets(Answer record)
    {
        var fields = record.Json.EnumerateObject().Where(field => field.Value.ValueKind == JsonValueKind.Object && field.Value.TryGetProperty("vault", out _)).ToArray();
        var resolved = (await suite.Neighbour("gateway", "datacore").Post(
            "/internal/vault/resolve",
            new { binding = Caller.Binding, cardId = record["cardId"].GetGuid(), references = fields.Select(field => field.Value) })).Must(200);
        return fields.Zip(resolved["secrets"].EnumerateArray()).ToDictionary(pair => pair.First.Name, pair => pair.Second.GetProperty("value").GetString()!);
    }
}

/// <summary>A user who may order plastic, and what their partner asks for them.</summary>
internal sealed class Holder(Suite suite, TestUser user, Guid balanceId)
{
    public TestUser User => user;

    public Guid BalanceId => balanceId;

    public Api Partner => field ??= suite.As(user.Caller, "cardservice");

    public Task<Answer> Order(string? key = null, string embossName = "ANNA O'NEILL-ROY", string? design = null) =>
        Partner.Post("/cards/physical", new { balanceId, embossName, deliveryAddress = Bureau.Address, design }, key);

    public async Task<(Guid OrderId, Guid CardId)> Ordered()
    {
        var order = (await Order()).Must(202);
        return (order["orderId"].GetGuid(), order["cardId"].GetGuid());
    }

    public Task<Answer> Print(Guid cardId, string? key = null) => Partner.Post($"/cards/{cardId}/print", new { deliveryAddress = Bureau.Address }, key);

    public Task<Answer> GetOrder(Guid orderId) => Partner.Get($"/cards/orders/{orderId}");

    public Task<Guid> NewCard() => suite.NewCard(user, balanceId);

    public Task<Answer> Card(Guid cardId) => Partner.Get($"/cards/{cardId}/summary");

    /// <summary>The card once its user sees it.</summary>
    public Task<Answer> Seen(Guid cardId) => Eventually.Get(async () => await Card(cardId) is { Status: 200 } seen ? seen : null, "the card to be seen");
}

internal static class PlasticRows
{
    public static Task<string> StatusOfCard(this NpgsqlDataSource cards, Guid cardId) => cards.One<string>("select status from cards where id = $1", cardId);

    public static Task<string> StatusOfOrder(this NpgsqlDataSource cards, Guid orderId) => cards.One<string>("select status from orders where id = $1", orderId);

    public static string OfOrder(Guid orderId) => $"select from orders where id = '{orderId}' for update";
}
