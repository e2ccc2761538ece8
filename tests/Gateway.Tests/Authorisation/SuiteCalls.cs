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
    private const string Address = """{"street":"Prosta 1","city":"Warszawa","postalCode":"00-001","country":"PL"}""";

    /// <summary>How the paths end whose calls must be encrypted.</summary>
    private static readonly string[] _sensitive = ["/cards/virtual", "/cards/{cardId}", "/cards/physical", "/cards/link", "/print", "/file", "/cvv", "/pin"];

    /// <summary>How the paths end whose calls need an Idempotency-Key: they move money.</summary>
    private static readonly string[] _keyed = ["/reload", "/{balanceId}/adjustments"];

    public static Task<Answer> Send(
        this SuiteWithEveryCaller suite, Api api, Promise promise, World world, (string, string)? credential = null, Guid? installationId = null, string? body = null, Guid? operatorId = null)
    {
        var path = InWorld(promise.Path, world)
            .Replace("{installationId}", (installationId ?? Guid.CreateVersion7()).ToString(), StringComparison.Ordinal)
            .Replace("{operatorId}", (operatorId ?? Guid.CreateVersion7()).ToString(), StringComparison.Ordinal)
            .Replace("{requestId}", suite.RequestId.ToString(), StringComparison.Ordinal)
            .Replace("{transactionId}", suite.TransactionId.ToString(), StringComparison.Ordinal)
            .Replace("{orderId}", suite.OrderId.ToString(), StringComparison.Ordinal)
            .Replace("{partnerBalanceId}", suite.PartnerBalanceId.ToString(), StringComparison.Ordinal)
            .Replace("{adjustmentId}", Guid.CreateVersion7().ToString(), StringComparison.Ordinal)
            .Replace("{processor}", "sandbox", StringComparison.Ordinal)
            .Replace("{serial}", "00", StringComparison.Ordinal);
        List<(string, string)> headers = [];
        if (credential is { } shown)
        {
            headers.Add(shown);
        }
        var sensitive = _sensitive.Any(end => promise.Path.EndsWith(end, StringComparison.Ordinal));
        if (sensitive)
        {
            headers.AddRange(SealedCalls.Headers());
        }
        var text = promise.Method is "GET" or "DELETE" ? null : body ?? BodyOf(promise, world);
        return api.Send(
            new HttpMethod(promise.Method),
            path,
            text is null ? null : new StringContent(sensitive ? suite.Seal(text) : text, Encoding.UTF8, "application/json"),
            _keyed.Any(end => promise.Path.EndsWith(end, StringComparison.Ordinal)) ? Guid.CreateVersion7().ToString() : null,
            [.. headers]);
    }

    /// <summary>Sends a documented example as whoever may send it, with the ids of a new world in place of those that stand for the reader's.</summary>
    public static async Task<Answer> Try(this SuiteWithEveryCaller suite, string id, JsonElement example)
    {
        var promise = AuthorisationTable.Promises.Single(promise => $"{promise.Method} {promise.Path}" == id);
        // An operator's change of a partner is nobody else's matter here.
        var (partner, program) = promise.For == For.Operator ? await suite.NewPartner() : (TestUsers.SandboxPartner, TestUsers.SandboxProgram);
        var world = await suite.NewWorld(partner, program);
        var body = example.GetRawText()
            .Replace(ExampleIds.Customer.ToString(), world.User.UserId.ToString(), StringComparison.Ordinal)
            .Replace(ExampleIds.Balance.ToString(), world.BalanceId.ToString(), StringComparison.Ordinal)
            .Replace(ExampleIds.Card.ToString(), world.CardId.ToString(), StringComparison.Ordinal);
        var (api, credential) = await suite.Whoever(promise, world.User);
        var another = promise.Path.Contains("{operatorId}", StringComparison.Ordinal) ? (await suite.Operator(Role.Employee)).OperatorId : (Guid?)null;
        return await suite.Send(api, promise, world, credential, body: body, operatorId: another);
    }

    /// <summary>Who may make the call, and with what.</summary>
    public static async Task<(Api Api, (string, string)? Credential)> Whoever(this SuiteWithEveryCaller suite, Promise promise, TestUser user) => promise.For switch
    {
        For.Anybody => (suite.Public, null),
        For.App => (suite.Public, Bearer((await suite.Session(user)).Token)),
        For.Operator => (suite.Public, Bearer((await suite.Operator(Role.Admin)).Token)),
        For.Processor => (suite.Processor, null),
        _ => (suite.Partner, null),
    };

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
        var path when path.EndsWith("/cards/virtual", StringComparison.Ordinal) || path.EndsWith("/cards/virtual/async", StringComparison.Ordinal) => $$"""{"balanceId":"{{world.BalanceId}}"}""",
        var path when path.EndsWith("/cards/physical", StringComparison.Ordinal) => $$"""{"balanceId":"{{world.BalanceId}}","embossName":"ANNA","deliveryAddress":{{Address}}}""",
        var path when path.EndsWith("/cards/link", StringComparison.Ordinal) => $$"""{"balanceId":"{{world.BalanceId}}","cardNo":"5105105105105100","exp":"2029-11-30"}""",
        var path when path.EndsWith("/print", StringComparison.Ordinal) => $$"""{"deliveryAddress":{{Address}}}""",
        var path when path.EndsWith("/pin", StringComparison.Ordinal) => """{"pin":"7391"}""",
        "/processor/cards/lock" => $$"""{"cardId":"{{world.CardId}}","code":2,"source":"Mastercard"}""",
        var path when path.EndsWith("/{cardId}/lock", StringComparison.Ordinal) => """{"code":7}""",
        var path when path.EndsWith("/reload", StringComparison.Ordinal) => """{"amount":{"amount":100,"currency":"PLN"},"reference":"table"}""",
        var path when path.EndsWith("/{balanceId}/adjustments", StringComparison.Ordinal) => """{"amount":{"amount":100,"currency":"PLN"},"reason":"Goodwill","note":"table"}""",
        "/secure/partner-balances" or "/admin/partners/{partnerId}/balances" => """{"kind":"Partner","currency":"CZK"}""",
        var path when path.EndsWith("/kyc", StringComparison.Ordinal) => """{"status":"Accepted","reference":"table"}""",
        _ => "{}",
    };

    private static string Seal(this SuiteWithEveryCaller suite, string body) => $$"""{"payload":"{{Jwe.Seal(Encoding.UTF8.GetBytes(body), suite.GatewayKey)}}"}""";
}
