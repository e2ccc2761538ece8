using System.Globalization;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests;

/// <summary>What a processor says of cards that it serves, on books that add up afterwards.</summary>
public abstract class ProcessorTest(LedgerSuite suite) : LedgerTest(suite)
{
    protected static readonly object Merchant = new { mid = "M-1", name = "Żabka 7", mcc = "5411", country = "PL" };

    protected Api CardService { get; } = suite.Neighbour("cardservice", "balanceservice");

    protected Api Processor { get; } = suite.As(new Caller { Channel = Channel.Processor, Processor = "sandbox" }, "balanceservice");

    protected Api Another { get; } = suite.As(new Caller { Channel = Channel.Processor, Processor = "other" }, "balanceservice");

    protected static string NewId() => Guid.CreateVersion7().ToString("N");

    protected static object Pln(long amount) => new { amount, currency = "PLN" };

    protected async Task<(TestUser User, Guid BalanceId)> Funded(long amount)
    {
        var user = await Suite.NewAcceptedUser();
        return (user, await Suite.NewBalance(user, amount));
    }

    /// <summary>An approved authorisation of this much; the card is the user's only one (<see cref="Payment"/>).</summary>
    protected async Task<Guid> Authorised(TestUser user, Guid balanceId, long amount)
    {
        var answer = (await CardService.Post("/internal/authorisations", Payment.Of(user, balanceId, amount))).Must(200);
        Assert.True(answer["approved"].GetBoolean(), answer.Text);
        return answer["authorizationId"].GetGuid();
    }

    protected Task<Answer> Reverse(Guid authorizationId, long? amount = null, string? id = null) =>
        Processor.Post($"/authorizations/{authorizationId}/reversals", amount is { } some ? new { transactionId = id ?? NewId(), amount = Pln(some) } : new { transactionId = id ?? NewId() });

    protected Task<Answer> Clear(Guid? authorizationId, Guid cardId, object amount, string? id = null, bool final = true, object? originalAmount = null) => Processor.Post(
        "/clearings", new { transactionId = id ?? NewId(), authorizationId, cardId, amount, merchant = Merchant, originalAmount, final });

    protected Task<Answer> Refund(Guid? authorizationId, Guid cardId, object amount, string? id = null) => Processor.Post(
        "/refunds", new { transactionId = id ?? NewId(), authorizationId, cardId, amount, merchant = Merchant });

    protected Task<string> Status(Guid transactionId) => Look<string>("select status from transactions where id = @id", ("id", transactionId));

    protected Task<long> Own(TestUser user, string kind) =>
        Look<long>("select coalesce(sum(posted), 0)::bigint from accounts where partner_id = @partner and kind = @kind and currency = 'PLN'", ("partner", user.PartnerId), ("kind", kind));

    /// <summary>A partner of its own, so that what its own accounts say is this test's alone.</summary>
    protected async Task<(TestUser User, Guid BalanceId)> FundedOfNewPartner(long amount)
    {
        var user = await NewAcceptedUserOfAnotherPartner();
        return (user, await Suite.NewBalance(user, amount));
    }

    /// <summary>What the partner's cards may spend in all.</summary>
    protected async Task<Guid> OpenCredit(TestUser user, long amount)
    {
        var id = Guid.CreateVersion7();
        await Do(
            "insert into accounts (id, partner_id, kind, currency, state, opened, created_at) values (@id, @partner, 'Credit', 'PLN', 'Open', true, now())",
            ("id", id),
            ("partner", user.PartnerId));
        await Do(string.Create(CultureInfo.InvariantCulture, $"""
            with given as (
                insert into transactions (id, partner_id, user_id, account_id, type, status, amount, currency, authorized_at, cleared_at, cleared_amount)
                select gen_random_uuid(), partner_id, user_id, id, 'Adjustment', 'Cleared', {amount}, 'PLN', now(), now(), {amount}
                from accounts where user_id = '{user.UserId}' limit 1
                returning id, partner_id)
            insert into entries (partner_id, transaction_id, account_id, amount, currency, posted_at)
            select given.partner_id, given.id, side.account_id, side.amount, 'PLN', now()
            from given, (
                select id as account_id, {amount} as amount from accounts where id = '{id}'
                union all
                select id, -{amount} from accounts where partner_id = '{user.PartnerId}' and kind = 'Funding' and currency = 'PLN') as side
            """));
        return id;
    }

    protected Task SetRate(string from, string to, decimal rate) => Do(
        "insert into rates (id, base, quote, rate, source, valid_from, created_at) values (gen_random_uuid(), @from, @to, @rate, 'test', @now, @now)",
        ("from", from),
        ("to", to),
        ("rate", rate),
        ("now", Suite.Clock.GetUtcNow()));
}
