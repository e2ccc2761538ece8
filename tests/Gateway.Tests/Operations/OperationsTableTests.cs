using System.Text.Json;
using Antaca.Gateway.Tests.Authorisation;
using Antaca.Gateway.Tests.Encryption;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Antaca.Gateway.Tests.Operations;

/// <summary>
/// The published table of what can be done with cards, row by row and channel by channel, through the gateway: what is there
/// works and leaves the card as it should be, what must be encrypted is refused in the clear, what is not there is not there.
/// </summary>
public sealed class OperationsTableTests(SuiteWithEveryCaller suite, ITestOutputHelper output) : IClassFixture<SuiteWithEveryCaller>
{
    private static readonly object _address = new { street = "Prosta 1", city = "Warszawa", postalCode = "00-001", country = "PL" };
    private static readonly Channel[] _channels = [Channel.Customers, Channel.Secure, Channel.Admin];

    /// <param name="On">The channels it is on.</param>
    /// <param name="Roles">The operators who may.</param>
    /// <param name="Encrypted">Whether it is refused in the clear.</param>
    /// <param name="Ready">Brings a card to where the operation applies; its id, or a new world's.</param>
    /// <param name="Call">Method, path and body.</param>
    /// <param name="Works">Judges the answer, opened where it was sealed, and what became of the card.</param>
    private sealed record Operation(
        string Name,
        Channel[] On,
        Role[] Roles,
        bool Encrypted,
        Func<Way, Task<Guid>> Ready,
        Func<Way, Guid, Task<(string Method, string Path, object? Body)>> Call,
        int Status,
        Func<Way, Guid, JsonElement?, Task> Works)
    {
        /// <summary>What an app shows an approval for.</summary>
        public string? Approval { get; init; }
    }

    private static readonly Role[] _everyone = [Role.Admin, Role.Manager, Role.Employee];
    private static readonly Role[] _managers = [Role.Admin, Role.Manager];

    private Operation[] Table =>
    [
        new("create virtual", _channels, _managers, Encrypted: true, AnyCard, (way, _) => Is("POST", way.Of("virtual"), new { balanceId = way.World.BalanceId }), 201, async (way, former, card) =>
        {
            Assert.NotEqual(former, IdOf(card));
            await Stands(way, IdOf(card), "Active");
            Assert.Equal(way.Channel != Channel.Admin, card!.Value.TryGetProperty("cardNo", out _));
        }),
        new("create virtual, asynchronous", [Channel.Customers, Channel.Secure], [], Encrypted: false, AnyCard, (way, _) => Is("POST", way.Of("virtual/async"), new { balanceId = way.World.BalanceId }), 202, async (way, _, asked) =>
        {
            var request = way.Of($"requests/{asked!.Value.GetProperty("requestId").GetGuid()}");
            var done = await Eventually.Get(async () => (await way.Clear("GET", request)).Must(200) is var now && now["status"].GetString() == "Done" ? now : null, "the card to be issued");
            Assert.Equal("Active", (await way.Summary(done["cardId"].GetGuid())).GetProperty("status").GetString());
        }),
        new("lock", _channels, _everyone, Encrypted: false, AnyCard, (way, card) => Is("POST", way.Card(card, "lock"), new { code = 7 }), 200, (way, card, _) => Stands(way, card, "Locked")),
        new("unlock", _channels, _everyone, Encrypted: false, Locked, (way, card) => Is("POST", way.Card(card, "unlock"), null), 200, (way, card, _) => Stands(way, card, "Active")),
        new("remove", _channels, _managers, Encrypted: false, AnyCard, (way, card) => Is("DELETE", way.Card(card), null), 204, (way, card, _) => Stands(way, card, "Removed")),
        new("full card data", [Channel.Customers, Channel.Secure], [], Encrypted: true, AnyCard, (way, card) => Is("GET", way.Card(card), null), 200, (_, card, shown) => Full(card, shown)) { Approval = "card.reveal" },
        new("reset CVV", [Channel.Customers, Channel.Admin], _everyone, Encrypted: true, AnyCard, (way, card) => Is("POST", way.Card(card, "cvv"), new { }), 200, (way, card, shown) =>
        {
            Assert.Equal(way.Channel == Channel.Customers, shown!.Value.TryGetProperty("cvv", out _));
            return way.Channel == Channel.Customers ? Full(card, shown) : Stands(way, card, "Active");
        }) { Approval = "card.reveal" },
        new("order physical", _channels, _everyone, Encrypted: true, AnyCard, (way, _) => Is("POST", way.Of("physical"), new { balanceId = way.World.BalanceId, embossName = "ANNA NOWAK", deliveryAddress = _address }), 202, async (way, _, order) =>
        {
            var orderId = order!.Value.GetProperty("orderId").GetGuid();
            Assert.Contains((await way.Clear("GET", way.Of($"orders/{orderId}"))).Must(200)["status"].GetString(), new[] { "Ordered", "Sent", "Personalised" });
        }),
        new("link card", _channels, _everyone, Encrypted: true, AnyCard, FromStock, 200, (way, _, card) => Stands(way, IdOf(card), "Inactive")),
        new("print virtual", _channels, _everyone, Encrypted: true, AnyCard, (way, card) => Is("POST", way.Card(card, "print"), new { deliveryAddress = _address }), 202, async (way, card, _) =>
            Assert.Equal("DigitalFirst", (await way.Summary(card)).GetProperty("type").GetString())),
        new("set PIN", [Channel.Customers, Channel.Secure], [], Encrypted: true, Plastic, (way, card) => Is("POST", way.Card(card, "pin"), new { pin = "7391" }), 200, async (way, card, _) =>
            Assert.True((await way.Summary(card)).GetProperty("pin").GetProperty("set").GetBoolean())) { Approval = "card.pin" },
        new("set controls", _channels, _managers, Encrypted: false, AnyCard, (way, card) => Is("PUT", way.Card(card, "controls"), new { channels = new { atm = false } }), 200, async (way, card, _) =>
        {
            var shown = (await way.Clear("GET", way.Card(card, "controls"))).Must(200);
            Assert.False(shown[way.Channel == Channel.Customers ? "user" : "issuer"].GetProperty("channels").GetProperty("atm").GetBoolean());
            Assert.Equal(JsonValueKind.Null, shown[way.Channel == Channel.Customers ? "issuer" : "user"].ValueKind);
        }),
        new("activate", _channels, _everyone, Encrypted: false, Plastic, (way, card) => Is("POST", way.Card(card, "activate"), null), 200, (way, card, _) => Stands(way, card, "Active")),
    ];

