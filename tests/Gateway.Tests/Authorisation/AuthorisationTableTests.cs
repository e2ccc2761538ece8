using System.Text.RegularExpressions;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Antaca.Gateway.Tests.Authorisation;

/// <summary>
/// Every route of every channel, as the running gateway lists them, against every credential. A route without a promise
/// fails, and so does a promise without a route.
/// </summary>
public sealed partial class AuthorisationTableTests(SuiteWithEveryCaller suite, ITestOutputHelper output) : IClassFixture<SuiteWithEveryCaller>
{
    private const string Served = "served";

    [Fact]
    public void Every_route_of_the_running_gateway_has_its_promise_and_every_promise_its_route()
    {
        var running = suite.RoutesOf("gateway")
            .Where(route => !route.Path.StartsWith("/api/documentation", StringComparison.Ordinal) && route.Path is not "/health" and not "/alive")
            .Select(route => $"{route.Method} {Plain(route.Path)}").Order(StringComparer.Ordinal);
        var promised = AuthorisationTable.Promises.Select(promise => $"{promise.Method} {promise.Path}").Order(StringComparer.Ordinal);

        Assert.Equal(promised, running);
    }

    [Fact]
    public async Task Every_cell_of_the_table_is_as_promised()
    {
        var wrong = new List<string>();
        var cells = 0;
        foreach (var promise in AuthorisationTable.Promises)
        {
            foreach (var (who, expected, call) in Cells(promise))
            {
                cells++;
                var answer = await call();
                if (!Holds(expected, answer))
                {
                    wrong.Add($"{promise.Method} {promise.Path} by {who}: expected {expected}, was {answer.Status} {answer.Text[..Math.Min(answer.Text.Length, 200)]}");
                }
            }
        }

        output.WriteLine($"{AuthorisationTable.Promises.Count} routes, {cells} cells");
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.True(cells > 8 * AuthorisationTable.Promises.Count - 100, $"only {cells} cells");
    }

    private IEnumerable<(string Who, string Expected, Func<Task<Answer>> Call)> Cells(Promise promise) => promise.For switch
    {
        For.Anybody => Anybody(promise),
        For.App => App(promise),
        For.Operator => Operator(promise),
        _ => WithCertificate(promise),
    };

    private IEnumerable<(string, string, Func<Task<Answer>>)> Anybody(Promise promise)
    {
        yield return ("nobody", Served, () => Send(suite.Public, promise, suite.Ours));
        yield return ("nobody at the other port", "404 NOT_FOUND", () => Send(suite.Anybody, promise, suite.Ours));
        yield return ("a partner at its port", "404 NOT_FOUND", () => Send(suite.Partner, promise, suite.Ours));
        yield return ("a bearer of nonsense", Served, () => Send(suite.Public, promise, suite.Ours, Bearer("nonsense")));
    }

    private IEnumerable<(string, string, Func<Task<Answer>>)> App(Promise promise)
    {
        yield return ("nobody", "401 UNAUTHENTICATED", () => Send(suite.Public, promise, suite.Ours));
        yield return ("a bearer of nonsense", "401", () => Send(suite.Public, promise, suite.Ours, Bearer("nonsense")));
        yield return ("basic credentials", "401 UNAUTHENTICATED", () => Send(suite.Public, promise, suite.Ours, ("Authorization", "Basic YTpi")));
        yield return ("a partner at its port", "404 NOT_FOUND", () => Send(suite.Partner, promise, suite.Ours));
        yield return ("a processor at its port", "404 NOT_FOUND", () => Send(suite.Processor, promise, suite.Ours));
        foreach (var role in Enum.GetValues<Role>())
        {
            yield return ($"an operator, {role}", "401 SESSION_ENDED", async () => await Send(suite.Public, promise, suite.Ours, Bearer((await suite.Operator(role)).Token)));
        }
        foreach (var state in new[] { "expired", "idle", "revoked" })
        {
            yield return ($"a session that is {state}", "401 SESSION_ENDED", async () => await Send(suite.Public, promise, suite.Ours, Bearer((await suite.Session(suite.Ours.User, state)).Token)));
        }
        if (promise.NotTheirs is { } hears)
        {
            foreach (var (whose, world) in new[] { ("another user", suite.SamePartners), ("another partner's user", suite.AnotherPartners) })
            {
                yield return (whose, $"404 {hears}", async () => await Send(suite.Public, promise, suite.Ours, Bearer((await suite.Session(world.User)).Token)));
            }
        }
        yield return ("the user", promise.NeedsApproval ? "403 APPROVAL_REQUIRED" : Served, () => AsTheUser(promise));
    }

    private async Task<Answer> AsTheUser(Promise promise)
    {
        var world = await suite.NewWorld();
        var session = await suite.Session(world.User);
        return await Send(suite.Public, promise, world, Bearer(session.Token), session.InstallationId);
    }

