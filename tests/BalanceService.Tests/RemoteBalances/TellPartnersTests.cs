using Antaca.Contracts.Events;
using Antaca.SandboxPartner;
using Antaca.TestKit;
using MassTransit;
using Xunit;

namespace Antaca.BalanceService.Tests.RemoteBalances;

public sealed class TellPartnersTests(LedgerSuite suite) : RemoteTest(suite)
{
    private static readonly object _merchant = new { mid = "M-1", name = "Żabka 7", mcc = "5411", country = "PL" };

    [Fact]
    public async Task A_clearing_and_a_refund_are_told()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000, deposit: 5_000);
        var authorization = MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400)))["authorizationId"].GetGuid();

        (await Processor.Post("/clearings", Clearing(user, authorization, 380))).Must(200);
        await Told(balanceId);

        Assert.Equal((620, 0), host.BalanceOf(balanceId.ToString()));
        Assert.Equal(4_620, await PostedOnDeposit(user));
        Assert.Equal(0, await HeldOnDeposit(user));
        var cleared = host.Heard.Last();
        Assert.Equal("/clearings", cleared.Path);
        Assert.Equal(host.Heard.First().Body.GetProperty("transactionId").GetString(), cleared.Body.GetProperty("transactionId").GetString());
        Assert.Equal(authorization, cleared.Body.GetProperty("authorizationId").GetGuid());
        Assert.Equal("""{"amount":380,"currency":"PLN"}""", cleared.Body.GetProperty("amount").GetRawText());

        (await Processor.Post("/refunds", Refund(user, authorization, 80))).Must(200);
        await Told(balanceId);

        Assert.Equal((700, 0), host.BalanceOf(balanceId.ToString()));
        Assert.Equal("/refunds", host.Heard.Last().Path);
        Assert.Equal(4_700, await PostedOnDeposit(user));
    }

    [Fact]
    public async Task A_clearing_that_is_sent_twice_is_told_once()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        var authorization = MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400)))["authorizationId"].GetGuid();
        var clearing = Clearing(user, authorization, 400);

        (await Processor.Post("/clearings", clearing)).Must(200);
        (await Processor.Post("/clearings", clearing)).Must(200);

        await Told(balanceId);
        Assert.Equal(1, await Messages(balanceId, "Clearing"));
        Assert.Equal((600, 0), host.BalanceOf(balanceId.ToString()));
    }

    [Fact]
    public async Task Reversals_in_part_and_in_full_are_told_in_their_order()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        var authorization = MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400)))["authorizationId"].GetGuid();
        host.Mode = HostMode.Down;

        (await Processor.Post($"/authorizations/{authorization}/reversals", new { transactionId = NewKey(), amount = new { amount = 150, currency = "PLN" } })).Must(200);
        (await Processor.Post($"/authorizations/{authorization}/reversals", new { transactionId = NewKey() })).Must(200);
        host.Mode = HostMode.Up;
        Suite.Clock.Advance(TimeSpan.FromMinutes(5));
        await Told(balanceId);

        Assert.Equal([150, 250], host.Heard.Where(call => call.Path == "/reversals").Select(call => call.Body.GetProperty("amount").GetProperty("amount").GetInt64()));
        Assert.Equal((1_000, 0), host.BalanceOf(balanceId.ToString()));
        Assert.Equal(0, await HeldOnDeposit(user));
    }

    [Fact]
    public async Task A_hold_that_runs_out_is_told()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400).With("holdLifetimeDays", 1)));

        Suite.Clock.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        await using var replica = await Suite.StartReplica("balanceservice");
        await Eventually.Holds(async () => await Messages(balanceId, "Reversal") == 1, "the expiry");
        await Told(balanceId);

        Assert.Equal((1_000, 0), host.BalanceOf(balanceId.ToString()));
        Assert.Equal("HOLD_EXPIRED", host.Heard.Last().Body.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_late_answer_to_the_processor_is_let_go_of_at_the_host_too()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);
        MustApprove(await Ask(payment));
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit => rabbit.Host(new Uri(Suite.Messaging)));
        await bus.StartAsync();
        await bus.Publish(new AuthorisationUnanswered(user.PartnerId, balanceId, user.UserId, "sandbox", (string)payment["transactionId"]!, "Purchase", Guid.CreateVersion7(), Suite.Clock.GetUtcNow()), publish => publish.MessageId = Guid.CreateVersion7());
        await Eventually.Holds(async () => await Messages(balanceId, "Reversal") == 1, "the reversal");
        await bus.StopAsync();

        await Told(balanceId);
        Assert.Equal((1_000, 0), host.BalanceOf(balanceId.ToString()));
        Assert.Equal(0, await HeldOnDeposit(user));
    }

    [Fact]
    public async Task A_message_that_nobody_takes_fails_after_three_days_and_what_follows_it_goes_on()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        var authorization = MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400)))["authorizationId"].GetGuid();
        host.Mode = HostMode.Down;
        (await Processor.Post($"/authorizations/{authorization}/reversals", new { transactionId = NewKey(), amount = new { amount = 150, currency = "PLN" } })).Must(200);
        (await Processor.Post($"/authorizations/{authorization}/reversals", new { transactionId = NewKey() })).Must(200);

        Suite.Clock.Advance(TimeSpan.FromDays(3));
        await Eventually.Holds(
            async () => await Look<long>("select count(*) from remote_messages where account_id = @id and state = 'Failed'", ("id", balanceId)) == 2, "both to fail");

        Assert.Equal(400, host.BalanceOf(balanceId.ToString()).Held);
    }

    private static object Clearing(TestUser user, Guid authorization, long amount) =>
        new { transactionId = NewKey(), authorizationId = authorization, cardId = user.UserId, amount = new { amount, currency = "PLN" }, merchant = _merchant };

    private static object Refund(TestUser user, Guid authorization, long amount) =>
        new { transactionId = NewKey(), authorizationId = authorization, cardId = user.UserId, amount = new { amount, currency = "PLN" }, merchant = _merchant };
}
