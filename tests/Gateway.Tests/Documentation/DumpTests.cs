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
        foreach (var name in new[] { "customer", "secure", "admin", "processor" })
        {
            var answer = await suite.OverPublicPort().Get($"/api/documentation/{name}/api-docs-{name}.json");
            await File.WriteAllBytesAsync($"/tmp/ui/doc-{name}.json", answer.Bytes);
        }
        foreach (var path in new[] { "", "/", "/index.html", "/index.js", "/swagger-ui.css", "/swagger-ui-bundle.js", "/favicon-32x32.png", "/nothing", "/nothing/api-docs-nothing.json" })
        {
            var answer = await suite.OverPublicPort().Get("/api/documentation" + path);
            await File.AppendAllTextAsync("/tmp/ui/pages.txt", $"{path} {answer.Status} {answer.MediaType} {answer.Bytes.Length} {answer.Headers}\n");
        }
        Assert.DoesNotContain(suite.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }
}
