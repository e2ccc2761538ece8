using System.Text.Json;
using Antaca.DataCore.Tests.Partners;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Programmes;

/// <summary>What authorisations go by: settings of a programme that its neighbours are told.</summary>
[Collection("partners")]
public sealed class ProgrammeAuthorisationTests(PartnerSuite suite)
{
    private const string StandIn = """{"mode":"Approve","maxAmount":5000,"maxMinutes":30}""";

    private const string Controls = """
        {"limits":[{"window":"Month","amount":200000,"uses":null}],"channels":{"pos":true,"contactless":true,"atm":false,"ecommerce":true},
         "mcc":{"allow":null,"deny":["7995"]},"countries":{"allow":["PL"],"deny":null},"merchants":{"allow":["M1"]} }
        """;

    private static readonly string[] _settings = ["timeZone", "holdLifetimeDays", "standIn", "controls"];

    [Fact]
    public async Task A_programme_that_says_nothing_has_the_usual_ones()
    {
        var (partner, id) = await Opened();

        var shown = (await suite.OfAdmin.Get($"/programs/{id}")).Must(200);

        Assert.Equal(["\"UTC\"", "7", "null", "null"], _settings.Select(setting => shown[setting].GetRawText()));
        Assert.Equal(["\"UTC\"", "7", "null", "null"], (await Facts(id)).Select(fact => fact.GetRawText()));
        Assert.Equal(shown.Text, (await OfPartner(partner).Get("/programs")).Must(200)["items"][0].GetRawText());
    }

    [Fact]
    public async Task What_is_said_is_shown_to_everybody_and_told_to_the_neighbours()
    {
        var partner = await suite.NewPartner();
        var body = BinRangeTests.Body(
            partner,
            PartnerSuite.NewBin(),
            ("timeZone", "Europe/Warsaw"),
            ("holdLifetimeDays", 30),
            ("standIn", JsonElement.Parse(StandIn)),
            ("controls", JsonElement.Parse(Controls)),
            ("remoteUrl", "https://bank.example/cards"));

        var opened = (await suite.OfAdmin.Post("/programs", body)).Must(201);

        Is(_settings.Select(setting => opened[setting]), "Europe/Warsaw", 30, StandIn, Controls);
        Is(await Facts(opened.Id), "Europe/Warsaw", 30, StandIn, Controls);
        Assert.Equal(opened.Text, (await suite.OfAdmin.Get($"/programs/{opened.Id}")).Must(200).Text);
        Assert.Equal(opened.Text, (await OfPartner(partner).Get("/programs")).Must(200)["items"][0].GetRawText());
        Assert.Equal("https://bank.example/cards", (await suite.Neighbour("cardservice", "datacore").Get($"/internal/programmes/{opened.Id}")).Must(200)["remoteUrl"].GetString());
    }

    [Fact]
    public async Task A_user_of_the_programme_is_told_of_with_them()
    {
        var (partner, id) = await Opened();
        (await suite.Patch($"/programs/{id}", new { timeZone = "Europe/Warsaw", holdLifetimeDays = 30, standIn = JsonElement.Parse(StandIn), controls = JsonElement.Parse(Controls) })).Must(200);
        var user = await suite.NewUser(partner, id);

        var told = (await suite.Neighbour("balanceservice", "datacore").Get($"/internal/users/{user.UserId}?partnerId={partner}")).Must(200)["programme"];

        Assert.Equal(id, told.GetProperty("id").GetGuid());
        Is(_settings.Select(setting => told.GetProperty(setting)), "Europe/Warsaw", 30, StandIn, Controls);
    }

    [Fact]
    public async Task A_change_leaves_what_is_absent_and_replaces_what_is_there_as_a_whole()
    {
        var (_, id) = await Opened();
        await Change(new { timeZone = "Asia/Tokyo", standIn = JsonElement.Parse(StandIn), controls = JsonElement.Parse(Controls) });

        Is(await Change(new { holdLifetimeDays = 60 }), "Asia/Tokyo", 60, StandIn, Controls);
        Is(
            await Change(new { controls = new { countries = new { deny = new[] { "RU" } } } }),
            "Asia/Tokyo",
            60,
            StandIn,
            """{"limits":null,"channels":null,"mcc":null,"countries":{"allow":null,"deny":["RU"]},"merchants":null}""");
        // What is not wanted any more: no rule, and a decline.
        Is(
            await Change(new { controls = new { }, standIn = new { mode = "Decline" } }),
            "Asia/Tokyo",
            60,
            """{"mode":"Decline","maxAmount":null,"maxMinutes":null}""",
            """{"limits":null,"channels":null,"mcc":null,"countries":null,"merchants":null}""");

        async Task<JsonElement[]> Change(object change)
        {
            var changed = (await suite.Patch($"/programs/{id}", change)).Must(200);
            Assert.Equal(changed.Text, (await suite.OfAdmin.Get($"/programs/{id}")).Must(200).Text);
            var settings = _settings.Select(setting => changed[setting]).ToArray();
            Assert.Equal(settings.Select(setting => setting.GetRawText()), (await Facts(id)).Select(fact => fact.GetRawText()));
            return settings;
        }
    }

