using Antaca.SandboxPartner;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.RemoteBalances;

public sealed class RemoteBalanceTests(LedgerSuite suite) : RemoteTest(suite)
{
    [Fact]
    public async Task A_balance_that_the_partner_holds_is_called_as_the_partner_says_or_by_its_own_id()
    {
        await using var host = await NewHost();
        var user = await NewRemoteUser(host);

        var named = (await BalancesOf(user).Post("/balances", new { externalId = "konto.1_A-7" })).Must(201);
        var unnamed = (await BalancesOf(user.App).Post("/balances", new { })).Must(201);

        Assert.Equal("Partner", named["holder"].GetString());
        Assert.Equal("konto.1_A-7", named["externalId"].GetString());
        Assert.Equal(unnamed.Id.ToString(), unnamed["externalId"].GetString());
    }

    [Fact]
    public async Task An_external_id_is_one_balances_in_its_programme()
    {
        await using var host = await NewHost();
        var user = await NewRemoteUser(host);
        var other = await NewRemoteUser(host);

        (await BalancesOf(user).Post("/balances", new { externalId = "konto-1" })).Must(201);
        (await BalancesOf(user).Post("/balances", new { externalId = "konto-1" })).MustRefuse(409, "EXTERNAL_ID_TAKEN");
        (await BalancesOf(other).Post("/balances", new { externalId = "konto-1" })).Must(201);

        Assert.Equal(1, await Look<long>("select count(*) from accounts where user_id = @user", ("user", user.UserId)));
    }

    [Fact]
    public async Task The_same_external_id_at_once_is_given_once()
    {
        await using var host = await NewHost();
        var user = await NewRemoteUser(host);
        (await BalancesOf(user).Post("/balances", new { externalId = "first" })).Must(201);

        var answers = await Races.AtOnce(
            Ledger,
            "lock table accounts in share row exclusive mode",
            2,
            () => BalancesOf(user).Post("/balances", new { externalId = "konto-2" }),
            () => BalancesOf(user).Post("/balances", new { externalId = "konto-2" }));

        Assert.Equal([201, 409], answers.Select(answer => answer.Status).Order());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("konto?x=1")]
    [InlineData("żółw")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task An_external_id_that_cannot_be_is_named(string externalId)
    {
        await using var host = await NewHost();
        var user = await NewRemoteUser(host);

        var refused = (await BalancesOf(user).Post("/balances", new { externalId })).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal("externalId", Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task No_app_says_which_of_the_partners_balances_is_its_users()
    {
        await using var host = await NewHost();
        var user = await NewRemoteUser(host);

        (await BalancesOf(user.App).Post("/balances", new { externalId = "somebody-elses" })).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task A_balance_that_is_held_here_has_no_external_id()
    {
        var user = await Suite.NewAcceptedUser();

        (await BalancesOf(user).Post("/balances", new { externalId = "konto-1" })).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Alone_it_shows_what_the_host_says_and_in_a_list_nothing()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400)));

        var shown = (await BalancesOf(user).Get($"/balances/{balanceId}")).Must(200);
        var listed = (await BalancesOf(user).Get("/balances")).Must(200)["items"][0];

        Assert.Equal((1_000, 400, 600), (shown["amount"].GetInt64(), shown["held"].GetInt64(), shown["available"].GetInt64()));
        Assert.Equal(0, listed.GetProperty("amount").GetInt64());
        Assert.Equal("Partner", listed.GetProperty("holder").GetString());
    }

    [Theory]
    [InlineData(HostMode.Down, null)]
    [InlineData(HostMode.Slow, null)]
    [InlineData(HostMode.Up, 404)]
    [InlineData(HostMode.Up, 500)]
    public async Task Where_the_host_does_not_say_the_balance_is_unavailable(HostMode mode, int? answers)
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        host.Mode = mode;
        host.Answers = answers;

        (await BalancesOf(user).Get($"/balances/{balanceId}")).MustRefuse(503, "PARTNER_HOST_UNAVAILABLE");
        (await BalancesOf(user).Get("/balances")).Must(200);
    }

    [Fact]
    public async Task It_is_not_reloaded_here()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 0);
        var reload = new { amount = new { amount = 100, currency = "PLN" }, reference = "test" };

        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", reload, NewKey())).MustRefuse(409, "BALANCE_HELD_BY_PARTNER");
        (await BalancesOf(user.Operator(Role.Admin)).Post($"/balances/{balanceId}/reload", reload, NewKey())).MustRefuse(409, "BALANCE_HELD_BY_PARTNER");
    }

    [Fact]
    public async Task A_host_with_a_certificate_of_another_authority_is_not_believed()
    {
        await using var impostor = await PartnerHost.Start(
            new HostSettings(Suite.Certificates.CertificateOf("cardservice"), Suite.Certificates.KeyOf("cardservice"), Suite.Certificates.InternalAuthority));
        var (user, balanceId) = await NewRemoteBalance(impostor, amount: 1_000);

        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400)), "1000", "PARTNER_UNAVAILABLE");

        Assert.Empty(impostor.Heard);
    }
}
