using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Holds;

public sealed class ExpireHoldsTests(LedgerSuite suite) : ProcessorTest(suite)
{
    [Fact]
    public async Task A_hold_that_nobody_cleared_falls_away_and_the_partner_hears_of_it()
    {
        var (user, balanceId) = await Funded(1_000);
        var soon = (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 400).With("holdLifetimeDays", 1))).Must(200)["authorizationId"].GetGuid();
        var later = await Authorised(user, balanceId, 300);

        Suite.Clock.Advance(TimeSpan.FromHours(23));
        Suite.Clock.Advance(TimeSpan.FromMinutes(2));
        await Task.Delay(500);
        Assert.Equal(700, await Held(balanceId));
        Suite.Clock.Advance(TimeSpan.FromHours(1));

        await Eventually.Holds(async () => await Held(balanceId) == 300, "the first hold to fall away");
        Assert.Equal(("Reversed", "Authorized"), (await Status(soon), await Status(later)));
        (await Reverse(soon)).MustRefuse(409, "NOTHING_TO_REVERSE");
        // The scheme may come late all the same.
        (await Clear(soon, user.UserId, Pln(400))).Must(200);
        Assert.Equal(("Cleared", 600), (await Status(soon), await Posted(balanceId)));
    }

    [Fact]
    public async Task Expiry_against_a_clearing_at_once_takes_the_money_once()
    {
        var (user, balanceId) = await Funded(1_000);
        var authorisation = (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 400).With("holdLifetimeDays", 1))).Must(200)["authorizationId"].GetGuid();

        await using var held = await Races.Hold(Ledger, $"select from accounts where id = '{balanceId}' for update");
        Suite.Clock.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        await held.Waiters(1);
        var clearing = Task.Run(() => Clear(authorisation, user.UserId, Pln(400)));
        await held.Waiters(2);
        await held.Release();

        (await clearing).Must(200);
        await Eventually.Holds(async () => await Held(balanceId) == 0, "the hold to be gone");
        Assert.Equal(("Cleared", 600), (await Status(authorisation), await Posted(balanceId)));
    }

    [Fact]
    public async Task More_than_a_batch_falls_away()
    {
        const int Holds = 620;
        var (user, balanceId) = await Funded(Holds);
        for (var sent = 0; sent < Holds; sent += 62)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 62).Select(_ => CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, 1).With("holdLifetimeDays", 1))));
            Assert.All(answers, answer => Assert.True(answer.Must(200)["approved"].GetBoolean()));
        }
        Assert.Equal(Holds, await Held(balanceId));

        Suite.Clock.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));

        await Eventually.Holds(async () => await Held(balanceId) == 0, "all of the holds to fall away");
        Assert.Equal(Holds, await Look<long>("select count(*) from operations where kind = 'Expiry' and transaction_id in (select id from transactions where account_id = @id)", ("id", balanceId)));
    }
}
