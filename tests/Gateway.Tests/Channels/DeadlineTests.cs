using System.Diagnostics;
using System.Text.Json;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>A processor hears within 1,500 ms, whoever it is that does not answer.</summary>
public sealed class DeadlineTests(SuiteWithCard suite) : IClassFixture<SuiteWithCard>
{
    private const int DeadlineMilliseconds = 1_500;
    private const int OnABusyMachineMilliseconds = 3_000;

    /// <summary>CardService is told to stop a little before the gateway does; on a busy machine the gateway may still be first.</summary>
    private static readonly (int, string?)[] _late = [(504, "AUTHORIZATION_TIMEOUT"), (504, "SERVICE_TIMEOUT")];

    [Fact]
    public async Task A_service_that_is_slow_is_heard_in_time_and_what_the_repeat_hears_is_what_is_held()
    {
        (await suite.Processor.Post("/processor/authorizations", Authorisation())).Must(200);
        var authorisation = Authorisation();

        await using (var held = await Races.Hold(suite.Database("balances"), $"select from accounts where id = '{suite.BalanceId}' for update"))
        {
            var since = Stopwatch.GetTimestamp();
            var late = await suite.Processor.Post("/processor/authorizations", authorisation);
            Assert.InRange(Stopwatch.GetElapsedTime(since).TotalMilliseconds, 1_200, OnABusyMachineMilliseconds);
            Assert.Contains((late.Status, late.Code), _late);
            await held.Release();
        }

        // What came too late is let go of; a repeat that comes before that is answered, and then it stands.
        var repeat = (await suite.Processor.Post("/processor/authorizations", authorisation)).Must(200);
        var approved = repeat["decision"].GetString() == "Approved";
        Assert.True(approved || repeat["reason"].GetString() is "ANSWERED_LATE" or "REVERSED_FIRST", repeat.Text);
        await Eventually.Holds(async () => await Heard() == 1, "the ledger to hear that nobody was answered");
        Assert.Equal(approved ? 100 : 0, await HeldFor(JsonSerializer.SerializeToElement(authorisation).GetProperty("transactionId").GetString()!));
    }

    [Fact]
    public async Task A_service_that_cannot_speak_is_cut_off()
    {
        (await suite.Processor.Post("/processor/authorizations", Authorisation())).Must(200);

        await using var held = await Races.Hold(suite.Database("cards"), "lock table cards in access exclusive mode");
        var late = await suite.Processor.Post("/processor/authorizations", Authorisation());
        Assert.Contains((late.Status, late.Code), _late);
        await held.Release();
    }

    [Fact]
    public async Task Time_spent_at_the_edge_is_part_of_it()
    {
        // Whose certificate it is has to be asked again, and DataCore cannot read: the request never gets as far as CardService.
        suite.Clock.Advance(TimeSpan.FromSeconds(6));
        await using var held = await Races.Hold(suite.Database("datacore"), "lock table certificates in access exclusive mode");

        var since = Stopwatch.GetTimestamp();
        var late = await suite.Processor.Post("/processor/authorizations", Authorisation());
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalMilliseconds, DeadlineMilliseconds - 100, OnABusyMachineMilliseconds);
        late.MustRefuse(504, "SERVICE_TIMEOUT");
        Assert.Matches("^[0-9a-f]{32}$", late.Header("Trace-Id"));
        Assert.DoesNotContain(suite.CardNo, late.Text, StringComparison.Ordinal);
        await held.Release();
    }

    private async Task<long> Heard()
    {
        await using var heard = suite.Database("balances").CreateCommand("select count(*) from inbox where consumer = 'ReverseUnanswered'");
        return (long)(await heard.ExecuteScalarAsync())!;
    }

    private async Task<long> HeldFor(string transactionId)
    {
        await using var held = suite.Database("balances").CreateCommand($"select held from transactions where processor_transaction_id = '{transactionId}'");
        return (long)(await held.ExecuteScalarAsync())!;
    }

    private object Authorisation() => new
    {
        transactionId = Guid.CreateVersion7().ToString(),
        type = "Purchase",
        cardNo = suite.CardNo,
        exp = suite.Card.GetProperty("exp").GetString(),
        amount = new { amount = 100, currency = "PLN" },
        merchant = new { mid = "1", name = "Shop", mcc = "5411", country = "DE" },
        channel = "Ecommerce",
        transmittedAt = suite.Clock.GetUtcNow(),
    };
}
