using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Antaca.Client;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.Suite.Tests;

/// <summary>
/// After the journey no card number and no CVV is in any log, broker message, trace, metric or database: not as digits, not
/// grouped, not in hexadecimal, not in base64. The search proves itself on what must be found.
/// </summary>
public sealed class CanaryTests
{
    // Numbers that only come in from outside: a card nobody issued, and a wrong CVV for one that we did.
    private const string StrayNumber = "4242424242424242";

    [Fact]
    public async Task No_card_secret_is_left_anywhere()
    {
        await using var collector = await OtlpCollector.Start();
        await using var suite = new SuiteProcess { Collector = collector.Address };
        await suite.Start();
        using var broker = Management(suite);
        await TapEveryEvent(broker);

        using var partnerConnection = suite.PartnerConnection();
        using var processorConnection = suite.ProcessorConnection();
        var partner = new AntacaClient(partnerConnection);
        var journey = await (await new Journey(partner, new ProcessorClient(processorConnection)).Register()).IssueSpendAndLock();
        var wrongCvv = ((int.Parse(journey.Suspected.Cvv, CultureInfo.InvariantCulture) + 1) % 1000).ToString("000", CultureInfo.InvariantCulture);
        Assert.Equal("1022", (await journey.Pay(WithCvv(journey.Suspected, wrongCvv), 100)).ActionCode);
        Assert.Equal("1011", (await journey.Pay(WithNumber(journey.Suspected, StrayNumber), 100)).ActionCode);
        using var publicConnection = suite.PublicConnection();
        using var keys = new InMemoryKeyStore();
        var life = await new CardLife(partner, new ProcessorClient(processorConnection), new MobileClient(publicConnection, keys), journey).Live();
        await journey.Hears("card.locked", journey.Suspected.Id);
        await Eventually.Holds(
            () => Task.FromResult(new[] { "gateway", "datacore", "cardservice", "balanceservice" }.All(name => Traces(collector).Contains(name, StringComparison.Ordinal))),
            "traces of every service on the way");

        var places = new Dictionary<string, string>
        {
            ["traces and metrics"] = Traces(collector),
            ["broker messages"] = await Tapped(broker),
        };
        foreach (var (name, text) in await Databases(suite))
        {
            places["database " + name] = text;
        }
        await suite.Stop();
        foreach (var file in Directory.EnumerateFiles(suite.Folder, "*", SearchOption.AllDirectories).Where(file => file.EndsWith(".log", StringComparison.Ordinal)))
        {
            places[Path.GetRelativePath(suite.Folder, file)] = File.ReadAllText(file);
        }

        foreach (var card in new[] { journey.Lost, journey.Suspected })
        {
            foreach (var (place, text) in places)
            {
                Assert.True(!Holds(text, card.CardNo), $"A card number is in {place}.");
                Assert.True(!HoldsCvv(text, card.Cvv), $"A CVV is in {place}.");
            }
        }
        foreach (var (place, text) in places)
        {
            Assert.All(life.Numbers, number => Assert.True(!Holds(text, number), $"A number of plastic or of an app's is in {place}."));
            Assert.All(life.Cvvs, cvv => Assert.True(!HoldsCvv(text, cvv), $"A CVV of plastic or of an app's is in {place}."));
            Assert.True(!HoldsPin(text, CardLife.CardPin) && !HoldsPin(text, CardLife.AppPin), $"A PIN is in {place}.");
            Assert.True(!Holds(text, CardLife.PinBlock) && !text.Contains(CardLife.PinBlock, StringComparison.OrdinalIgnoreCase), $"A PIN block is in {place}.");
            Assert.True(!Holds(text, StrayNumber), $"A number from outside is in {place}.");
            Assert.True(!HoldsCvv(text, wrongCvv), $"A CVV from outside is in {place}.");
        }

        // The search works, and has looked where something was to be seen.
        Assert.Contains("510510******" + journey.Lost.CardNo[^4..], places["database cards"], StringComparison.Ordinal);
        Assert.Contains(journey.Lost.Id.ToString(), places["broker messages"], StringComparison.Ordinal);
        Assert.Contains(places.Keys, place => place.Contains("cardservice", StringComparison.Ordinal));
        Assert.True(Holds($"x {journey.Lost.CardNo} y", journey.Lost.CardNo));
        Assert.True(Holds("\\x" + Convert.ToHexStringLower(Encoding.ASCII.GetBytes(StrayNumber)), StrayNumber));
        Assert.True(Holds(Convert.ToBase64String(Encoding.ASCII.GetBytes($"{{\"cardNo\":\"{StrayNumber}\"}}")), StrayNumber));
        Assert.True(HoldsCvv("{\"cvv\":\"123\"}", "123"));
        Assert.True(HoldsPin("{\"pin\":\"8264\"}", CardLife.CardPin));
        Assert.True(HoldsPin("Pin = 8264, next", CardLife.CardPin));
    }

