using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Vault;

public sealed class MalformedSecretTests(SuiteWithCard suite) : IClassFixture<SuiteWithCard>
{
    [Fact]
    public async Task A_PIN_block_that_is_no_object_is_refused_at_the_edge()
    {
        var refused = (await suite.Processor.PostText("/processor/authorizations", """{"pinBlock": "041261AAAAEDCBA9"}""")).MustRefuse(422, "VALIDATION_FAILED");

        Assert.True(refused["errors"].TryGetProperty("pinBlock", out _));
        Assert.DoesNotContain("041261AAAAEDCBA9", refused.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_no_text_is_malformed_JSON() =>
        (await suite.Processor.PostText("/processor/authorizations", """{"\ud800": 1}""")).MustRefuse(400, "MALFORMED_JSON");
}