    [Fact]
    public async Task Every_operation_is_on_its_channels_encrypted_where_it_must_be()
    {
        var wrong = new List<string>();
        var cells = 0;
        foreach (var operation in Table)
        {
            foreach (var channel in _channels)
            {
                cells++;
                try
                {
                    await Try(operation, channel);
                }
                catch (Exception fault) when (fault is Xunit.Sdk.XunitException or InvalidOperationException or TimeoutException)
                {
                    wrong.Add($"{operation.Name} on {channel}: {fault.Message}");
                }
            }
        }

        output.WriteLine($"{Table.Length} operations x {_channels.Length} channels: {cells} cells");
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Fact]
    public async Task A_lock_comes_from_outside_through_the_processor_alone()
    {
        var world = await suite.NewWorld();

        var locked = (await suite.Processor.Post("/processor/cards/lock", new { cardId = world.CardId, code = 2, source = "Mastercard" })).Must(200);

        Assert.Equal("Locked", locked["status"].GetString());
        foreach (var path in new[] { "/secure/cards/lock", "/admin/cards/lock", "/customers/me/cards/lock" })
        {
            var way = await Way.Of(suite, path[1] == 's' ? Channel.Secure : path[1] == 'a' ? Channel.Admin : Channel.Customers, world);
            Assert.Contains((await way.Clear("POST", path, new { cardId = world.CardId, code = 2, source = "Mastercard" })).Status, new[] { 404, 405 });
        }
    }

    [Theory]
    [InlineData(Role.Admin)]
    [InlineData(Role.Manager)]
    [InlineData(Role.Employee)]
    public async Task No_operator_ever_sees_a_card_in_full(Role role)
    {
        var world = await suite.NewWorld();
        var way = await Way.Of(suite, Channel.Admin, world, role);

        (await way.Clear("GET", way.Card(world.CardId))).MustRefuse(403, "ROLE_NOT_ALLOWED");
        (await way.Sealed("GET", way.Card(world.CardId))).MustRefuse(403, "ROLE_NOT_ALLOWED");
    }

