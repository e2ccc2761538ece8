using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Issuing;

public sealed class FinishIssuingTests(Suite suite) : IClassFixture<Suite>
{
    private static readonly TimeSpan _claim = TimeSpan.FromSeconds(15);

    private readonly NpgsqlDataSource _cards = suite.Database("cards");
    private readonly NpgsqlDataSource _vault = suite.Database("datacore");

    [Fact]
    public async Task A_card_whose_request_died_before_the_vault_is_finished_and_announced()
    {
        var (partner, program) = await suite.NewPartner();
        var user = await suite.NewAcceptedUser(partner, program);
        var left = await Begun(user, claimedUntil: suite.Clock.GetUtcNow());

        var card = await Seen(user, left);

        Assert.Equal("Active", card["status"].GetString());
        var full = (await suite.As(user.Caller, "cardservice").Get($"/cards/{left.Id}")).Must(200);
        var (cardNo, _) = await suite.Open(user.Caller, full);
        Assert.Equal($"{cardNo[..6]}******{cardNo[^4..]}", card["maskedCardNo"].GetString());
        Assert.Equal([left.Id], await Announced(user, 1));
    }

    [Fact]
    public async Task A_card_is_left_to_its_request_for_fifteen_seconds()
    {
        var user = await suite.NewAcceptedUser();
        var begun = await Begun(user, claimedUntil: suite.Clock.GetUtcNow() + _claim);

        // Another card that is free is finished meanwhile: the job has been by.
        await Seen(user, await Begun(user, claimedUntil: suite.Clock.GetUtcNow()));
        Assert.Equal("Issuing", await Status(begun));
        suite.Clock.Advance(_claim);

        await Seen(user, begun);
    }

