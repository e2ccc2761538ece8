using Antaca.Contracts.Events;
using Antaca.TestKit;
using MassTransit;
using Xunit;

namespace Antaca.BalanceService.Tests.Holds;

/// <summary>CardService was too late for the processor: nothing stays held that nobody was told of, and what somebody was told stands.</summary>
public sealed class ReverseUnansweredTests(LedgerSuite suite) : ProcessorTest(suite)
{
    [Fact]
    public async Task What_nobody_was_told_of_is_let_go_of_and_a_repeat_hears_so()
    {
        var (user, balanceId) = await Funded(1_000);
        var (payment, attempt) = (Payment.Of(user, balanceId, 400), Guid.CreateVersion7());
        (await Ask(payment, attempt)).Must(200);

        await Unanswered(payment, user, balanceId, attempt);

        Assert.Equal(0, await Held(balanceId));
        var repeat = (await Ask(payment, Guid.CreateVersion7())).Must(200);
        Assert.Equal((false, "1000", "ANSWERED_LATE"), (repeat["approved"].GetBoolean(), repeat["actionCode"].GetString(), repeat["reason"].GetString()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_another_attempt_was_told_stands_whichever_was_decided_first(bool lateFirst)
    {
        var (user, balanceId) = await Funded(1_000);
        var (payment, late, answered) = (Payment.Of(user, balanceId, 400), Guid.CreateVersion7(), Guid.CreateVersion7());
        foreach (var attempt in lateFirst ? new[] { late, answered } : [answered, late])
        {
            Assert.True((await Ask(payment, attempt)).Must(200)["approved"].GetBoolean());
        }

        await Unanswered(payment, user, balanceId, late);
        Assert.Equal(400, await Held(balanceId));

        // Then the other was not answered either.
        await Unanswered(payment, user, balanceId, answered);
        Assert.Equal(0, await Held(balanceId));
    }

    [Fact]
    public async Task What_has_not_been_decided_yet_is_declined_when_it_comes()
    {
        var (user, balanceId) = await Funded(1_000);
        var (payment, attempt) = (Payment.Of(user, balanceId, 400), Guid.CreateVersion7());

        await Unanswered(payment, user, balanceId, attempt);

        Assert.Equal("REVERSED_FIRST", (await Ask(payment, attempt)).Must(200)["reason"].GetString());
        Assert.Equal(0, await Held(balanceId));
    }

    private Task<Answer> Ask(Dictionary<string, object?> payment, Guid attempt) => CardService.Post("/internal/authorisations", payment.With("attempt", attempt));

    /// <summary>As CardService owes it; returns when the ledger has heard.</summary>
    private async Task Unanswered(Dictionary<string, object?> payment, TestUser user, Guid balanceId, Guid attempt)
    {
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit => rabbit.Host(new Uri(Suite.Messaging)));
        await bus.StartAsync();
        var id = Guid.CreateVersion7();
        var happened = new AuthorisationUnanswered(
            user.PartnerId, balanceId, user.UserId, "sandbox", (string)payment["transactionId"]!, (string)payment["type"]!, attempt, Suite.Clock.GetUtcNow().AddMinutes(-1));
        await Eventually.Holds(
            async () =>
            {
                // The queue may not be bound yet; once it is, a redelivery changes nothing.
                await bus.Publish(happened, publish => publish.MessageId = id);
                await Task.Delay(200);
                return await Look<long>("select count(*) from inbox where message_id = @id", ("id", id)) == 1;
            },
            "the ledger to hear of it");
        await bus.StopAsync();
    }
}
