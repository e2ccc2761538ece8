using Antaca.Gateway.Tests.Encryption;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Routes;

public sealed class ReloadAmountTests(SuiteWithCard suite) : IClassFixture<SuiteWithCard>
{
    [Theory]
    [InlineData("-1")]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("1e30")]
    [InlineData("1.5")]
    [InlineData("9223372036854775807")]
    [InlineData("9223372036854775808")]
    [InlineData("-9223372036854775808")]
    [InlineData("\"100\"")]
    [InlineData("null")]
    [InlineData("NaN")]
    [InlineData("[1]")]
    public async Task An_amount_that_is_none_moves_nothing(string amount)
    {
        var body = $$"""{"amount":{"amount":{{amount}},"currency":"PLN"},"reference":"test"}""";

        foreach (var refused in new[]
        {
            await suite.Partner.PostText(suite.BalancePath + "/reload", body, Guid.CreateVersion7().ToString()),
            await suite.Partner.PostSealed(suite.BalancePath + "/reload", body, suite.GatewayKey, Guid.CreateVersion7().ToString()),
        })
        {
            Assert.True(refused.Status is 400 or 409 or 422 && refused.Code is not null, refused.Text);
        }

        await Unchanged();
    }

    [Fact]
    public async Task Money_needs_an_idempotency_key()
    {
        (await suite.Partner.Post(suite.BalancePath + "/reload", Reload(100))).MustRefuse(400, "IDEMPOTENCY_KEY_REQUIRED");

        await Unchanged();
    }

    [Fact]
    public async Task A_reload_in_another_currency_moves_nothing()
    {
        var refused = await suite.Partner.Post(suite.BalancePath + "/reload", Reload(100, "EUR"), Guid.CreateVersion7().ToString());

        Assert.True(refused.Status is 409 or 422 && refused.Code is not null, refused.Text);
        await Unchanged();
    }

    [Fact]
    public async Task An_encrypted_reload_under_one_key_is_booked_once()
    {
        var user = await suite.NewAcceptedUser();
        var balance = $"/secure/customers/{user.UserId}/balances/{await suite.NewBalance(user)}";
        var key = Guid.CreateVersion7().ToString();
        const string body = """{"amount":{"amount":700,"currency":"PLN"},"reference":"test"}""";

        var first = (await suite.Partner.PostSealed(balance + "/reload", body, suite.GatewayKey, key)).Must(201).Open();
        var again = (await suite.Partner.PostSealed(balance + "/reload", body, suite.GatewayKey, key)).Must(201).Open();

        Assert.Equal(first.GetRawText(), again.GetRawText());
        Assert.Equal(700, (await suite.Partner.Get(balance)).Must(200)["amount"].GetInt64());
    }

    private static object Reload(long amount, string currency = "PLN") => new { amount = new { amount, currency }, reference = "test" };

    private async Task Unchanged()
    {
        var balance = (await suite.Partner.Get(suite.BalancePath)).Must(200);
        Assert.Equal(SuiteWithCard.Reloaded, balance["amount"].GetInt64());
        Assert.Equal(SuiteWithCard.Reloaded, balance["available"].GetInt64());
    }
}
