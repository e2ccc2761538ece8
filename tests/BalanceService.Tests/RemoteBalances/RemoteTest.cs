using System.Diagnostics;
using Antaca.SandboxPartner;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;

namespace Antaca.BalanceService.Tests.RemoteBalances;

/// <summary>Balances of a partner with a host of its own, for each test another one.</summary>
public abstract class RemoteTest(LedgerSuite suite) : LedgerTest(suite)
{
    protected Api Processor => BalancesOf(new Caller { Channel = Channel.Processor, Processor = "sandbox" });

    protected Task<PartnerHost> NewHost() => PartnerHost.Start(
        new HostSettings(Suite.Certificates.SandboxPartnerHost, Suite.Certificates.SandboxPartnerHostKey, Suite.Certificates.InternalAuthority));

    /// <summary>A verified user in a programme of a new partner, whose balances <paramref name="host"/> holds.</summary>
    protected async Task<TestUser> NewRemoteUser(PartnerHost host, long? standInMax = null, int standInMinutes = 30)
    {
        var (partner, program) = await Suite.NewPartner();
        await using var change = Suite.Database("datacore").CreateCommand(
            "update programmes set remote_url = @url, stand_in_mode = @mode, stand_in_max_amount = @most, stand_in_max_minutes = @minutes where id = @program");
        change.Parameters.Add(new NpgsqlParameter("url", host.Address.AbsoluteUri));
        change.Parameters.Add(new NpgsqlParameter("mode", standInMax is null ? "Decline" : "Approve"));
        change.Parameters.Add(new NpgsqlParameter("most", (object?)standInMax ?? DBNull.Value) { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint });
        change.Parameters.Add(new NpgsqlParameter("minutes", standInMax is null ? DBNull.Value : standInMinutes) { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Integer });
        change.Parameters.Add(new NpgsqlParameter("program", program));
        await change.ExecuteNonQueryAsync();
        return await Suite.NewAcceptedUser(partner, program);
    }

    /// <summary>A balance with so much on it at the host, and a deposit of the partner's here.</summary>
    protected async Task<(TestUser User, Guid BalanceId)> NewRemoteBalance(PartnerHost host, long amount, long deposit = 10_000, long? standInMax = null, int standInMinutes = 30)
    {
        var user = await NewRemoteUser(host, standInMax, standInMinutes);
        var opened = (await BalancesOf(user).Post("/balances", new { })).Must(201);
        host.SetBalance(opened.Id.ToString(), amount);
        if (deposit > 0)
        {
            await NewPartnerBalance(user.PartnerId, "Deposit", deposit);
        }
        return (user, opened.Id);
    }

    protected Task<Answer> Ask(object payment) => Suite.Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", payment);

    protected static Answer MustDecline(Answer answer, string actionCode, string reason)
    {
        answer.Must(200);
        Xunit.Assert.Equal((false, actionCode, reason), (answer["approved"].GetBoolean(), answer["actionCode"].GetString(), answer["reason"].GetString()));
        return answer;
    }

    protected static Answer MustApprove(Answer answer)
    {
        answer.Must(200);
        Xunit.Assert.Equal("0000 APPROVED", $"{answer["actionCode"].GetString()} {answer["reason"].GetString()}");
        return answer;
    }

    protected Task<long> HeldOnDeposit(TestUser user) => OnDeposit(user, "held");

    protected Task<long> PostedOnDeposit(TestUser user) => OnDeposit(user, "posted");

    /// <summary>Waits until the host has been told all there is to tell.</summary>
    protected Task Told(Guid balanceId) => Eventually.Holds(
        async () => await Look<long>("select count(*) from remote_messages where account_id = @id and state = 'Waiting'", ("id", balanceId)) == 0,
        "everything to be told");

    protected Task<long> Messages(Guid balanceId, string kind) =>
        Look<long>("select count(*) from remote_messages where account_id = @id and kind = @kind", ("id", balanceId), ("kind", kind));

    protected static async Task<(T Answer, TimeSpan Took)> Timed<T>(Func<Task<T>> deed)
    {
        var since = Stopwatch.GetTimestamp();
        var answer = await deed();
        return (answer, Stopwatch.GetElapsedTime(since));
    }

    private Task<long> OnDeposit(TestUser user, string column) =>
        Look<long>($"select {column} from accounts where partner_id = @partner and kind = 'Deposit'", ("partner", user.PartnerId));
}