    private async Task Try(Operation operation, Channel channel)
    {
        var way = await Way.Of(suite, channel, await suite.NewWorld());
        if (!operation.On.Contains(channel))
        {
            var (_, absent, nothing) = await operation.Call(way, way.World.CardId);
            var refused = await way.Sealed((await operation.Call(way, way.World.CardId)).Method, absent, nothing);
            Assert.Contains(refused.Status, new[] { 403, 404, 405 });
            Assert.True(refused.Status != 403 || refused.Code == "ROLE_NOT_ALLOWED", refused.Text);
            return;
        }

        var card = await operation.Ready(way);
        var (method, path, body) = await operation.Call(way, card);
        if (operation.Encrypted)
        {
            (await way.Clear(method, path, body, await ApprovalFor(operation, way, card))).MustRefuse(400, "ENCRYPTION_REQUIRED");
        }
        if (operation.Approval is not null && channel == Channel.Customers)
        {
            (await way.Sealed(method, path, body)).MustRefuse(403, "APPROVAL_REQUIRED");
        }
        if (channel == Channel.Admin)
        {
            foreach (var role in Enum.GetValues<Role>().Except(operation.Roles))
            {
                (await (await Way.Of(suite, channel, way.World, role)).Sealed(method, path, body)).MustRefuse(403, "ROLE_NOT_ALLOWED");
            }
        }

        var approval = await ApprovalFor(operation, way, card);
        var answer = await (operation.Encrypted ? way.Sealed(method, path, body, approval) : way.Clear(method, path, body, approval));
        answer.Must(operation.Status);
        JsonElement? said = answer.Status == 204 ? null : operation.Encrypted ? answer.Open() : answer.Json;
        await operation.Works(way, card, said);
    }

    private static async Task<string?> ApprovalFor(Operation operation, Way way, Guid card) => operation.Approval is { } action ? await way.Approval(action, card) : null;

    private static Task<(string Method, string Path, object? Body)> Is(string method, string path, object? body) => Task.FromResult((method, path, body));

    private static Task<Guid> AnyCard(Way way) => Task.FromResult(way.World.CardId);

    private static async Task<Guid> Locked(Way way)
    {
        (await way.Clear("POST", way.Card(way.World.CardId, "lock"), new { code = 7 })).Must(200);
        return way.World.CardId;
    }

    /// <summary>Plastic that its bureau has made, in its user's hands and not in use.</summary>
    private async Task<Guid> Plastic(Way way)
    {
        var order = (await way.Sealed("POST", way.Of("physical"), new { balanceId = way.World.BalanceId, embossName = "ANNA NOWAK", deliveryAddress = _address })).Must(202).Open();
        (await suite.Processor.Post($"/processor/personalisations/{order.GetProperty("orderId").GetGuid()}/confirm")).Must(200);
        var card = order.GetProperty("cardId").GetGuid();
        await Eventually.Holds(async () => (await way.Clear("GET", way.Card(card, "summary"))) is { Status: 200 } seen && seen["status"].GetString() == "Inactive", "the card to be seen");
        return card;
    }

    private async Task<(string Method, string Path, object? Body)> FromStock(Way way, Guid card)
    {
        // Letters alone: digits that come by chance may be taken for a card number, and are refused.
        var design = string.Concat(Guid.CreateVersion7().ToString("N").Select(digit => (char)('a' + Convert.ToInt32(digit.ToString(), 16))));
        var stock = (await suite.Processor.Post("/processor/stock", new { programId = way.World.User.ProgramId, cards = 1, design })).Must(201);
        // The sandbox's own bureau may have taken it up already.
        var listed = new List<JsonElement>();
        foreach (var status in new[] { "Ordered", "Sent" })
        {
            listed.AddRange((await suite.Processor.Get($"/processor/personalisations?limit=200&status={status}")).Must(200)["items"].EnumerateArray());
        }
        var order = listed.First(listed => listed.GetProperty("design").GetString() == design).GetProperty("orderId").GetGuid();
        var record = (await suite.Processor.SendSealed(HttpMethod.Get, $"/processor/personalisations/{order}/file")).Must(200).Open();
        (await suite.Processor.Post($"/processor/personalisations/{order}/confirm")).Must(200);
        return ("POST", way.Of("link"), new { cardNo = record.GetProperty("cardNo").GetString(), exp = stock["exp"].GetString(), balanceId = way.World.BalanceId });
    }

    private static async Task Stands(Way way, Guid card, string status) => Assert.Equal(status, (await way.Summary(card)).GetProperty("status").GetString());

    private static Task Full(Guid card, JsonElement? shown)
    {
        var full = shown!.Value;
        Assert.Equal(card, full.GetProperty("id").GetGuid());
        Assert.Matches("^510510[0-9]{10}$", full.GetProperty("cardNo").GetString());
        Assert.Matches("^[0-9]{3}$", full.GetProperty("cvv").GetString());
        return Task.CompletedTask;
    }

    private static Guid IdOf(JsonElement? card) => card!.Value.GetProperty("id").GetGuid();
}
