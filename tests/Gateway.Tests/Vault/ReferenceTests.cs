using System.Text.Json;
using Antaca.Gateway.Tests.Encryption;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Vault;

/// <summary>What the gateway hands on in place of a number is worth it once, shortly, and to one caller.</summary>
public sealed class ReferenceTests(SuiteWithCard suite) : IClassFixture<SuiteWithCard>
{
    private static readonly string _binding = SuiteWithCard.ProcessorCaller.Binding;

    [Fact]
    public async Task A_reference_resolves_once()
    {
        var reference = await Refer();

        Assert.Equal(suite.CardId, (await suite.Identify(_binding, reference)).Must(200)["cardId"].GetGuid());
        (await suite.Identify(_binding, reference)).MustRefuse(409, "REFERENCE_INVALID");
        Assert.DoesNotContain(suite.CardNo, reference.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reference_resolves_once_when_asked_twice_at_once()
    {
        var reference = await Refer();

        var answers = await Races.AtOnce(
            suite.Database("datacore"),
            "lock table vault_reference_uses in share mode",
            waiters: 2,
            () => suite.Identify(_binding, reference),
            () => suite.Identify(_binding, reference));

        Assert.Equal([200, 409], answers.Select(answer => answer.Status).Order());
    }

    [Fact]
    public async Task A_number_is_referred_to_differently_each_time() =>
        Assert.NotEqual((await Refer()).GetRawText(), (await Refer()).GetRawText());

    [Theory]
    [InlineData("balanceservice", "identify")]
    [InlineData("kycservice", "identify")]
    [InlineData("notifications", "identify")]
    [InlineData("gateway", "identify")]
    [InlineData("cardservice", "resolve")]
    [InlineData("balanceservice", "resolve")]
    [InlineData("cardservice", "references")]
    [InlineData("notifications", "references")]
    [InlineData("gateway", "cards/reveal")]
    public async Task Only_the_service_whose_work_it_is_may_ask(string neighbour, string path)
    {
        var reference = await Refer();
        var body = path switch
        {
            "identify" => JsonSerializer.SerializeToElement(new { binding = _binding, cardNo = reference, expiry = (string?)null, cvv = (string?)null }),
            "resolve" => JsonSerializer.SerializeToElement(new { binding = _binding, cardId = suite.CardId, references = new[] { reference } }),
            "references" => JsonSerializer.SerializeToElement(new { binding = _binding, secrets = new[] { new { kind = "cardNo", value = suite.CardNo } } }),
            _ => JsonSerializer.SerializeToElement(new { cardId = suite.CardId, partnerId = TestUsers.SandboxPartner, binding = _binding }),
        };

        (await suite.Neighbour(neighbour, "datacore").Post("/internal/vault/" + path, body)).MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");

        // And it is not used up by the attempt.
        (await suite.Identify(_binding, reference)).Must(200);
    }

    [Fact]
    public async Task A_reference_lives_for_thirty_seconds()
    {
        var (young, old) = (await Refer(), await Refer());

        suite.Clock.Advance(TimeSpan.FromSeconds(10));
        (await suite.Identify(_binding, young)).Must(200);
        suite.Clock.Advance(TimeSpan.FromSeconds(20));
        (await suite.Identify(_binding, old)).MustRefuse(409, "REFERENCE_INVALID");
    }

    [Fact]
    public async Task Another_callers_reference_is_worth_nothing()
    {
        var reference = await Refer();
        var another = SuiteWithCard.ProcessorCaller with { Processor = "another" };

        (await suite.Identify(another.Binding, reference)).MustRefuse(409, "REFERENCE_INVALID");
        (await suite.Identify(suite.User.Caller.Binding, reference)).MustRefuse(409, "REFERENCE_INVALID");
        (await suite.Identify("", reference)).MustRefuse(409, "REFERENCE_INVALID");
        (await suite.Identify(_binding, reference)).Must(200);
    }

    [Fact]
    public async Task A_forged_reference_and_one_of_another_kind_are_worth_nothing()
    {
        var vault = (await Refer()).GetProperty("vault").GetString()!;
        var flipped = vault[..^6] + (vault[^6] == 'A' ? 'B' : 'A') + vault[^5..];
        var cvv = await suite.Refer(_binding, "cvv", "123");

        foreach (var forged in new[] { flipped, vault + "A", vault[..^4], "", "AAAA", "not base64url!" })
        {
            (await suite.Identify(_binding, JsonSerializer.SerializeToElement(new { vault = forged }))).MustRefuse(409, "REFERENCE_INVALID");
        }
        (await suite.Identify(_binding, cvv)).MustRefuse(409, "REFERENCE_INVALID");
        (await suite.Identify(_binding, await Refer(), cvv: await Refer())).MustRefuse(409, "REFERENCE_INVALID");
    }

    [Fact]
    public async Task An_inbound_reference_is_not_resolved_outwards()
    {
        var reference = await Refer();

        var refused = await suite.Neighbour("gateway", "datacore").Post(
            "/internal/vault/resolve", new { binding = _binding, cardId = suite.CardId, references = new[] { reference } });

        refused.MustRefuse(409, "REFERENCE_INVALID");
    }

    [Fact]
    public async Task The_references_of_a_card_resolve_for_the_caller_they_were_made_for_and_for_that_card()
    {
        var shown = (await suite.As(suite.User.Caller, "cardservice").Get($"/cards/{suite.CardId}")).Must(200);
        var stranger = suite.User.Caller with { UserId = Guid.CreateVersion7() };

        (await Resolve(stranger.Binding, suite.CardId)).MustRefuse(409, "REFERENCE_INVALID");
        (await Resolve(suite.User.Caller.Binding, Guid.CreateVersion7())).MustRefuse(409, "REFERENCE_INVALID");
        var resolved = (await Resolve(suite.User.Caller.Binding, suite.CardId)).Must(200);
        Assert.Equal(suite.CardNo, resolved["secrets"][0].GetProperty("value").GetString());
        (await Resolve(suite.User.Caller.Binding, suite.CardId)).MustRefuse(409, "REFERENCE_INVALID");

        Task<Answer> Resolve(string binding, Guid cardId) => suite.Neighbour("gateway", "datacore").Post(
            "/internal/vault/resolve", new { binding, cardId, references = new[] { shown["cardNo"], shown["cvv"] } });
    }

    [Fact]
    public async Task No_log_line_holds_the_number()
    {
        (await suite.Identify(_binding, await Refer())).Must(200);

        Assert.NotEmpty(suite.Log.Lines);
        Assert.DoesNotContain(suite.Log.Lines, line => line.Contains(suite.CardNo, StringComparison.Ordinal));
    }

    private Task<JsonElement> Refer() => suite.Refer(_binding, "cardNo", suite.CardNo);
}
