using System.Globalization;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Statements;

public sealed class GetStatementTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Fact]
    public async Task Posted_money_stands_in_it_with_its_merchant_and_what_is_only_held_does_not()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        var merchant = new { mid = "M-1", name = "Żabka 7", mcc = "5411", country = "PL" };
        var processor = Suite.As(new Caller { Channel = Channel.Processor, Processor = "sandbox" }, "balanceservice");
        var reload = (await BalancesOf(user).Post($"/balances/{balanceId}/reload", new { amount = Money(1_000), reference = "salary" }, NewKey())).Must(201);
        var purchase = await Pay(Payment.Of(user, balanceId, amount: 400));
        var clearing = (await processor.Post("/clearings", new { transactionId = NewKey(), authorizationId = purchase, cardId = user.UserId, amount = Money(350), merchant })).Must(200);
        var refund = (await processor.Post("/refunds", new { transactionId = NewKey(), authorizationId = purchase, cardId = user.UserId, amount = Money(50), merchant })).Must(200);
        await Pay(Payment.Of(user, balanceId, amount: 300));

        var statement = await Statement(user.Caller, balanceId, "");

        Assert.Equal((balanceId, "PLN", "UTC"), (statement["balanceId"].GetGuid(), statement["currency"].GetString(), statement["timeZone"].GetString()));
        Assert.Contains(statement["month"].GetString(), new[] { reload["authorizedAt"].GetString()![..7], Suite.Clock.GetUtcNow().ToString("yyyy-MM", CultureInfo.InvariantCulture) });
        Assert.Equal((0, 700), (statement["openingBalance"].GetInt64(), statement["closingBalance"].GetInt64()));
        var shown = JsonSerializer.Serialize(merchant, Payment.Readable);
        Assert.Equal(
            [
                $$"""{"transactionId":"{{reload.Id}}","operationId":null,"type":"Reload","postedAt":"{{reload["clearedAt"]}}","amount":1000,"balanceAfter":1000,"merchant":null,"reference":"salary"}""",
                $$"""{"transactionId":"{{purchase}}","operationId":"{{clearing.Id}}","type":"Purchase","postedAt":"{{await PostedAt(clearing.Id)}}","amount":-350,"balanceAfter":650,"merchant":{{shown}},"reference":null}""",
                $$"""{"transactionId":"{{refund["transactionId"]}}","operationId":"{{refund.Id}}","type":"Refund","postedAt":"{{await PostedAt(refund.Id)}}","amount":50,"balanceAfter":700,"merchant":{{shown}},"reference":null}""",
            ],
            statement["lines"].EnumerateArray().Select(line => JsonSerializer.Serialize(line, Payment.Readable)));
        Assert.Null(statement["next"].GetString());
        Assert.Equal(statement.Text, (await Statement(user.App, balanceId, "")).Text);
        foreach (var role in Enum.GetValues<Role>())
        {
            Assert.Equal(statement.Text, (await Statement(user.Operator(role), balanceId, "")).Text);
        }
    }

    [Fact]
    public async Task A_month_opens_with_what_was_posted_before_and_closes_with_what_was_left()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        await Posted(balanceId, 100, "2025-01-31T23:59:59.999999Z");
        await Posted(balanceId, 20, "2025-02-01T00:00:00Z");
        await Posted(balanceId, -5, "2025-02-28T23:59:59.999999Z");
        await Posted(balanceId, 1, "2025-03-01T00:00:00Z");
        await Posted(await Suite.NewBalance(user), 7_777, "2025-02-10T00:00:00Z");

        Assert.Equal("0 100 [100=100]", await Read(balanceId, "month=2025-01", user));
        Assert.Equal("100 115 [20=120 -5=115]", await Read(balanceId, "month=2025-02", user));
        Assert.Equal("115 116 [1=116]", await Read(balanceId, "month=2025-03", user));
        Assert.Equal("116 116 []", await Read(balanceId, "month=2025-04", user));
        Assert.Equal("0 0 []", await Read(balanceId, "month=2024-12", user));
        Assert.Equal("116 116 []", await Read(balanceId, "", user));
    }

    [Fact]
    public async Task What_was_posted_late_stands_where_it_belongs()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        await Posted(balanceId, 100, "2025-02-02T00:00:00Z");
        await Posted(balanceId, 20, "2025-03-01T00:00:00.000002Z");
        await Posted(balanceId, 3, "2025-03-01T00:00:00.000001Z");
        await Posted(balanceId, 4, "2025-02-28T23:59:59.999999Z");
        await Posted(balanceId, 5, "2025-01-31T23:59:59Z");
        await Posted(balanceId, 6, "2025-03-01T00:00:00.000002Z");

        Assert.Equal("0 5 [5=5]", await Read(balanceId, "month=2025-01", user));
        Assert.Equal("5 109 [100=105 4=109]", await Read(balanceId, "month=2025-02", user));
        Assert.Equal("109 138 [3=112 20=132 6=138]", await Read(balanceId, "month=2025-03", user));
    }

    [Theory]
    [InlineData("Europe/Warsaw", "2025-03", "2025-02-28T23:00:00Z", "2025-03-31T21:59:59.999999Z")]
    [InlineData("America/New_York", "2025-11", "2025-11-01T04:00:00Z", "2025-12-01T04:59:59.999999Z")]
    [InlineData("Pacific/Kiritimati", "2025-01", "2024-12-31T10:00:00Z", "2025-01-31T09:59:59.999999Z")]
    [InlineData("Etc/GMT+12", "2025-12", "2025-12-01T12:00:00Z", "2026-01-01T11:59:59.999999Z")]
    [InlineData("UTC", "2024-02", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999999Z")]
    public async Task A_month_is_the_zones_own_whatever_its_clocks_do(string zone, string month, string first, string last)
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        await Posted(balanceId, 1, At(first).AddMicroseconds(-1));
        await Posted(balanceId, 20, first);
        await Posted(balanceId, 300, last);
        await Posted(balanceId, 4_000, At(last).AddMicroseconds(1));

        Assert.Equal("1 321 [20=21 300=321]", await Read(balanceId, $"month={month}&timeZone={Uri.EscapeDataString(zone)}", user));
    }

    [Fact]
    public async Task It_comes_page_by_page_each_between_the_same_balances()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        await Posted(balanceId, 1_000, "2025-01-01T00:00:00Z");
        for (var number = 1; number <= 5; number++)
        {
            // Two of them in one moment: the journal says which came first.
            await Posted(balanceId, number, "2025-02-0" + (number / 2 + 1) + "T00:00:00Z");
        }

        var pages = new List<Answer>();
        do
        {
            pages.Add(await Statement(user.Caller, balanceId, "?month=2025-02&limit=2" + (pages.Count == 0 ? "" : "&after=" + pages[^1]["next"].GetString())));
        }
        while (pages[^1]["next"].GetString() is not null);

        Assert.Equal([2, 2, 1], pages.Select(page => page["lines"].GetArrayLength()));
        Assert.All(pages, page => Assert.Equal((1_000, 1_015), (page["openingBalance"].GetInt64(), page["closingBalance"].GetInt64())));
        Assert.Equal("1=1001 2=1003 3=1006 4=1010 5=1015", string.Join(' ', pages.Select(Lines)));
        Assert.Equal("1015 1015 []", await Read(balanceId, $"month=2025-03&after={pages[0]["next"].GetString()}", user));
    }

    [Fact]
    public async Task It_comes_as_text_that_no_spreadsheet_runs()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        await Posted(balanceId, 1_000, "2025-01-01T00:00:00Z");
        var (first, second) = (await Posted(balanceId, 20, "2025-02-01T00:00:00Z", "=1+1"), await Posted(balanceId, -5, "2025-02-02T12:30:00.5Z"));

        foreach (var caller in new[] { user.Caller, user.App, user.Operator(Role.Employee) })
        {
            var text = await Text(caller, "month=2025-02&limit=1");
            var rest = await Text(caller, $"month=2025-02&limit=1&after={text.Header("Next-Cursor")}");

            Assert.Equal("text/csv", text.MediaType);
            Assert.Equal(
                "transactionId,operationId,type,postedAt,amount,balanceAfter,merchantMid,merchantName,merchantMcc,merchantCountry,reference\r\n"
                    + $"{first},,Reload,2025-02-01T00:00:00Z,20,1020,,,,,\"'=1+1\"\r\n",
                text.Text);
            Assert.EndsWith($"\r\n{second},,Reload,2025-02-02T12:30:00.5Z,-5,1015,,,,,x\r\n", rest.Text, StringComparison.Ordinal);
            Assert.Null(rest.Header("Next-Cursor"));
            Assert.Equal(("1000", "1015", "1000", "1015"), (text.Header("Opening-Balance"), text.Header("Closing-Balance"), rest.Header("Opening-Balance"), rest.Header("Closing-Balance")));
        }

        async Task<Answer> Text(Caller caller, string query) =>
            (await BalancesOf(caller).Send(HttpMethod.Get, $"/balances/{balanceId}/statement?{query}", content: null, key: null, ("Accept", "text/csv"))).Must(200);
    }

    [Theory]
    [InlineData("month=2025-13", "month")]
    [InlineData("month=2025-00", "month")]
    [InlineData("month=2025-1", "month")]
    [InlineData("month=2025-01-01", "month")]
    [InlineData("month=January", "month")]
    [InlineData("month=", "month")]
    [InlineData("month=1969-12", "month")]
    [InlineData("month=3000-01", "month")]
    [InlineData("timeZone=Mars/Olympus", "timeZone")]
    [InlineData("timeZone=", "timeZone")]
    [InlineData("timeZone=CET%0A", "timeZone")]
    [InlineData("timeZone=../../../etc/hostname", "timeZone")]
    [InlineData("timeZone=/usr/share/zoneinfo/UTC", "timeZone")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=201", "limit")]
    [InlineData("after=x", "after")]
    public async Task What_cannot_be_a_statement_is_named(string query, string field)
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var refused = (await BalancesOf(user).Get($"/balances/{balanceId}/statement?{query}")).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task All_that_is_wrong_is_named_at_once()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);

        var refused = (await BalancesOf(user).Get($"/balances/{balanceId}/statement?month=x&timeZone=y")).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(["month", "timeZone"], refused["errors"].EnumerateObject().Select(error => error.Name).Order());
    }

    [Fact]
    public async Task The_first_and_the_last_month_that_can_be_asked_for_are_empty_and_full()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user, amount: 100);

        Assert.Equal("0 0 []", await Read(balanceId, "month=1970-01&timeZone=Pacific/Kiritimati", user));
        Assert.Equal("100 100 []", await Read(balanceId, "month=2999-12&timeZone=Etc/GMT%2B12", user));
    }

    [Fact]
    public async Task Where_the_partner_holds_the_balance_there_is_none()
    {
        var user = await Suite.NewAcceptedUser();
        var balanceId = await Suite.NewBalance(user);
        await Do("update accounts set holder = 'Partner' where id = @id", ("id", balanceId));

        (await BalancesOf(user).Get($"/balances/{balanceId}/statement")).MustRefuse(409, "BALANCE_HELD_BY_PARTNER");
    }

    [Fact]
    public async Task What_is_not_the_callers_is_not_there()
    {
        var (user, other) = (await Suite.NewAcceptedUser(), await Suite.NewAcceptedUser());
        var theirs = await NewAcceptedUserOfAnotherPartner();
        var (mine, othersId, theirsId) = (await Suite.NewBalance(user), await Suite.NewBalance(other, amount: 100), await Suite.NewBalance(theirs, amount: 100));

        foreach (var balance in new[] { Guid.CreateVersion7(), othersId, theirsId })
        {
            (await BalancesOf(user).Get($"/balances/{balance}/statement")).MustRefuse(404, "BALANCE_NOT_FOUND");
            (await BalancesOf(user.App).Get($"/balances/{balance}/statement")).MustRefuse(404, "BALANCE_NOT_FOUND");
            (await BalancesOf(user.Operator(Role.Admin)).Get($"/balances/{balance}/statement")).MustRefuse(404, "BALANCE_NOT_FOUND");
        }
        (await BalancesOf(user.Caller with { PartnerId = theirs.PartnerId }).Get($"/balances/{mine}/statement")).MustRefuse(404, "BALANCE_NOT_FOUND");
        foreach (var caller in TestCallers.NotAdmitted(user.UserId))
        {
            (await BalancesOf(caller).Get($"/balances/{mine}/statement")).MustRefuse(403, "FORBIDDEN");
        }
    }

    private static object Money(long amount) => new { amount, currency = "PLN" };

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static string Lines(Answer statement) =>
        string.Join(' ', statement["lines"].EnumerateArray().Select(line => $"{line.GetProperty("amount")}={line.GetProperty("balanceAfter")}"));

    private async Task<Answer> Statement(Caller caller, Guid balanceId, string query) => (await BalancesOf(caller).Get($"/balances/{balanceId}/statement{query}")).Must(200);

    /// <summary>Opening, closing and the lines of a statement, in one line.</summary>
    private async Task<string> Read(Guid balanceId, string query, TestUser user)
    {
        var statement = await Statement(user.Caller, balanceId, "?" + query);
        return $"{statement["openingBalance"]} {statement["closingBalance"]} [{Lines(statement)}]";
    }

    private Task<Guid> Posted(Guid balanceId, long amount, string at, string reference = "x") => Posted(balanceId, amount, At(at), reference);

    /// <summary>Money that was posted at a moment of the past, by whoever was late or early then.</summary>
    private Task<Guid> Posted(Guid balanceId, long amount, DateTimeOffset at, string reference = "x") => Look<Guid>(
        """
        with reload as (
            insert into transactions (id, partner_id, user_id, account_id, type, status, amount, currency, reference, authorized_at, cleared_at, cleared_amount)
            select gen_random_uuid(), partner_id, user_id, id, 'Reload', 'Cleared', abs(@amount), currency, @reference, @at, @at, abs(@amount)
            from accounts
            where id = @balanceId
            returning id, partner_id, account_id, currency
        ),
        posted as (
            insert into entries (partner_id, transaction_id, account_id, amount, currency, posted_at)
            select reload.partner_id, reload.id, side.account_id, side.amount, reload.currency, @at
            from reload
            cross join lateral (
                select id as account_id, -@amount as amount
                from accounts
                where accounts.partner_id = reload.partner_id and accounts.currency = reload.currency and accounts.kind = 'Funding'
                union all
                select reload.account_id, @amount) as side
        )
        select id from reload
        """,
        ("balanceId", balanceId),
        ("amount", amount),
        ("at", at),
        ("reference", reference));

    private async Task<string> PostedAt(Guid operationId) =>
        (await Look<DateTime>("select posted_at from entries where operation_id = @operationId limit 1", ("operationId", operationId)))
            .ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    private async Task<Guid> Pay(Dictionary<string, object?> payment) =>
        (await Suite.Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", payment)).Must(200)["authorizationId"].GetGuid();
}