    private static IssuedCard WithCvv(IssuedCard card, string cvv) => card with { Cvv = cvv };

    private static IssuedCard WithNumber(IssuedCard card, string number) => card with { CardNo = number };

    private static bool Holds(string text, string number)
    {
        var ascii = Encoding.ASCII.GetBytes(number);
        return text.Contains(number, StringComparison.Ordinal)
            || text.Contains(string.Join(' ', number.Chunk(4).Select(group => new string(group))), StringComparison.Ordinal)
            || text.Contains(string.Join('-', number.Chunk(4).Select(group => new string(group))), StringComparison.Ordinal)
            || text.Contains(Convert.ToHexString(ascii), StringComparison.OrdinalIgnoreCase)
            || Enumerable.Range(0, 3).Any(shift => text.Contains(Base64At(ascii, shift), StringComparison.Ordinal));
    }

    /// <summary>The part of the base64 of ..number.. that does not depend on its neighbours, for each place it may begin at.</summary>
    private static string Base64At(byte[] ascii, int shift)
    {
        var skipped = shift == 0 ? 0 : 3 - shift;
        var whole = (ascii.Length - skipped) / 3 * 3;
        return Convert.ToBase64String(ascii, skipped, whole);
    }

    /// <summary>Three digits are everywhere; three digits that something calls a CVV must be nowhere.</summary>
    private static bool HoldsCvv(string text, string cvv) => Regex.IsMatch(text, $@"(?i)(cvv|cvc)[^a-z0-9]{{0,12}}{cvv}(?![0-9])");

    private static bool HoldsPin(string text, string pin) => Regex.IsMatch(text, $@"(?i)pin[^a-z0-9]{{0,12}}{pin}(?![0-9])");

    private static string Traces(OtlpCollector collector) => string.Concat(collector.Received.Select(received => Encoding.Latin1.GetString(received.Body)));

    private static HttpClient Management(SuiteProcess suite)
    {
        var password = Secret(suite, "messaging", "antaca");
        var address = suite.Run.Resources.Single(resource => resource.Name == "messaging").Endpoints.Single(endpoint => endpoint.Url.StartsWith("http", StringComparison.Ordinal)).Url;
        var http = new HttpClient { BaseAddress = new Uri(address) };
        http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("antaca:" + password)));
        return http;
    }

    private static string Secret(SuiteProcess suite, string part, string name) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(suite.Folder, part, "passwords.json")))![name];

    private static async Task TapEveryEvent(HttpClient broker)
    {
        (await broker.PutAsJsonAsync("/api/queues/%2F/tap", new { durable = true })).EnsureSuccessStatusCode();
        var exchanges = await broker.GetFromJsonAsync<JsonElement>("/api/exchanges/%2F");
        foreach (var name in exchanges.EnumerateArray().Select(exchange => exchange.GetProperty("name").GetString()!).Where(name => name.StartsWith("Antaca.", StringComparison.Ordinal)))
        {
            (await broker.PostAsJsonAsync($"/api/bindings/%2F/e/{Uri.EscapeDataString(name)}/q/tap", new { routing_key = "" })).EnsureSuccessStatusCode();
        }
    }

    private static async Task<string> Tapped(HttpClient broker)
    {
        var answer = await broker.PostAsJsonAsync("/api/queues/%2F/tap/get", new { count = 10_000, ackmode = "ack_requeue_false", encoding = "auto" });
        return await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }

    private static async Task<Dictionary<string, string>> Databases(SuiteProcess suite)
    {
        var port = new Uri(suite.Run.Resources.Single(resource => resource.Name == "postgres").Endpoints[0].Url).Port;
        var administrator = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = port, Username = "postgres", Password = Secret(suite, "postgres", "postgres"), Database = "postgres", Pooling = false };
        var texts = new Dictionary<string, string>();
        foreach (var name in new[] { "datacore", "balances", "cards", "kyc", "notifications" })
        {
            administrator.Database = name;
            await using var database = NpgsqlDataSource.Create(administrator);
            var text = new StringBuilder();
            foreach (var table in await Column(database, "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public'"))
            {
                text.AppendLine(table);
                foreach (var row in await Column(database, $"select t::text from {table} t"))
                {
                    text.AppendLine(row);
                }
            }
            texts[name] = text.ToString();
        }
        return texts;
    }

    private static async Task<List<string>> Column(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await rows.ReadAsync())
        {
            values.Add(rows.GetString(0));
        }
        return values;
    }
}
