using System.Text.Json;
using Antaca.Gateway.Tests.Encryption;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;

namespace Antaca.Gateway.Tests;

/// <summary>The suite with a verified user, money on a balance, and a card of which this caller knows the number.</summary>
public sealed class SuiteWithCard : Suite
{
    public const long Reloaded = 100_000;

    /// <summary>A test number of another scheme's: no programme has it.</summary>
    private const string NobodysCardNo = "4111111111111111";

    // The sandbox's bureau leaves the orders to the tests.
    public SuiteWithCard() => Settings["cardservice"] = ["--Plastic:SandboxDelaySeconds=3600"];

    public static readonly Caller ProcessorCaller = new() { Channel = Channel.Processor, Processor = "sandbox" };

    private NpgsqlDataSource _cards = null!;
    private NpgsqlDataSource _dataCore = null!;

    public TestUser User { get; private set; } = null!;

    public Guid BalanceId { get; private set; }

    /// <summary>The issued card as the caller read it: id, cardNo, cvv, exp.</summary>
    public JsonElement Card { get; private set; }

    public RsaPublicKey GatewayKey { get; private set; } = null!;

    public Guid CardId => Card.GetProperty("id").GetGuid();

    public string CardNo => Card.GetProperty("cardNo").GetString()!;

    public string Customer => $"/secure/customers/{User.UserId}";

    public string CardPath => $"{Customer}/cards/{CardId}";

    public string BalancePath => $"{Customer}/balances/{BalanceId}";

    public string IssuePath => $"{Customer}/cards/virtual";

    public string IssueBody => JsonSerializer.Serialize(new { balanceId = BalanceId });

    /// <summary>How many cards there are, and how many numbers the vault has given.</summary>
    public async Task<(long Cards, long Numbers)> Cards() => (await Count(_cards, "cards"), await Count(_dataCore, "vault_cards"));

    protected override async Task Given()
    {
        _cards = Database("cards");
        _dataCore = Database("datacore");
        User = await this.NewAcceptedUser();
        BalanceId = await this.NewBalance(User, Reloaded);
        var published = (await Partner.Get("/secure/public-key")).Must(200);
        GatewayKey = RsaPublicKey.TryParse(published["publicKey"].GetString(), out var key) ? key : throw new InvalidOperationException("The published key is none.");
        Card = (await Partner.PostSealed(IssuePath, IssueBody, GatewayKey)).Must(201).Open();
        await Eventually.Holds(AuthorisesInTime, "an authorisation within its deadline");
    }

    /// <summary>The first call of cold code may take longer than a processor waits; it sends the same again.</summary>
    private async Task<bool> AuthorisesInTime() => (await Processor.Post(
        "/processor/authorizations",
        new
        {
            transactionId = "of-nobody",
            type = "Verification",
            cardNo = NobodysCardNo,
            exp = "2029-11-30",
            amount = new { amount = 0, currency = "PLN" },
            merchant = new { mid = "1", name = "Shop", mcc = "5411", country = "PL" },
            channel = "Ecommerce",
            transmittedAt = Clock.GetUtcNow(),
        })) is { Status: 200 };

    private static async Task<long> Count(NpgsqlDataSource database, string table)
    {
        await using var count = database.CreateCommand($"select count(*) from {table}");
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
