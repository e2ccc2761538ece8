using System.Text.Json;
using Antaca.SandboxPartner;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.RemoteBalances;

public sealed class AskPartnerTests(LedgerSuite suite) : RemoteTest(suite)
{
    [Fact]
    public async Task What_the_partner_approves_is_held_on_its_deposit_and_on_nothing_else()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000, deposit: 5_000);
        var payment = Payment.Of(user, balanceId, amount: 400);

        var answer = MustApprove(await Ask(payment));

        Assert.Equal(600, answer["available"].GetInt64());
        Assert.Equal(400, answer["amount"].GetInt64());
        Assert.Equal((1_000, 400), host.BalanceOf(balanceId.ToString()));
        Assert.Equal(400, await HeldOnDeposit(user));
        Assert.Equal(0, await Held(balanceId));
        var call = Assert.Single(host.Heard);
        Assert.Equal("/authorizations", call.Path);
        Assert.Equal("balanceservice", call.Client);
        Assert.Equal(call.Body.GetProperty("transactionId").GetString(), call.Key);
        Assert.Equal("Purchase", call.Body.GetProperty("type").GetString());
        Assert.Equal(balanceId.ToString(), call.Body.GetProperty("externalBalanceId").GetString());
        Assert.Equal("""{"amount":400,"currency":"PLN"}""", call.Body.GetProperty("amount").GetRawText());
        Assert.Equal("M-1", call.Body.GetProperty("merchant").GetProperty("mid").GetString());
        Assert.Equal("Pos", call.Body.GetProperty("channel").GetString());
        Assert.Equal(0, await Look<long>("select count(*) from remote_messages where account_id = @id", ("id", balanceId)));
    }

    [Fact]
    public async Task What_the_partner_declines_is_declined_and_says_why()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        host.Declines = "CUSTOMER_BLOCKED";

        var answer = MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400)), "1000", "PARTNER_DECLINED");

        Assert.Equal(1_000, answer["available"].GetInt64());
        Assert.Contains("CUSTOMER_BLOCKED", await Explanation(answer));
        Assert.Equal(0, await HeldOnDeposit(user));
        Assert.Equal(0, await Messages(balanceId, "Reversal"));
    }

    [Fact]
    public async Task A_host_that_refuses_the_question_declines()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        host.Answers = 404;

        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400)), "1000", "PARTNER_DECLINED");
    }

    [Fact]
    public async Task Money_that_the_partner_does_not_have_is_declined_with_1016()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);

        var answer = MustDecline(await Ask(Payment.Of(user, balanceId, amount: 1_001)), "1016", "INSUFFICIENT_FUNDS");

        Assert.Equal(1_000, answer["available"].GetInt64());
        Assert.Equal(0, await HeldOnDeposit(user));
    }

    [Fact]
    public async Task What_is_there_is_approved_where_less_is_of_use()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 300);

        var answer = MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400).With("partial", true)));

        Assert.Equal(300, answer["amount"].GetInt64());
        Assert.Equal(0, answer["available"].GetInt64());
        Assert.Equal(300, await HeldOnDeposit(user));
    }

    [Fact]
    public async Task The_deposit_limits_what_the_partner_may_approve_and_the_host_lets_go_of_it()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000, deposit: 399);

        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400)), "1000", "PARTNER_LIMIT");

        await Told(balanceId);
        Assert.Equal((1_000, 0), host.BalanceOf(balanceId.ToString()));
        Assert.Equal(["/authorizations", "/reversals"], host.Heard.Select(call => call.Path));
        Assert.Equal("PARTNER_LIMIT", host.Heard.Last().Body.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Where_the_deposit_bears_a_part_the_host_lets_go_of_the_rest()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000, deposit: 150);

        Assert.Equal(150, MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400).With("partial", true)))["amount"].GetInt64());

        await Told(balanceId);
        Assert.Equal((1_000, 150), host.BalanceOf(balanceId.ToString()));
    }

    [Fact]
    public async Task A_spending_limit_says_no_after_the_partner_and_the_host_lets_go_of_it()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        var limits = new[] { new { rule = "card.amount.day", window = "Day", amount = 500, uses = (int?)null } };

        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400).With("limits", limits)));
        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 101).With("limits", limits)), "1000", "SPEND_LIMIT_EXCEEDED");

        await Told(balanceId);
        Assert.Equal((1_000, 400), host.BalanceOf(balanceId.ToString()));
    }

    [Fact]
    public async Task What_needs_no_money_or_is_declined_already_is_not_asked()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);

        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400).With("decline", new { actionCode = "2008", reason = "CARD_LOST" })), "2008", "CARD_LOST");
        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 0, "Verification")));
        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400).With("currency", "EUR")), "1000", "CURRENCY_MISMATCH");
        await Do("update accounts set state = 'Blocked' where id = @id", ("id", balanceId));
        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400)), "1000", "BALANCE_NOT_OPEN");

        Assert.Empty(host.Heard);
    }

    [Fact]
    public async Task Another_currency_is_asked_for_in_the_balances_own()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        await Do(
            "insert into rates (id, base, quote, rate, source, valid_from, created_at) values (@id, 'CHF', 'PLN', 4.5, 'test', @now, @now) on conflict do nothing",
            ("id", Guid.CreateVersion7()),
            ("now", Suite.Clock.GetUtcNow().AddDays(-1)));

        Assert.Equal(450, MustApprove(await Ask(Payment.Of(user, balanceId, amount: 100).With("currency", "CHF")))["amount"].GetInt64());

        Assert.Equal((1_000, 450), host.BalanceOf(balanceId.ToString()));
        Assert.Equal("""{"amount":100,"currency":"CHF"}""", host.Heard.Single().Body.GetProperty("originalAmount").GetRawText());
    }

    [Fact]
    public async Task A_repeat_hears_the_same_and_the_partner_is_not_asked_again()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);

        var first = MustApprove(await Ask(payment));
        host.Mode = HostMode.Down;
        var again = MustApprove(await Ask(payment));

        Assert.Equal(first.Text, again.Text);
        Assert.Single(host.Heard);
        (await Ask(payment.With("amount", 401))).MustRefuse(409, "TRANSACTION_ID_REUSED");
        Assert.Single(host.Heard);
    }

    [Fact]
    public async Task The_same_transaction_twice_at_once_is_held_once()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);
        // Both are asked about before either is decided.
        host.Mode = HostMode.Slow;
        host.Delay = TimeSpan.FromMilliseconds(400);

        var answers = await Task.WhenAll(Ask(payment), Ask(payment));

        Assert.Equal(answers[0].Text, answers[1].Text);
        Assert.Equal(2, host.Heard.Count);
        Assert.Single(host.Heard.Select(call => call.Key).Distinct());
        Assert.Equal((1_000, 400), host.BalanceOf(balanceId.ToString()));
        Assert.Equal(400, await HeldOnDeposit(user));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(204)]
    public async Task An_answer_that_says_nothing_is_silence_and_the_host_lets_go(int status)
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        host.Answers = status;

        var answer = MustDecline(await Ask(Payment.Of(user, balanceId, amount: 400)), "1000", "PARTNER_UNAVAILABLE");

        Assert.Contains("silentSince", await Explanation(answer));
        host.Answers = null;
        Assert.Equal(1, await Messages(balanceId, "Reversal"));
    }

    [Fact]
    public async Task A_slow_host_is_waited_for_a_second_and_what_it_held_late_is_let_go_of()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        host.Mode = HostMode.Slow;

        var (answer, took) = await Timed(() => Ask(Payment.Of(user, balanceId, amount: 400)));

        MustDecline(answer, "1000", "PARTNER_UNAVAILABLE");
        Assert.InRange(took, TimeSpan.FromMilliseconds(900), TimeSpan.FromMilliseconds(2_500));
        Assert.Equal(0, await HeldOnDeposit(user));
        host.Mode = HostMode.Up;
        await Told(balanceId);
        Assert.Equal((1_000, 0), host.BalanceOf(balanceId.ToString()));
        Assert.Contains(host.Heard, call => call.Path == "/reversals");
    }

    [Fact]
    public async Task A_host_that_is_down_is_tried_twice_and_declined_for_where_nothing_else_is_said()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        var payment = Payment.Of(user, balanceId, amount: 400);
        host.Mode = HostMode.Down;

        var down = MustDecline(await Ask(payment), "1000", "PARTNER_UNAVAILABLE");
        host.Mode = HostMode.Up;
        var after = MustDecline(await Ask(payment), "1000", "PARTNER_UNAVAILABLE");

        Assert.Equal(down.Text, after.Text);
        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400)));
        Suite.Clock.Advance(TimeSpan.FromMinutes(5));
        await Told(balanceId);
        Assert.Equal((1_000, 400), host.BalanceOf(balanceId.ToString()));
    }

    [Fact]
    public async Task The_rule_stands_in_for_a_host_that_is_down_and_the_host_is_advised_once()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000, standInMax: 400);
        var payment = Payment.Of(user, balanceId, amount: 400);
        host.Mode = HostMode.Down;

        var down = MustApprove(await Ask(payment));
        var again = MustApprove(await Ask(payment));
        host.Mode = HostMode.Up;
        var up = MustApprove(await Ask(payment));

        Assert.Equal(down.Text, again.Text);
        Assert.Equal(down.Text, up.Text);
        Assert.Contains("\"standIn\":true", await Explanation(down));
        Assert.Equal(400, await HeldOnDeposit(user));
        Suite.Clock.Advance(TimeSpan.FromMinutes(5));
        await Told(balanceId);
        Assert.Equal((1_000, 400), host.BalanceOf(balanceId.ToString()));
        var advice = Assert.Single(host.Heard);
        Assert.Equal("/authorizations", advice.Path);
        Assert.True(advice.Body.GetProperty("advice").GetBoolean());
        Assert.Equal(down["authorizationId"].GetGuid(), advice.Body.GetProperty("authorizationId").GetGuid());
        Assert.NotEqual(advice.Key, advice.Body.GetProperty("transactionId").GetString());
        Suite.Clock.Advance(TimeSpan.FromMinutes(5));
        await Task.Delay(1_500);
        Assert.Single(host.Heard);
    }

    [Fact]
    public async Task What_a_slow_host_held_itself_is_not_held_twice_by_the_advice()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000, standInMax: 400);
        host.Mode = HostMode.Slow;

        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400)));

        host.Mode = HostMode.Up;
        await Told(balanceId);
        Assert.Equal((1_000, 400), host.BalanceOf(balanceId.ToString()));
        Assert.Equal(0, await Messages(balanceId, "Reversal"));
        Assert.Equal(1, await Messages(balanceId, "Advice"));
    }

    [Fact]
    public async Task The_rule_stands_in_up_to_its_amount_and_the_deposit()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000, deposit: 500, standInMax: 400);
        host.Mode = HostMode.Down;

        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 401)), "1000", "PARTNER_UNAVAILABLE");
        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 400)));
        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 101)), "1000", "PARTNER_LIMIT");

        Assert.Equal(400, await HeldOnDeposit(user));
    }

    [Fact]
    public async Task The_rule_stands_in_for_so_long_since_the_silence_began_and_anew_after_an_answer()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000, standInMax: 400, standInMinutes: 10);
        host.Mode = HostMode.Down;

        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 1)));
        Suite.Clock.Advance(TimeSpan.FromMinutes(9));
        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 2)));
        Suite.Clock.Advance(TimeSpan.FromMinutes(2));
        MustDecline(await Ask(Payment.Of(user, balanceId, amount: 3)), "1000", "PARTNER_UNAVAILABLE");
        host.Mode = HostMode.Up;
        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 4)));
        host.Mode = HostMode.Down;
        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 5)));
    }

    [Fact]
    public async Task A_host_that_keeps_silent_is_left_alone_for_a_while()
    {
        await using var host = await NewHost();
        var (user, balanceId) = await NewRemoteBalance(host, amount: 1_000);
        host.Mode = HostMode.Slow;
        foreach (var answered in await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Ask(Payment.Of(user, balanceId, amount: 1)))))
        {
            MustDecline(answered, "1000", "PARTNER_UNAVAILABLE");
        }
        host.Mode = HostMode.Up;
        await Told(balanceId);
        var heard = host.Heard.Count;

        var (answer, took) = await Timed(() => Ask(Payment.Of(user, balanceId, amount: 2)));

        MustDecline(answer, "1000", "PARTNER_UNAVAILABLE");
        Assert.True(took < TimeSpan.FromMilliseconds(900), $"{took}");
        Assert.Equal(heard, host.Heard.Count);
        // Nothing was sent: there is nothing to let go of.
        Assert.Equal(6, await Messages(balanceId, "Reversal"));
        Suite.Clock.Advance(TimeSpan.FromSeconds(10));
        MustApprove(await Ask(Payment.Of(user, balanceId, amount: 3)));
    }

    private Task<string> Explanation(Answer answer) =>
        Look<string>("select explanation::text from transactions where id = @id", ("id", answer["authorizationId"].GetGuid()));
}
