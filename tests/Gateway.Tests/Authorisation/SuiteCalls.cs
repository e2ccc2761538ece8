using System.Text;
using System.Text.Json;
using Antaca.Gateway.Tests.Encryption;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;

namespace Antaca.Gateway.Tests.Authorisation;

/// <summary>Calls of any route of the table, its ids taken from a world.</summary>
internal static class SuiteCalls
{
    public static Task<Answer> Send(
        this SuiteWithEveryCaller suite, Api api, Promise promise, World world, (string, string)? credential = null, Guid? installationId = null, string? body = null)
    {
        var path = InWorld(promise.Path, world)
            .Replace("{installationId}", (installationId ?? Guid.CreateVersion7()).ToString(), StringComparison.Ordinal)
            .Replace("{operatorId}", Guid.CreateVersion7().ToString(), StringComparison.Ordinal)
            .Replace("{serial}", "00", StringComparison.Ordinal);
        List<(string, string)> headers = [];
        if (credential is { } shown)
        {
            headers.Add(shown);
        }
        var sensitive = promise.Path.EndsWith("/cards/virtual", StringComparison.Ordinal) || promise.Path.EndsWith("/cards/{cardId}", StringComparison.Ordinal);
        if (sensitive)
        {
            headers.AddRange(SealedCalls.Headers());
        }
        var text = promise.Method is "GET" or "DELETE" ? null : body ?? BodyOf(promise, world);
        return api.Send(
            new HttpMethod(promise.Method),
            path,
            text is null ? null : new StringContent(sensitive ? suite.Seal(text) : text, Encoding.UTF8, "application/json"),
            promise.Path.EndsWith("/reload", StringComparison.Ordinal) ? Guid.CreateVersion7().ToString() : null,
            [.. headers]);
    }

    /// <summary>Sends a documented example as whoever may send it, with the ids of a new world in place of those that stand for the reader's.</summary>
    public static async Task<Answer> Try(this SuiteWithEveryCaller suite, string id, JsonElement example)
    {
        var promise = AuthorisationTable.Promises.Single(promise => $"{promise.Method} {promise.Path}" == id);
        var world = await suite.NewWorld();
        var body = example.GetRawText()
            .Replace(ExampleIds.Customer.ToString(), world.User.UserId.ToString(), StringComparison.Ordinal)
            .Replace(ExampleIds.Balance.ToString(), world.BalanceId.ToString(), StringComparison.Ordinal)
            .Replace(ExampleIds.Card.ToString(), world.CardId.ToString(), StringComparison.Ordinal);
        return promise.For switch
        {
            For.Anybody => await suite.Send(suite.Public, promise, world, body: body),
            For.App => await suite.Send(suite.Public, promise, world, Bearer((await suite.Session(world.User)).Token), body: body),
            For.Operator => await suite.Send(suite.Public, promise, world, Bearer((await suite.Operator(Role.Admin)).Token), body: body),
            For.Processor => await suite.Send(suite.Processor, promise, world, body: body),
            _ => await suite.Send(suite.Partner, promise, world, body: body),
        };
    }

    public static (string, string) Bearer(string token) => ("Authorization", "Bearer " + token);

    private static string InWorld(string path, World world) => path
        .Replace("{customerId}", world.User.UserId.ToString(), StringComparison.Ordinal)
        .Replace("{balanceId}", world.BalanceId.ToString(), StringComparison.Ordinal)
        .Replace("{cardId}", world.CardId.ToString(), StringComparison.Ordinal)
        .Replace("{partnerId}", world.User.PartnerId.ToString(), StringComparison.Ordinal)
        .Replace("{programId}", world.User.ProgramId.ToString(), StringComparison.Ordinal);

    /// <summary>A body that gets as far as the question whose it is.</summary>
    private static string BodyOf(Promise promise, World world) => promise.Path switch
    {
        var path when path.EndsWith("/cards/virtual", StringComparison.Ordinal) => $$"""{"balanceId":"{{world.BalanceId}}"}""",
        var path when path.EndsWith("/{cardId}/lock", StringComparison.Ordinal) => """{"code":7}""",
        var path when path.EndsWith("/reload", StringComparison.Ordinal) => """{"amount":{"amount":100,"currency":"PLN"},"reference":"table"}""",
        var path when path.EndsWith("/kyc", StringComparison.Ordinal) => """{"status":"Accepted","reference":"table"}""",
        _ => "{}",
    };

    private static string Seal(this SuiteWithEveryCaller suite, string body) => $$"""{"payload":"{{Jwe.Seal(Encoding.UTF8.GetBytes(body), suite.GatewayKey)}}"}""";
}
