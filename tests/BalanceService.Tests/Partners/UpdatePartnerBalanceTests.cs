using System.Text;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Partners;

public sealed class UpdatePartnerBalanceTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Fact]
    public async Task What_is_given_is_changed_and_what_is_absent_stays()
    {
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, "Partner", lowThreshold: 500, notify: "a@bank.example");
        var own = PartnerCaller(partner);

        Assert.Equal(700, (await Patch(own, balanceId, """{"lowThreshold": 700}""")).Must(200)["lowThreshold"].GetInt64());
        var changed = (await Patch(TestUsers.Operator(Role.Admin), balanceId, """{"notify": ["b@bank.example"]}""")).Must(200);

        Assert.Equal(700, changed["lowThreshold"].GetInt64());
        Assert.Equal("b@bank.example", Assert.Single(changed["notify"].EnumerateArray()).GetString());
        Assert.Equal(changed.Json.GetRawText(), (await BalancesOf(own).Get($"/partner-balances/{balanceId}")).Must(200).Json.GetRawText());
        var without = (await Patch(own, balanceId, """{"lowThreshold": 0, "notify": []}""")).Must(200);
        Assert.Equal(JsonValueKind.Null, without["lowThreshold"].ValueKind);
        Assert.Empty(without["notify"].EnumerateArray());
        Assert.False(await Look<bool>("select low from accounts where id = @id", ("id", balanceId)));
    }

    [Theory]
    [InlineData("""{"lowThreshold": -1}""", "lowThreshold")]
    [InlineData("""{"notify": ["nobody"]}""", "notify")]
    [InlineData("""{"kind": "Credit"}""", "kind")]
    public async Task What_cannot_be_accepted_is_named(string body, string field)
    {
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, "Partner", lowThreshold: 500);

        var refused = (await Patch(PartnerCaller(partner), balanceId, body)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
        Assert.Equal(500, await Look<long>("select low_threshold from accounts where id = @id", ("id", balanceId)));
    }

    [Fact]
    public async Task Nobody_changes_anothers()
    {
        var ((partner, _), (other, _)) = (await Suite.NewPartner(), await Suite.NewPartner());
        var theirs = await NewPartnerBalance(other, "Partner", lowThreshold: 500);

        (await Patch(PartnerCaller(partner), theirs, """{"lowThreshold": 1}""")).MustRefuse(404, "PARTNER_BALANCE_NOT_FOUND");
        (await Patch(PartnerCaller(partner), Guid.CreateVersion7(), """{"lowThreshold": 1}""")).MustRefuse(404, "PARTNER_BALANCE_NOT_FOUND");
        foreach (var caller in TestCallers.NotAdmitted(null, Role.Employee, Role.Manager))
        {
            (await Patch(caller, theirs, """{"lowThreshold": 1}""")).MustRefuse(403, "FORBIDDEN");
        }
        Assert.Equal(500, await Look<long>("select low_threshold from accounts where id = @id", ("id", theirs)));
    }

    [Fact]
    public async Task Two_changes_at_once_both_hold()
    {
        var (partner, _) = await Suite.NewPartner();
        var balanceId = await NewPartnerBalance(partner, "Partner");

        var answers = await Races.AtOnce(
            Ledger,
            $"select from accounts where id = '{balanceId}' for update",
            waiters: 2,
            () => Patch(PartnerCaller(partner), balanceId, """{"lowThreshold": 700}"""),
            () => Patch(TestUsers.Operator(Role.Admin), balanceId, """{"notify": ["b@bank.example"]}"""));

        Assert.All(answers, answer => answer.Must(200));
        Assert.Equal("700 {b@bank.example}", await Look<string>("select low_threshold || ' ' || notify::text from accounts where id = @id", ("id", balanceId)));
    }

    private async Task<Answer> Patch(Caller caller, Guid balanceId, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await BalancesOf(caller).Send(HttpMethod.Patch, $"/partner-balances/{balanceId}", content);
    }
}
