using System.Text;
using System.Text.RegularExpressions;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Documentation;

/// <summary>The page to read and try, as a browser meets it, and the documents as a cache does.</summary>
public sealed partial class DocumentPageTests(Suite suite) : IClassFixture<Suite>
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_page_and_all_it_asks_for_come_from_this_origin_without_a_credential(bool publicPort)
    {
        var port = publicPort ? suite.OverPublicPort() : suite.Anybody;
        var index = (await port.Get("/api/documentation")).Must(200);

        Assert.Equal("text/html", index.MediaType);
        Assert.Equal(Policy, index.Header("Content-Security-Policy"));
        Assert.DoesNotContain("http", index.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch(InlineScript(), index.Text);
        var asked = Asset().Matches(index.Text).Select(asset => asset.Groups[1].Value).ToArray();
        Assert.Contains("index.js", asked);
        foreach (var asset in asked)
        {
            var answer = (await port.Get("/api/documentation/" + asset)).Must(200);
            Assert.Equal(TypeOf(asset), answer.MediaType!.Replace("application/javascript", "text/javascript", StringComparison.Ordinal));
            Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        }
    }

    [Fact]
    public async Task Each_port_offers_the_documents_that_can_be_tried_from_it()
    {
        string[] all = ["customer", "secure", "admin", "processor"];
        foreach (var (port, offered, readable) in new[] { (suite.OverPublicPort(), all, all), (suite.Anybody, ["secure", "processor"], ["secure", "processor"]) })
        {
            var script = (await port.Get("/api/documentation/index.js")).Must(200).Text;
            foreach (var name in all)
            {
                var path = $"/api/documentation/{name}/api-docs-{name}.json";
                Assert.Equal(offered.Contains(name), script.Contains(path, StringComparison.Ordinal));
                var answer = await port.Get(path);
                Assert.Equal(readable.Contains(name) ? 200 : 404, answer.Status);
            }
        }
        // From its own port a call stays at its origin; a document that is read elsewhere says where the calls go.
        Assert.Equal("/", (await suite.Anybody.Get(Document("secure")))["servers"][0].GetProperty("url").GetString());
        Assert.Equal("/", (await suite.OverPublicPort().Get(Document("admin")))["servers"][0].GetProperty("url").GetString());
        Assert.Equal(suite.PartnerAddress.ToString().TrimEnd('/'), (await suite.OverPublicPort().Get(Document("secure")))["servers"][0].GetProperty("url").GetString());
    }

    [Theory]
    [InlineData("/api/documentation/index.html")]
    [InlineData("/api/documentation/swagger-ui.css")]
    [InlineData("/api/documentation/customer/api-docs-customer.json")]
    public async Task What_has_not_changed_is_not_sent_again(string path)
    {
        var port = suite.OverPublicPort();
        var first = (await port.Get(path)).Must(200);
        var tag = first.Header("ETag")!;

        var again = await port.Send(HttpMethod.Get, path, content: null, key: null, ("If-None-Match", tag));
        var other = await port.Send(HttpMethod.Get, path, content: null, key: null, ("If-None-Match", "\"other\""));
        var head = await port.Send(HttpMethod.Head, path, content: null);

        Assert.Equal("no-cache", first.Header("Cache-Control"));
        Assert.Equal((304, 0), (again.Status, again.Bytes.Length));
        Assert.Equal(first.Text, other.Must(200).Text);
        Assert.Equal((200, 0, tag), (head.Status, head.Bytes.Length, head.Header("ETag")));
    }

    [Theory]
    [InlineData("GET", "/api/documentation/nothing/api-docs-nothing.json", 404)]
    [InlineData("GET", "/api/documentation/customer/api-docs-admin.json", 404)]
    [InlineData("GET", "/api/documentation/customer", 404)]
    [InlineData("GET", "/api/documentation/oauth2-redirect.html/..%2f..%2fsecret", 404)]
    [InlineData("GET", "/API/documentation", 404)]
    [InlineData("GET", "/api", 404)]
    [InlineData("GET", "/api/documentations", 404)]
    [InlineData("GET", "/internal/documentation/openapi.json", 404)]
    [InlineData("POST", "/api/documentation", 405)]
    [InlineData("DELETE", "/api/documentation/customer/api-docs-customer.json", 405)]
    public async Task What_is_not_there_is_a_problem_under_the_strict_policy(string method, string path, int status)
    {
        var answer = (await suite.OverPublicPort().Send(new HttpMethod(method), path, content: null)).MustRefuse(status, status == 404 ? "NOT_FOUND" : "METHOD_NOT_ALLOWED");

        Assert.Equal("default-src 'none'; frame-ancestors 'none'", answer.Header("Content-Security-Policy"));
        Assert.Equal("no-store", answer.Header("Cache-Control"));
    }

    [Theory]
    [InlineData("datacore")]
    [InlineData("notifications")]
    public async Task A_service_tells_its_routes_to_the_gateway_alone_and_its_inner_ones_to_nobody(string service)
    {
        var told = (await suite.Neighbour("gateway", service).Get("/internal/documentation/openapi.json")).Must(200);

        Assert.DoesNotContain("/internal/", Encoding.UTF8.GetString(told.Bytes), StringComparison.Ordinal);
        (await suite.Neighbour("cardservice", service).Get("/internal/documentation/openapi.json")).MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");
    }

    private static string Document(string name) => $"/api/documentation/{name}/api-docs-{name}.json";

    private static string TypeOf(string asset) => Path.GetExtension(asset) switch
    {
        ".js" => "text/javascript",
        ".css" => "text/css",
        _ => "image/png",
    };

    [GeneratedRegex("(?:src|href)=\"(?:\\./)?([^\"]+)\"")]
    private static partial Regex Asset();

    [GeneratedRegex("<script(?![^>]*src=)|<style|\\son\\w+=|javascript:")]
    private static partial Regex InlineScript();
}