    [Fact]
    public async Task A_card_whose_request_died_after_the_vault_keeps_its_number()
    {
        var user = await suite.NewAcceptedUser();
        var balance = await suite.NewBalance(user);
        var issued = (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance }, "died-" + balance)).Must(201);
        var secrets = await suite.Open(user.Caller, issued);
        await _cards.Execute(
            "update cards set status = 'Issuing', masked_card_no = null, activated_at = null, claimed_until = $2 where id = $1", issued.Id, suite.Clock.GetUtcNow());

        await Eventually.Holds(async () => await _cards.One<string>("select status from cards where id = $1", issued.Id) == "Active", "the card to be finished");

        var again = (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance }, "died-" + balance)).Must(201);
        Assert.Equal(secrets, await suite.Open(user.Caller, again));
        Assert.Equal(1, await _vault.One<long>("select count(*) from vault_cards where card_id = $1", issued.Id));
    }

    [Fact]
    public async Task A_card_for_which_there_is_no_number_is_dropped_and_its_key_is_free()
    {
        var (partner, program) = await suite.NewPartner();
        var user = await suite.NewAcceptedUser(partner, program);
        await _vault.Execute("update bin_ranges set next_index = size where partner_id = $1", partner);
        var left = await Begun(user, claimedUntil: suite.Clock.GetUtcNow());
        await _cards.Execute("insert into issue_requests (owner, key, fingerprint, card_id) values ($1, 'key', '', $2)", user.Caller.Actor, left.Id);

        await Eventually.Holds(async () => await _cards.One<long>("select count(*) from cards where id = $1", left.Id) == 0, "the card to be dropped");

        Assert.Equal(0, await _cards.One<long>("select count(*) from issue_requests where card_id = $1", left.Id));
    }

    [Fact]
    public async Task The_vault_dies_during_issuing_and_the_same_request_gets_the_card_when_it_is_back()
    {
        var (partner, program) = await suite.NewPartner();
        var user = await suite.NewAcceptedUser(partner, program);
        var balance = await suite.NewBalance(user);
        Task<Answer> Issue() => suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance }, "key");

        await using (var held = await Races.Hold(_vault, "lock table vault_cards in exclusive mode"))
        {
            var first = Issue();
            await held.Waiters(1);
            await _vault.Execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
            await suite.Stop("datacore");
            (await first).MustRefuse(503, "SERVICE_UNAVAILABLE");
            await held.Release();
        }
        (await Issue()).MustRefuse(503, "SERVICE_UNAVAILABLE");
        Assert.Equal("Issuing", await _cards.One<string>("select status from cards where user_id = $1", user.UserId));
        await suite.Start("datacore");

        // The recovery may be at it at the same moment; then the key is in progress for as long as that takes.
        var card = await Eventually.Get(async () => await Issue() is { Status: 201 } issued ? issued : null, "the card");

        Assert.Equal("true", card.Header("Idempotent-Replayed"));
        Assert.Equal(1, await _cards.One<long>("select count(*) from cards where user_id = $1", user.UserId));
        Assert.Equal(1, await _vault.One<long>("select count(*) from vault_cards where partner_id = $1", partner));
        Assert.Equal([card.Id], await Announced(user, 1));
    }

    [Fact]
    public async Task A_request_and_the_recovery_that_finish_one_card_at_once_make_one_card()
    {
        var (partner, program) = await suite.NewPartner();
        var user = await suite.NewAcceptedUser(partner, program);
        var balance = await suite.NewBalance(user);

        await using var held = await Races.Hold(_vault, "lock table vault_cards in exclusive mode");
        var request = suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance });
        await held.Waiters(1);
        suite.Clock.Advance(_claim);
        await Eventually.Holds(
            async () => await _cards.One<DateTime>("select claimed_until from cards where user_id = $1", user.UserId) > suite.Clock.GetUtcNow().UtcDateTime,
            "the recovery to take the card up");
        await held.Release();

        var card = (await request).Must(201);
        Assert.Equal(1, await _vault.One<long>("select count(*) from vault_cards where partner_id = $1", partner));
        var next = (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance })).Must(201);
        Assert.Equal([card.Id, next.Id], await Announced(user, 2));
    }

    [Fact]
    public async Task Many_cards_that_were_left_are_all_finished()
    {
        var user = await suite.NewAcceptedUser();
        var left = new List<CardRow>();
        for (var number = 0; number < 20; number++)
        {
            left.Add(await Begun(user, claimedUntil: suite.Clock.GetUtcNow()));
        }

        foreach (var card in left)
        {
            await Seen(user, card);
        }

        var numbers = await _vault.One<long>("select count(distinct pan_hmac) from vault_cards where card_id = any($1)", left.Select(card => card.Id).ToArray());
        Assert.Equal(20, numbers);
    }

    [Theory]
    [InlineData("update cards set balance_id = id")]
    [InlineData("update cards set user_id = id")]
    [InlineData("update cards set exp = date '2999-12-31'")]
    [InlineData("update issue_requests set key = 'x'")]
    public async Task What_a_card_is_bound_to_cannot_be_changed_by_a_request(string sql)
    {
        await using var forbidden = suite.DatabaseOfRequests("cards").CreateCommand(sql);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => forbidden.ExecuteNonQueryAsync());

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    private Task<CardRow> Begun(TestUser user, DateTimeOffset claimedUntil) => _cards.Put(
        new CardRow { PartnerId = user.PartnerId, UserId = user.UserId, ProgramId = user.ProgramId, Status = "Issuing", Exp = new DateOnly(2029, 11, 30) },
        claimedUntil);

    private Task<string> Status(CardRow card) => _cards.One<string>("select status from cards where id = $1", card.Id);

    private Task<Answer> Seen(TestUser user, CardRow card) => Eventually.Get(
        async () => await suite.As(user.Caller, "cardservice").Get($"/cards/{card.Id}/summary") is { Status: 200 } seen ? seen : null,
        "the card to be seen");

    /// <summary>The cards announced to the partner, once there are as many.</summary>
    private async Task<List<Guid>> Announced(TestUser user, int count) => await Eventually.Get(
        async () =>
        {
            var issued = (await suite.EventsOf(user.PartnerId)).Where(happened => happened.GetProperty("type").GetString() == "card.issued").ToList();
            return issued.Count < count ? null : issued.ConvertAll(happened => happened.GetProperty("data").GetProperty("cardId").GetGuid());
        },
        $"{count} cards to be announced");
}
