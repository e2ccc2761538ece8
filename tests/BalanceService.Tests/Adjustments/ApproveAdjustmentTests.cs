using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.BalanceService.Tests.Adjustments;

public sealed class ApproveAdjustmentTests(LedgerSuite suite) : LedgerTest(suite)
{
    private readonly Caller _proposer = TestUsers.Operator(Role.Admin);
    private readonly Caller _other = TestUsers.Operator(Role.Admin);

    [Fact]
    public async Task Another_operators_consent_moves_the_money_once_however_often_it_is_given()
    {
        var (user, balanceId, id) = await Proposed(-200_000);
        Answer approved = null!;

        var owed = await EventsOwed(async () =>
        {
            approved = (await Decide(_other, id, "approve")).Must(200);
            return balanceId;
        });
        var again = (await Decide(TestUsers.Operator(Role.Admin), id, "approve")).Must(200);

        Assert.Equal("Approved", approved["status"].GetString());
        Assert.Equal(_other.OperatorId, approved["decidedBy"].GetGuid());
        Assert.Equal(approved.Json.GetRawText(), again.Json.GetRawText());
        Assert.Equal(300_000, await Posted(balanceId));
        Assert.Equal(200_000, await Look<long>("select posted from accounts where kind = 'Partner' and partner_id = @partner", ("partner", user.PartnerId)));
        var happened = Assert.Single(owed, happened => happened.Type == "BalanceAdjusted").Body;
        Assert.Equal(approved["transactionId"].GetGuid(), happened.GetProperty("transactionId").GetGuid());
        Assert.Equal(-200_000, happened.GetProperty("amount").GetInt64());
        (await Decide(_other, id, "reject")).MustRefuse(409, "ADJUSTMENT_DECIDED");
    }

    [Fact]
    public async Task Nobody_approves_what_is_their_own()
    {
        var (_, balanceId, id) = await Proposed(-200_000);

        (await Decide(_proposer, id, "approve")).MustRefuse(409, "OWN_ADJUSTMENT");

        Assert.Equal(500_000, await Posted(balanceId));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => Do(
            "update adjustments set status = 'Approved', decided_by = proposed_by, decided_at = now(), transaction_id = (select id from transactions limit 1) where id = @id", ("id", id)));
        Assert.Equal("adjustments_four_eyes", refused.ConstraintName);
    }

    [Fact]
    public async Task What_is_rejected_moves_nothing_and_stays_so()
    {
        var (_, balanceId, id) = await Proposed(-200_000);

        var rejected = (await Decide(_other, id, "reject")).Must(200);

        Assert.Equal("Rejected", rejected["status"].GetString());
        Assert.Equal(rejected.Json.GetRawText(), (await Decide(_other, id, "reject")).Must(200).Json.GetRawText());
        (await Decide(_other, id, "approve")).MustRefuse(409, "ADJUSTMENT_DECIDED");
        Assert.Equal(500_000, await Posted(balanceId));
    }

    [Fact]
    public async Task A_proposer_takes_it_back()
    {
        var (_, _, id) = await Proposed(-200_000);

        Assert.Equal(_proposer.OperatorId, (await Decide(_proposer, id, "reject")).Must(200)["decidedBy"].GetGuid());
    }

    [Fact]
    public async Task What_is_no_longer_there_is_not_taken_and_may_be_later()
    {
        var (user, balanceId, id) = await Proposed(-500_000);
        var payment = Payment.Of(user, balanceId, 1);
        Assert.True((await Suite.Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", payment)).Must(200)["approved"].GetBoolean());

        (await Decide(_other, id, "approve")).MustRefuse(409, "INSUFFICIENT_FUNDS");

        Assert.Equal("Proposed", await Look<string>("select status from adjustments where id = @id", ("id", id)));
        (await BalancesOf(user).Post($"/balances/{balanceId}/reload", new { amount = Money(1), reference = "r" }, NewKey())).Must(201);
        (await Decide(_other, id, "approve")).Must(200);
        Assert.Equal(1, await Posted(balanceId));
    }

    [Fact]
    public async Task A_closed_balance_is_not_adjusted()
    {
        var (_, balanceId, id) = await Proposed(200_000, beginning: 0);
        await Do("update accounts set state = 'Closed' where id = @id", ("id", balanceId));

        (await Decide(_other, id, "approve")).MustRefuse(409, "BALANCE_CLOSED");
    }

    [Fact]
    public async Task Two_who_approve_at_once_move_it_once()
    {
        var (_, balanceId, id) = await Proposed(-200_000);

        var answers = await Races.AtOnce(
            Ledger,
            $"select from adjustments where id = '{id}' for update",
            waiters: 2,
            () => Decide(_other, id, "approve"),
            () => Decide(TestUsers.Operator(Role.Admin), id, "approve"));

        Assert.Equal(Assert.Single(answers.Select(answer => answer.Must(200)["transactionId"].GetGuid()).Distinct()), await Look<Guid>("select transaction_id from adjustments where id = @id", ("id", id)));
        Assert.Equal(300_000, await Posted(balanceId));
    }

    [Fact]
    public async Task One_who_approves_and_one_who_rejects_at_once_do_not_both_prevail()
    {
        var (_, balanceId, id) = await Proposed(-200_000);

        var answers = await Races.AtOnce(
            Ledger,
            $"select from adjustments where id = '{id}' for update",
            waiters: 2,
            () => Decide(_other, id, "approve"),
            () => Decide(TestUsers.Operator(Role.Admin), id, "reject"));

        Assert.Equal([200, 409], answers.Select(answer => answer.Status).Order());
        Assert.Equal(answers[0].Status == 200 ? 300_000 : 500_000, await Posted(balanceId));
    }

    [Fact]
    public async Task Administrators_alone_decide_and_only_what_there_is()
    {
        var (user, _, id) = await Proposed(-200_000);

        foreach (var verb in new[] { "approve", "reject" })
        {
            (await Decide(_other, Guid.CreateVersion7(), verb)).MustRefuse(404, "ADJUSTMENT_NOT_FOUND");
            foreach (var caller in TestCallers.NotAdmitted(user.UserId, Role.Employee, Role.Manager).Append(user.Caller).Append(user.App))
            {
                (await Decide(caller, id, verb)).MustRefuse(403, "FORBIDDEN");
            }
        }
        foreach (var caller in TestCallers.NotAdmitted(user.UserId).Append(user.Caller).Append(user.App))
        {
            (await BalancesOf(caller).Get("/adjustments")).MustRefuse(403, "FORBIDDEN");
        }
        (await BalancesOf(_other).Get("/adjustments?status=Lost")).MustRefuse(422, "VALIDATION_FAILED");
    }

    private Task<Answer> Decide(Caller caller, Guid id, string verb) => BalancesOf(caller).Post($"/adjustments/{id}/{verb}");

    private async Task<(TestUser User, Guid BalanceId, Guid Id)> Proposed(long amount, long beginning = 500_000)
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        var balanceId = await Suite.NewBalance(user, beginning);
        var proposed = (await BalancesOf(_proposer).Post($"/balances/{balanceId}/adjustments", new { amount = Money(amount), reason = "Correction", note = "by hand" }, NewKey())).Must(202);
        return (user, balanceId, proposed["adjustmentId"].GetGuid());
    }
}