    [Fact]
    public async Task Changes_of_different_ones_at_once_are_all_made()
    {
        var (_, id) = await Opened();

        var answers = await Races.AtOnce(
            suite.Rows,
            $"select 1 from programmes where id = '{id}' for update",
            waiters: 3,
            () => suite.Patch($"/programs/{id}", new { timeZone = "Asia/Tokyo", holdLifetimeDays = 60 }),
            () => suite.Patch($"/programs/{id}", new { standIn = JsonElement.Parse(StandIn) }),
            () => suite.Patch($"/programs/{id}", new { controls = JsonElement.Parse(Controls) }));

        Assert.All(answers, answer => answer.Must(200));
        Is(await Facts(id), "Asia/Tokyo", 60, StandIn, Controls);
    }

    [Theory]
    [InlineData("standIn", """{"mode":"Approve","maxAmount":5000}""", "standIn.maxMinutes")]
    [InlineData("standIn", """{"mode":"Approve","maxMinutes":30}""", "standIn.maxAmount")]
    [InlineData("standIn", """{"mode":"Approve","maxAmount":0,"maxMinutes":30}""", "standIn.maxAmount")]
    [InlineData("standIn", """{"mode":"Approve","maxAmount":1000000000000001,"maxMinutes":30}""", "standIn.maxAmount")]
    [InlineData("standIn", """{"mode":"Approve","maxAmount":5000,"maxMinutes":0}""", "standIn.maxMinutes")]
    [InlineData("standIn", """{"mode":"Approve","maxAmount":5000,"maxMinutes":1441}""", "standIn.maxMinutes")]
    [InlineData("standIn", """{"mode":"Decline","maxAmount":5000}""", "standIn.maxAmount")]
    [InlineData("standIn", """{"mode":"Decline","maxMinutes":30}""", "standIn.maxMinutes")]
    [InlineData("standIn", """{"mode":"Ask"}""", "standIn.mode")]
    [InlineData("standIn", """{"mode":1}""", "standIn.mode")]
    [InlineData("standIn", "{}", "mode")]
    [InlineData("controls", """{"mcc":{"allow":[]}}""", "controls.mcc.allow")]
    [InlineData("controls", """{"limits":[{"window":"Day"}]}""", "controls.limits[0]")]
    [InlineData("controls", """{"limits":[{"window":"Year","uses":1}]}""", "controls.limits[0].window")]
    [InlineData("controls", """{"countries":{"deny":["pl"]}}""", "controls.countries.deny")]
    [InlineData("controls", """{"merchants":{"allow":[]}}""", "controls.merchants.allow")]
    [InlineData("controls", "[]", "controls")]
    [InlineData("holdLifetimeDays", "7.5", "holdLifetimeDays")]
    [InlineData("timeZone", "7", "timeZone")]
    public async Task What_cannot_be_is_named(string setting, string value, string field)
    {
        var (partner, id) = await Opened();

        foreach (var refused in new[]
        {
            await suite.OfAdmin.Post("/programs", BinRangeTests.Body(partner, PartnerSuite.NewBin(), ("name", "Other"), (setting, JsonElement.Parse(value)))),
            await suite.Patch($"/programs/{id}", new Dictionary<string, object> { [setting] = JsonElement.Parse(value) }),
        })
        {
            Assert.Equal(field, Assert.Single(refused.MustRefuse(422, "VALIDATION_FAILED")["errors"].EnumerateObject()).Name);
        }

        Assert.Equal(["\"UTC\"", "7", "null", "null"], (await Facts(id)).Select(fact => fact.GetRawText()));
    }

    [Theory]
    [InlineData("""{"mode":"Approve","maxAmount":1,"maxMinutes":1}""")]
    [InlineData("""{"mode":"Approve","maxAmount":1000000000000000,"maxMinutes":1440}""")]
    public async Task A_stand_in_is_taken_up_to_its_edges(string standIn)
    {
        var (_, id) = await Opened();

        Assert.Equal(standIn, (await suite.Patch($"/programs/{id}", new { standIn = JsonElement.Parse(standIn) })).Must(200)["standIn"].GetRawText());
    }

    private async Task<(Guid Partner, Guid Program)> Opened()
    {
        var partner = await suite.NewPartner();
        return (partner, (await suite.OfAdmin.Post("/programs", BinRangeTests.Body(partner, PartnerSuite.NewBin()))).Must(201).Id);
    }

    private Api OfPartner(Guid partner) => suite.As(new Caller { Channel = Channel.Secure, PartnerId = partner }, "datacore");

    private async Task<JsonElement[]> Facts(Guid programId)
    {
        var facts = (await suite.Neighbour("cardservice", "datacore").Get($"/internal/programmes/{programId}")).Must(200);
        return [.. _settings.Select(setting => facts[setting])];
    }

    private static void Is(IEnumerable<JsonElement> settings, string timeZone, int holdLifetimeDays, string standIn, string controls)
    {
        string[] expected = [JsonSerializer.Serialize(timeZone), JsonSerializer.Serialize(holdLifetimeDays), standIn, controls];
        Assert.All(settings.Zip(expected), pair => Assert.True(JsonElement.DeepEquals(JsonElement.Parse(pair.Second), pair.First), $"{pair.First} is not {pair.Second}"));
    }
}
