using Antaca.Gateway.Documentation;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Documentation;

/// <summary>A document is whole or not there.</summary>
public sealed class DocumentOutageTests(Suite suite) : IClassFixture<Suite>
{
    [Fact]
    public async Task A_service_that_is_away_is_a_503_until_it_is_back_and_only_where_its_routes_are()
    {
        var port = suite.OverPublicPort();
        await suite.Stop("notifications");
        (await port.Get(Document("secure"))).MustRefuse(503, "SERVICE_UNAVAILABLE");
        (await port.Get(Document("processor"))).Must(200);

        await suite.Start("notifications");
        var whole = await Eventually.Get(async () => await port.Get(Document("secure")) is { Status: 200 } answer ? answer : null, "the document");
        Assert.True(whole["paths"].TryGetProperty("/secure/events", out _));

        // What is kept needs no service; what is no longer kept does.
        await suite.Stop("notifications");
        (await port.Get(Document("secure"))).Must(200);
        suite.Clock.Advance(TimeSpan.FromMinutes(Documents.KeptMinutes));
        (await port.Get(Document("secure"))).MustRefuse(503, "SERVICE_UNAVAILABLE");
    }

    private static string Document(string name) => $"/api/documentation/{name}/api-docs-{name}.json";
}
