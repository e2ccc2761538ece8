using System.Text.Json;
using System.Text.RegularExpressions;
using Antaca.Gateway.Tests.Encryption;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Vault;

public sealed class SecretSwapTests(SuiteWithCard suite) : IClassFixture<SuiteWithCard>
{
    /// <summary>No port, and nothing else that a log has reason to name.</summary>
    private const string Junk = "90217";

    [Fact]
    public async Task An_authorisation_by_number_expiry_and_CVV_is_decided()
    {
        var decided = (await Authorise(Authorisation())).Must(200);

        Assert.Equal(("Approved", "0000"), (decided["decision"].GetString(), decided["actionCode"].GetString()));
        Assert.DoesNotContain(suite.CardNo, decided.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authorisation_may_come_encrypted()
    {
        var decided = (await suite.Processor.PostSealed("/processor/authorizations", JsonSerializer.Serialize(Authorisation()), suite.GatewayKey)).Must(200).Open();

        Assert.Equal("Approved", decided.GetProperty("decision").GetString());
    }

    [Fact]
    public async Task A_wrong_CVV_declines()
    {
        var authorisation = Authorisation();
        var cvv = suite.Card.GetProperty("cvv").GetString()!;
        authorisation["cvv"] = (cvv[0] == '9' ? '0' : (char)(cvv[0] + 1)) + cvv[1..];

        Assert.Equal("1022", (await Authorise(authorisation)).Must(200)["actionCode"].GetString());
    }

    [Theory]
    [InlineData("cardNo")]
    [InlineData("cvv")]
    public async Task A_reference_from_outside_is_refused(string field)
    {
        // A genuine one, made for this very caller: it is refused for where it comes from.
        var genuine = await suite.Refer(SuiteWithCard.ProcessorCaller.Binding, field, suite.Card.GetProperty(field).GetString()!);
        foreach (var reference in new[] { genuine, JsonSerializer.SerializeToElement(new { vault = "AAAA" }) })
        {
            var authorisation = Authorisation();
            authorisation[field] = reference;

            Names(field, await Authorise(authorisation));
        }
    }

    [Theory]
    [InlineData("cardNo", "4111SECRETJUNK11")]
    [InlineData("cardNo", Junk)]
    [InlineData("cardNo", "51051 0000000000")]
    [InlineData("cardNo", "90217902179021790217")]
    [InlineData("cardNo", "٥١٠٥١٠٥١٠٥١٠٥١٠٠")]
    [InlineData("cardNo", "")]
    [InlineData("cvv", Junk)]
    [InlineData("cvv", "SECRETJUNK")]
    public async Task A_value_that_cannot_be_one_is_refused_by_name_and_not_repeated(string field, string value)
    {
        var authorisation = Authorisation();
        authorisation[field] = value;

        var refused = await Authorise(authorisation);

        Names(field, refused);
        if (value.Length > 0)
        {
            Assert.DoesNotContain(value, refused["errors"].GetRawText() + refused["title"].GetRawText(), StringComparison.Ordinal);
        }
        NothingLogged();
    }

    [Fact]
    public async Task A_number_that_is_not_a_string_is_refused_by_name_and_not_repeated()
    {
        var number = long.Parse(suite.CardNo, System.Globalization.CultureInfo.InvariantCulture);
        foreach (var value in new object[] { number, new[] { suite.CardNo }, true })
        {
            var authorisation = Authorisation();
            authorisation["cardNo"] = value;

            var refused = await Authorise(authorisation);

            Names("cardNo", refused);
            Assert.DoesNotContain(suite.CardNo, refused.Text, StringComparison.Ordinal);
        }
        NothingLogged();
    }

    [Theory]
    [InlineData("pinBlock", """{"format":"ISO-0","block":"SECRETJUNK","keyId":"k"}""")]
    [InlineData("pinBlock", """{"format":"ISO-0","block":{"vault":"AAAA"},"keyId":"k"}""")]
    public async Task A_PIN_block_that_cannot_be_one_is_refused_by_name_and_not_repeated(string field, string json)
    {
        var authorisation = Authorisation();
        authorisation[field] = JsonSerializer.Deserialize<JsonElement>(json);

        var refused = await Authorise(authorisation);

        Names(field, refused);
        Assert.DoesNotContain("SECRETJUNK", refused.Text, StringComparison.Ordinal);
        NothingLogged();
    }

    [Fact]
    public async Task Every_fault_is_named_at_once()
    {
        var authorisation = Authorisation();
        authorisation["cardNo"] = "x";
        authorisation["cvv"] = "x";

        var refused = (await Authorise(authorisation)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(["cardNo", "cvv"], refused["errors"].EnumerateObject().Select(field => field.Name).Order());
    }

    [Fact]
    public async Task A_number_said_twice_or_under_another_name_is_refused_and_not_repeated()
    {
        var once = JsonSerializer.Serialize(Authorisation());
        var twice = await suite.Processor.PostText("/processor/authorizations", $$"""{"cardNo":"{{suite.CardNo}}",{{once[1..]}}""");
        Assert.Equal("MALFORMED_JSON", twice.Must(400).Code);
        Assert.DoesNotContain(suite.CardNo, twice.Text, StringComparison.Ordinal);

        var renamed = Authorisation();
        renamed["CardNo"] = renamed["cardNo"];
        renamed.Remove("cardNo");
        var refused = await Authorise(renamed);
        refused.MustRefuse(422, "VALIDATION_FAILED");
        Assert.DoesNotContain(suite.CardNo, refused.Text, StringComparison.Ordinal);
        NothingLogged();
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("\"90217\"")]
    public async Task A_body_that_is_no_object_is_refused(string body)
    {
        var refused = (await suite.Processor.PostText("/processor/authorizations", body)).Must(400);

        Assert.NotNull(refused.Code);
        Assert.DoesNotContain(Junk, refused["title"].GetRawText(), StringComparison.Ordinal);
        NothingLogged();
    }

    [Fact]
    public async Task Issue_reveal_and_authorisation_leave_no_number_in_any_log()
    {
        (await suite.Partner.SendSealed(HttpMethod.Get, suite.CardPath)).Must(200);
        (await Authorise(Authorisation())).Must(200);

        NothingLogged();
    }

    private Task<Answer> Authorise(Dictionary<string, object?> authorisation) => suite.Processor.Post("/processor/authorizations", authorisation);

    private Dictionary<string, object?> Authorisation() => new()
    {
        ["transactionId"] = Guid.CreateVersion7().ToString("N"),
        ["type"] = "Purchase",
        ["cardNo"] = suite.CardNo,
        ["exp"] = suite.Card.GetProperty("exp").GetString(),
        ["cvv"] = suite.Card.GetProperty("cvv").GetString(),
        ["amount"] = new { amount = 100, currency = "PLN" },
        ["merchant"] = new { mid = "MID-1", name = "Corner Shop", mcc = "5411", country = "PL" },
        ["channel"] = "Ecommerce",
        ["transmittedAt"] = suite.Clock.GetUtcNow(),
    };

    private static void Names(string field, Answer refused) =>
        Assert.Equal(field, Assert.Single(refused.MustRefuse(422, "VALIDATION_FAILED")["errors"].EnumerateObject()).Name);

    private void NothingLogged()
    {
        var lines = suite.Log.Lines;
        Assert.NotEmpty(lines);
        Assert.DoesNotContain(lines, line => line.Contains(suite.CardNo, StringComparison.Ordinal) || line.Contains("SECRETJUNK", StringComparison.Ordinal));
        // By itself: an id may hold the digits by chance.
        Assert.DoesNotContain(lines, line => Regex.IsMatch(line, $"(?<![0-9A-Za-z.-]){Junk}(?![0-9A-Za-z-])"));
    }
}
