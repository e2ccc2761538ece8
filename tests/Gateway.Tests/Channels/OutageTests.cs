using Antaca.Gateway.Tests.Encryption;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>What callers hear while DataCore is away, and that it passes.</summary>
public sealed class OutageTests(SuiteWithCard suite) : IClassFixture<SuiteWithCard>
{
    [Fact]
    public async Task While_a_service_is_away_callers_hear_so_and_the_same_request_works_when_it_is_back()
    {
        var registration = TestUsers.Registration();
        var key = Guid.CreateVersion7().ToString();
        (await suite.Partner.Get(suite.Customer)).Must(200);
        var before = await suite.Cards();

        await suite.Stop("datacore");
        try
        {
            // The certificate is still remembered: what is away is the service behind the route.
            IsAway(await suite.Partner.Post("/secure/customers", registration, key));
            IsAway(await suite.Partner.SendSealed(HttpMethod.Get, suite.CardPath));
            // Now it is not, and who is calling cannot be told: nobody is let in.
            suite.Clock.Advance(TimeSpan.FromSeconds(6));
            IsAway(await suite.Partner.Post("/secure/customers", registration, key));
            IsAway(await suite.Partner.PostSealed(suite.IssuePath, suite.IssueBody, suite.GatewayKey));
            IsAway(await suite.Processor.Post("/processor/authorizations", new { cardNo = suite.CardNo }));
            // What needs nobody is answered as ever.
            (await suite.Anybody.Get(suite.Customer)).MustRefuse(401, "CLIENT_CERTIFICATE_REQUIRED");
            (await suite.OverPublicPort().Get("/customers/public-key")).Must(200);
        }
        finally
        {
            await suite.Start("datacore");
        }
        // The breakers close again by themselves.
        await Eventually.Holds(async () => (await suite.Partner.Get(suite.Customer)).Status == 200, "DataCore to be reached again");

        var created = (await suite.Partner.Post("/secure/customers", registration, key)).Must(201);
        Assert.Equal(created.Id, (await suite.Partner.Get($"/secure/customers/{created.Id}")).Must(200).Id);
        Assert.Equal(before, await suite.Cards());
        await Eventually.Holds(async () => (await suite.Partner.SendSealed(HttpMethod.Get, suite.CardPath)).Status == 200, "the card to be shown again");
    }

    private void IsAway(Answer answer)
    {
        Assert.Contains((answer.Status, answer.Code), new (int, string?)[] { (502, "SERVICE_UNREACHABLE"), (503, "SERVICE_UNAVAILABLE"), (504, "SERVICE_TIMEOUT") });
        Assert.Matches("^[0-9a-f]{32}$", answer.Header("Trace-Id"));
        Assert.DoesNotContain("localhost", answer.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(suite.CardNo, answer.Text, StringComparison.Ordinal);
    }
}
