using Antaca.Client;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Suite.Tests;

/// <summary>What is left when the suite ends, and what is there when it comes back.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task Balances_cards_and_credentials_survive_a_stop_and_a_kill()
    {
        await using var suite = new SuiteProcess();
        await suite.Start();
        Journey journey;
        using (var partner = suite.PartnerConnection())
        using (var processor = suite.ProcessorConnection())
        {
            journey = await (await new Journey(new AntacaClient(partner), new ProcessorClient(processor)).Register()).IssueSpendAndLock();
        }

        var pids = suite.Pids();
        await suite.Stop();
        Assert.DoesNotContain(pids, SuiteProcess.Alive);
        await suite.Start();
        await IsAllThere(suite, journey);

        pids = suite.Pids();
        Assert.NotEmpty(pids);
        await suite.KillHost();
        await Task.Delay(TimeSpan.FromSeconds(5));
        Assert.DoesNotContain(pids, SuiteProcess.Alive);
        await suite.Start();
        await IsAllThere(suite, journey);
    }

    private static async Task IsAllThere(SuiteProcess suite, Journey journey)
    {
        using var connection = suite.PartnerConnection();
        var partner = new AntacaClient(connection);
        var balance = await partner.GetBalance(journey.UserId, journey.BalanceId);
        Assert.Equal((Journey.Reloaded, 2 * Journey.Spent), (balance.Amount, balance.Held));
        Assert.Equal(CardStatus.Locked, (await partner.GetCardSummary(journey.UserId, journey.Lost.Id)).Status);
        var shown = await partner.GetCard(journey.UserId, journey.Suspected.Id);
        Assert.Equal((journey.Suspected.CardNo, journey.Suspected.Cvv), (shown.CardNo, shown.Cvv));
    }
}