    private IEnumerable<(string, string, Func<Task<Answer>>)> WithCertificate(Promise promise)
    {
        var (own, other) = promise.For == For.Partner ? (suite.Partner, suite.Processor) : (suite.Processor, suite.Partner);
        yield return ("nobody", "401 CLIENT_CERTIFICATE_REQUIRED", () => Send(suite.Anybody, promise, suite.Ours));
        yield return ("the other kind of certificate", "403 WRONG_CHANNEL", () => Send(other, promise, suite.Ours));
        yield return ("an expired certificate", "401 CLIENT_CERTIFICATE_INVALID", () => Send(suite.ExpiredCertificate, promise, suite.Ours));
        yield return ("a revoked certificate", "401 CLIENT_CERTIFICATE_UNKNOWN", () => Send(suite.RevokedCertificate, promise, suite.Ours));
        yield return ("a user's session", "401 CLIENT_CERTIFICATE_REQUIRED", async () => await Send(suite.Anybody, promise, suite.Ours, Bearer((await suite.Session(suite.Ours.User)).Token)));
        yield return ("the user's session at the public port", "404 NOT_FOUND", async () => await Send(suite.Public, promise, suite.Ours, Bearer((await suite.Session(suite.Ours.User)).Token)));
        yield return ("an Admin", "401 CLIENT_CERTIFICATE_REQUIRED", async () => await Send(suite.Anybody, promise, suite.Ours, Bearer((await suite.Operator(Role.Admin)).Token)));
        yield return ("an Admin at the public port", "404 NOT_FOUND", async () => await Send(suite.Public, promise, suite.Ours, Bearer((await suite.Operator(Role.Admin)).Token)));
        if (promise.NotTheirs is { } hears)
        {
            var expected = hears == "EMPTY" ? "200 EMPTY" : $"404 {hears}";
            yield return ("another partner", expected, () => Send(suite.AnotherPartner, promise, suite.Ours));
            if (promise.Path.Contains("{balanceId}", StringComparison.Ordinal) || promise.Path.Contains("{cardId}", StringComparison.Ordinal))
            {
                yield return ("the partner, through another of its users", expected, () => Send(own, promise, suite.Ours with { User = suite.SamePartners.User }));
            }
        }
        yield return ("its own", Served, async () => await Send(own, promise, await suite.NewWorld()));
    }

    private IEnumerable<(string, string, Func<Task<Answer>>)> Operator(Promise promise)
    {
        yield return ("nobody", "401 UNAUTHENTICATED", () => Send(suite.Public, promise, suite.Ours));
        yield return ("a bearer of nonsense", "401", () => Send(suite.Public, promise, suite.Ours, Bearer("nonsense")));
        yield return ("a partner at its port", "404 NOT_FOUND", () => Send(suite.Partner, promise, suite.Ours));
        yield return ("a processor at its port", "404 NOT_FOUND", () => Send(suite.Processor, promise, suite.Ours));
        yield return ("a user", "401 SESSION_ENDED", async () => await Send(suite.Public, promise, suite.Ours, Bearer((await suite.Session(suite.Ours.User)).Token)));
        foreach (var state in new[] { "expired", "idle", "revoked" })
        {
            yield return ($"a session that is {state}", "401 SESSION_ENDED", async () => await Send(suite.Public, promise, suite.Ours, Bearer((await suite.Operator(Role.Admin, state)).Token)));
        }
        foreach (var role in Enum.GetValues<Role>())
        {
            yield return (
                role.ToString(),
                promise.Roles.Contains(role) ? Served : "403 ROLE_NOT_ALLOWED",
                async () => await Send(suite.Public, promise, await suite.NewWorld(), Bearer((await suite.Operator(role)).Token)));
        }
    }

    /// <summary>Served: the call reached its verb, which may well refuse the empty body by name.</summary>
    private static bool Holds(string expected, Answer answer)
    {
        if (expected == Served)
        {
            return answer.Status is >= 200 and < 300 || (answer.Status is 400 or 404 or 409 or 422 && answer.Code is not null and not "NOT_FOUND" and not "ENCRYPTION_REQUIRED" and not "INVALID_PUBLIC_KEY")
                // A login that is refused for what was typed, not for who calls.
                || (answer.Status == 401 && answer.Code is "LOGIN_FAILED" or "ACTIVATION_FAILED" or "LINK_INVALID");
        }
        var parts = expected.Split(' ');
        return answer.Status == int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture)
            && (parts.Length == 1 || (parts[1] == "EMPTY" ? answer["items"].GetArrayLength() == 0 : answer.Code == parts[1]));
    }

    private Task<Answer> Send(Api api, Promise promise, World world, (string, string)? credential = null, Guid? installationId = null) =>
        suite.Send(api, promise, world, credential, installationId);

    private static (string, string) Bearer(string token) => SuiteCalls.Bearer(token);

    private static string Plain(string path) => Constraint().Replace(path, "{$1}");

    [GeneratedRegex(@"\{(\w+):\w+\}")]
    private static partial Regex Constraint();
}
