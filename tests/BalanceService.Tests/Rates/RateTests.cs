using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.BalanceService.Tests.Rates;

public sealed class RateTests(LedgerSuite suite) : LedgerTest(suite)
{
    private readonly Caller _admin = TestUsers.Operator(Role.Admin);

    [Theory]
    [InlineData("\"4.2537\"", "4.2537")]
    [InlineData("4.2537", "4.2537")]
    [InlineData("\"0.0000000001\"", "0.0000000001")]
    [InlineData("\"9999999999.9999999999\"", "9999999999.9999999999")]
    [InlineData("\"100.5000\"", "100.5")]
    [InlineData("7", "7")]
    public async Task A_rate_is_kept_exactly(string written, string kept)
    {
        Answer added = null!;

        var entry = Assert.Single(await Ledger.Audited(async () =>
            added = (await BalancesOf(_admin).PostText("/rates", $$"""{"base":"EUR","quote":"PLN","rate":{{written}},"source":"NBP A/230"}""")).Must(201)));

        Assert.Equal(("EUR", "PLN", kept, "NBP A/230"), (added["base"].GetString(), added["quote"].GetString(), added["rate"].GetString(), added["source"].GetString()));
        Assert.Equal($"Admin {_admin.Actor} AddRate rate:{added.Id}", entry.Line().TrimEnd());
        var listed = (await BalancesOf(TestUsers.Operator(Role.Employee)).Get("/rates?base=EUR&quote=PLN&limit=1")).Must(200)["items"][0];
        Assert.Equal(added.Json.GetRawText(), listed.GetRawText());
    }

    [Theory]
    [InlineData("""{"base":"EUR","quote":"EUR","rate":1,"source":"s"}""", "quote")]
    [InlineData("""{"base":"XXX","quote":"EUR","rate":1,"source":"s"}""", "base")]
    [InlineData("""{"base":"EUR","quote":"eur","rate":1,"source":"s"}""", "quote")]
    [InlineData("""{"base":"EUR","quote":"PLN","rate":0,"source":"s"}""", "rate")]
    [InlineData("""{"base":"EUR","quote":"PLN","rate":-1,"source":"s"}""", "rate")]
    [InlineData("""{"base":"EUR","quote":"PLN","rate":"10000000000","source":"s"}""", "rate")]
    [InlineData("""{"base":"EUR","quote":"PLN","rate":"0.00000000001","source":"s"}""", "rate")]
    [InlineData("""{"base":"EUR","quote":"PLN","rate":"four","source":"s"}""", "rate")]
    [InlineData("""{"base":"EUR","quote":"PLN","rate":"4,25","source":"s"}""", "rate")]
    [InlineData("""{"base":"EUR","quote":"PLN","rate":1e40,"source":"s"}""", "rate")]
    [InlineData("""{"base":"EUR","quote":"PLN","source":"s"}""", "rate")]
    [InlineData("""{"base":"EUR","quote":"PLN","rate":1,"source":""}""", "source")]
    [InlineData("""{"base":"EUR","quote":"PLN","rate":1,"source":"s","validFrom":"2020-01-01T00:00:00Z"}""", "validFrom")]
    public async Task What_cannot_be_accepted_is_named(string body, string field)
    {
        var refused = (await BalancesOf(_admin).PostText("/rates", body)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.StartsWith(field, Assert.Single(refused["errors"].EnumerateObject()).Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rate_may_begin_five_minutes_ago_or_later()
    {
        var now = Suite.Clock.GetUtcNow();

        (await Add("SEK", "DKK", 1.5m, now.AddMinutes(-5).AddSeconds(10))).Must(201);
        (await Add("SEK", "DKK", 1.6m, now.AddDays(30))).Must(201);
        (await Add("SEK", "DKK", 1.7m, now.AddMinutes(-5).AddSeconds(-1))).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task There_is_one_for_a_pair_and_a_moment()
    {
        var from = Suite.Clock.GetUtcNow().AddHours(1);
        (await Add("NOK", "DKK", 1.5m, from)).Must(201);

        (await Add("NOK", "DKK", 1.6m, from)).MustRefuse(409, "RATE_EXISTS");

        (await Add("DKK", "NOK", 0.66m, from)).Must(201);
        var refused = await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            await using var change = Suite.DatabaseOfRequests("balances").CreateCommand("update rates set rate = 2");
            await change.ExecuteNonQueryAsync();
        });
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task Two_at_once_for_a_pair_and_a_moment_are_one()
    {
        var from = Suite.Clock.GetUtcNow().AddHours(1);

        var answers = await Races.AtOnce(
            Ledger, "lock table rates in exclusive mode", waiters: 2, () => Add("CHF", "DKK", 7.1m, from), () => Add("CHF", "DKK", 7.2m, from));

        Assert.Equal([201, 409], answers.Select(answer => answer.Status).Order());
    }

    [Fact]
    public async Task The_same_key_adds_once()
    {
        var key = NewKey();
        var request = new { @base = "GBP", quote = "DKK", rate = 8.7m, source = "s" };

        var first = (await BalancesOf(_admin).Post("/rates", request, key)).Must(201);

        Assert.Equal(first.Bytes, (await BalancesOf(_admin).Post("/rates", request, key)).Must(201).Bytes);
    }

    [Fact]
    public async Task They_are_listed_page_by_page_those_that_begin_last_first()
    {
        var now = Suite.Clock.GetUtcNow();
        foreach (var hours in new[] { 3, 1, 2 })
        {
            (await Add("USD", "HUF", hours, now.AddHours(hours))).Must(201);
        }
        (await Add("HUF", "USD", 0.1m, now.AddHours(4))).Must(201);
        var employee = BalancesOf(TestUsers.Operator(Role.Employee));

        var first = (await employee.Get("/rates?base=USD&quote=HUF&limit=2")).Must(200);
        var second = (await employee.Get($"/rates?base=USD&quote=HUF&limit=2&after={first["next"].GetString()}")).Must(200);

        Assert.Equal(["3", "2", "1"], first["items"].EnumerateArray().Concat(second["items"].EnumerateArray()).Select(rate => rate.GetProperty("rate").GetString()));
        Assert.Equal(JsonValueKind.Null, second["next"].ValueKind);
        Assert.Equal("0.1", Assert.Single((await employee.Get("/rates?base=HUF")).Must(200)["items"].EnumerateArray()).GetProperty("rate").GetString());
        (await employee.Get("/rates?base=zloty")).MustRefuse(422, "VALIDATION_FAILED");
        (await employee.Get("/rates?limit=0")).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Administrators_alone_add_and_operators_alone_see()
    {
        var user = await Suite.NewAcceptedUser();
        foreach (var caller in TestCallers.NotAdmitted(user.UserId, Role.Employee, Role.Manager).Append(user.Caller).Append(user.App))
        {
            (await BalancesOf(caller).Post("/rates", new { @base = "EUR", quote = "PLN", rate = 4, source = "s" })).MustRefuse(403, "FORBIDDEN");
        }
        foreach (var caller in TestCallers.NotAdmitted(user.UserId).Append(user.Caller).Append(user.App))
        {
            (await BalancesOf(caller).Get("/rates")).MustRefuse(403, "FORBIDDEN");
        }
    }

    private Task<Answer> Add(string from, string to, decimal rate, DateTimeOffset validFrom) =>
        BalancesOf(_admin).Post("/rates", new { @base = from, quote = to, rate, source = "test", validFrom });
}
