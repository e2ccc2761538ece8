using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Documentation;

public sealed class DumpTests(Suite suite) : IClassFixture<Suite>
{
    [Fact]
    public async Task Dump()
    {
        foreach (var service in new[] { "datacore", "kycservice", "balanceservice", "cardservice", "notifications" })
        {
            var answer = await suite.Neighbour("gateway", service).Get("/internal/documentation/openapi.json");
            await File.WriteAllBytesAsync($"/tmp/ui/{service}.json", answer.Bytes);
        }
        Assert.DoesNotContain(suite.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }
}
