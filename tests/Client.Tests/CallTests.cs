using System.Text.Json;

namespace Antaca.Client.Tests;

/// <summary>Every call of the SDK: where it goes, what it carries, what it reads.</summary>
public sealed class CallTests : IAsyncLifetime
{
    private SuiteServer _server = null!;
    private AntacaConnection _connection = null!;

    private AntacaClient Partner => new(_connection);

    private ProcessorClient Processor => new(_connection);

    public async Task InitializeAsync()
    {
        _server = await SuiteServer.Start();
        _connection = _server.Connect();
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_call_travels_over_http2_with_the_partners_certificate()
    {
        _server.Answer = (_, _) => new Say(200, Wire.User);
        await Partner.GetUser(Wire.UserId);
        var call = Assert.Single(_server.Calls);
        Assert.Equal("HTTP/2", call.Protocol);
        Assert.Equal("test-partner", call.ClientName);
    }

    [Fact]
    public async Task Create_user()
    {
        var user = await Called(201, Wire.User, () => Partner.CreateUser(Wire.NewUser), "POST", "/secure/customers");
        Assert.Equal(Wire.UserId, user.Id);
        Assert.Equal(UserStatus.Active, user.Status);
        Assert.Equal(KycStatus.None, user.KycStatus);
        Assert.Equal(new DateOnly(1990, 5, 17), user.BirthDate);
        AssertJson(
            $$"""
            {"programId":"{{Wire.CardId}}","phone":"+48600100200","email":"a@example.com","firstName":"Anna","lastName":"Nowak","birthDate":"1990-05-17",
             "nationality":"PL","address":{"street":"Prosta 1","city":"Warszawa","postalCode":"00-001","country":"PL"} }
            """);
        AssertHasKey();
    }

    [Fact]
    public async Task Get_user() => await Called(200, Wire.User, () => Partner.GetUser(Wire.UserId), "GET", $"/secure/customers/{Wire.UserId}");

    [Fact]
    public async Task List_users()
    {
        var path = "/secure/customers?phone=%2B48600100200&limit=10&after=a%2Bb";
        var page = await Called(200, Wire.PageOf(Wire.User), () => Partner.ListUsers(phone: "+48600100200", limit: 10, after: "a+b"), "GET", path);
        Assert.Equal((Wire.UserId, "more"), (Assert.Single(page.Items).Id, page.Next));
        _server.Answer = (_, _) => new Say(200, """{"items":[],"next":null}""");
        Assert.Null((await Partner.ListUsers()).Next);
    }

    [Fact]
    public async Task A_deleted_user_reads_too()
    {
        var user = await Called(
            200,
            $$"""
            {"id":"{{Wire.UserId}}","programId":"{{Wire.CardId}}","externalId":null,"phone":null,"email":null,"firstName":null,"lastName":null,"birthDate":null,
             "nationality":null,"address":null,"status":"Deleted","kycStatus":"Accepted","createdAt":"2026-03-01T12:00:00Z"}
            """,
            () => Partner.GetUser(Wire.UserId),
            "GET",
            $"/secure/customers/{Wire.UserId}");
        Assert.Equal((UserStatus.Deleted, null), (user.Status, user.Phone));
    }

    [Fact]
    public async Task Update_user()
    {
        await Called(200, Wire.User, () => Partner.UpdateUser(Wire.UserId, new UserChange { Email = "b@example.com" }), "PATCH", $"/secure/customers/{Wire.UserId}");
        AssertJson("""{"email":"b@example.com"}""");
    }

    [Fact]
    public async Task Lock_and_unlock_user()
    {
        await Called(200, Wire.User, () => Partner.LockUser(Wire.UserId, "fraud"), "POST", $"/secure/customers/{Wire.UserId}/lock");
        AssertJson("""{"reason":"fraud"}""");
        AssertHasKey();
        await Partner.LockUser(Wire.UserId);
        AssertJson("{}");
        await Called(200, Wire.User, () => Partner.UnlockUser(Wire.UserId), "POST", $"/secure/customers/{Wire.UserId}/unlock");
        Assert.Equal("", _server.Calls[^1].Body);
        AssertHasKey();
    }

    [Fact]
    public async Task Delete_user()
    {
        _server.Answer = (_, _) => new Say(204);
        await Partner.DeleteUser(Wire.UserId);
        AssertCalled("DELETE", $"/secure/customers/{Wire.UserId}");
    }

    [Fact]
    public async Task Create_activation_code()
    {
        var code = await Called(
            201,
            """{"activationCode":"135790","expiresAt":"2026-03-01T12:10:00Z"}""",
            () => Partner.CreateActivationCode(Wire.UserId),
            "POST",
            $"/secure/customers/{Wire.UserId}/activation-codes");
        Assert.Equal("135790", code.Code);
        Assert.DoesNotContain("135790", code.ToString(), StringComparison.Ordinal);

        // A second code ends the first: never asked for twice.
        _server.Answer = (_, _) => Say.Problem(503, "UNAVAILABLE");
        var before = _server.Calls.Count;
        await Assert.ThrowsAsync<AntacaException>(() => Partner.CreateActivationCode(Wire.UserId));
        Assert.Equal(before + 1, _server.Calls.Count);
    }

    [Fact]
    public async Task List_programs_and_certificates()
    {
        var program = Assert.Single((await Called(200, Wire.PageOf(Wire.Program), () => Partner.ListPrograms(), "GET", "/secure/programs")).Items);
        Assert.Equal((KycMode.Partner, 10, 5, true), (program.KycMode, program.SessionMinutes, program.IdleMinutes, program.SelfRegistration));
        var certificate = Assert.Single((await Called(200, Wire.PageOf(Wire.Certificate), () => Partner.ListCertificates(), "GET", "/secure/certificates")).Items);
        Assert.Equal(("0A1B", CertificateKind.Partner, true), (certificate.Serial, certificate.Kind, certificate.ExpiresSoon));
    }

    [Fact]
    public async Task List_balances_transactions_and_cards()
    {
        var customer = $"/secure/customers/{Wire.UserId}";
        await Called(200, Wire.PageOf(Wire.Balance), () => Partner.ListBalances(Wire.UserId), "GET", customer + "/balances?limit=50");
        var from = new DateTimeOffset(2026, 3, 1, 13, 0, 0, TimeSpan.FromHours(1));
        await Called(
            200,
            Wire.PageOf(Wire.Transaction),
            () => Partner.ListTransactions(Wire.UserId, Wire.BalanceId, from, limit: 5),
            "GET",
            $"{customer}/balances/{Wire.BalanceId}/transactions?from=2026-03-01T12%3A00%3A00.0000000Z&limit=5");
        var balance = $"{customer}/balances/{Wire.BalanceId}";
        var history = await Called(200, Wire.History, () => Partner.GetTransaction(Wire.UserId, Wire.BalanceId, Wire.CardId), "GET", $"{balance}/transactions/{Wire.CardId}");
        Assert.Equal((new Money(300, "PLN"), 4.25m, new Money(100, "EUR")), (history.Held, history.ExchangeRate!.Rate, history.OriginalAmount));
        var step = Assert.Single(history.History);
        Assert.Equal((HistoryStepKind.Reversal, new Money(-100, "PLN")), (step.Kind, step.Held));
        var explained = await Called(200, Wire.Explanation, () => Partner.ExplainDecline(Wire.UserId, Wire.BalanceId, Wire.CardId), "GET", $"{balance}/transactions/{Wire.CardId}/explanation");
        Assert.Equal(("card.amount.day", 700L, true), (explained.Rule, Assert.Single(explained.Inputs!.Limits).Spent, explained.Agrees));
        var statement = await Called(
            200,
            Wire.Statement,
            () => Partner.GetStatement(Wire.UserId, Wire.BalanceId, new DateOnly(2026, 11, 30), "Europe/Warsaw", after: "x"),
            "GET",
            $"{balance}/statement?month=2026-11&timeZone=Europe%2FWarsaw&limit=50&after=x");
        Assert.Equal((1_000L, 900L, -100L, "y"), (statement.OpeningBalance, statement.ClosingBalance, Assert.Single(statement.Lines).Amount, statement.Next));
        await Called(200, Wire.PageOf(Wire.Card), () => Partner.ListCards(Wire.UserId, after: "x"), "GET", customer + "/cards?limit=50&after=x");
    }

    [Fact]
    public async Task A_filter_is_shown_to_no_observer_and_in_no_exception()
    {
        var paths = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var connection = _server.Connect(options => options with { Observe = exchange => paths.Enqueue(exchange.Path) });
        _server.Answer = (_, _) => new Say(200, "[]");
        var refusal = await Assert.ThrowsAsync<AntacaException>(() => new AntacaClient(connection).ListUsers(phone: "+48600100200"));
        Assert.DoesNotContain("600100200", refusal.ToString(), StringComparison.Ordinal);
        Assert.Equal("/secure/customers", Assert.Single(paths));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(204)]
    public async Task Set_kyc(int status)
    {
        _server.Answer = (_, _) => new Say(status, status == 204 ? null : "{}");
        await Partner.SetKyc(Wire.UserId, KycOutcome.Accepted, "check-1");
        AssertCalled("PUT", $"/secure/customers/{Wire.UserId}/kyc");
        AssertJson("""{"status":"Accepted","reference":"check-1"}""");
    }

    [Fact]
    public async Task Open_balance()
    {
        var path = $"/secure/customers/{Wire.UserId}/balances";
        await Called(201, Wire.Balance, () => Partner.OpenBalance(Wire.UserId), "POST", path);
        AssertJson("{}");
        AssertHasKey();
        await Partner.OpenBalance(Wire.UserId, "EUR");
        AssertJson("""{"currency":"EUR"}""");
        await Partner.OpenBalance(Wire.UserId, externalId: "konto-1");
        AssertJson("""{"externalId":"konto-1"}""");
    }

    [Fact]
    public async Task List_reconciliations()
    {
        var page = await Called(
            200,
            """
            {"items":[{"id":"0190a000-0000-7000-8000-000000000101","partnerId":"0190a000-0000-7000-8000-000000000001","programId":"0190a000-0000-7000-8000-000000000003",
            "day":"2026-11-28","currency":"PLN","outcome":"Differs","ours":{"authorizedCount":3,"authorizedAmount":710},"theirs":{"authorizedCount":2},
            "differences":["authorizedCount"],"undelivered":1,"unavailable":2,"deposit":{"amount":4700,"held":210},"createdAt":"2026-11-29T00:00:30Z"}],"next":null}
            """,
            () => Partner.ListReconciliations(new DateOnly(2026, 11, 1), new DateOnly(2026, 11, 30)),
            "GET",
            "/secure/reconciliations?from=2026-11-01&to=2026-11-30&limit=50");

        var day = Assert.Single(page.Items);
        Assert.Equal((ReconciliationOutcome.Differs, 710, null, 4_700), (day.Outcome, day.Ours.AuthorizedAmount, day.Theirs!.AuthorizedAmount, day.Deposit.Amount));
    }

    [Fact]
    public async Task Get_balance()
    {
        var balance = await Called(200, Wire.Balance, () => Partner.GetBalance(Wire.UserId, Wire.BalanceId), "GET", $"/secure/customers/{Wire.UserId}/balances/{Wire.BalanceId}");
        Assert.Equal((50000, 12500, 37500, "PLN", BalanceState.Open), (balance.Amount, balance.Held, balance.Available, balance.Currency, balance.State));
        Assert.Equal(Wire.CardId, Assert.Single(balance.Cards!).Id);
    }

    [Fact]
    public async Task Reload()
    {
        var transaction = await Called(
            201,
            Wire.Transaction,
            () => Partner.Reload(Wire.UserId, Wire.BalanceId, new Money(50000, "PLN"), "first"),
            "POST",
            $"/secure/customers/{Wire.UserId}/balances/{Wire.BalanceId}/reload");
        Assert.Equal((new Money(50000, "PLN"), TransactionType.Reload, TransactionStatus.Cleared), (transaction.Amount, transaction.Type, transaction.Status));
        AssertJson("""{"amount":{"amount":50000,"currency":"PLN"},"reference":"first"}""");
        AssertHasKey();
    }

    [Fact]
    public async Task Create_virtual_card()
    {
        var card = await Called(
            201,
            Wire.Issued,
            () => Partner.CreateVirtualCard(Wire.UserId, Wire.BalanceId, "Anna Nowak"),
            "POST",
            $"/secure/customers/{Wire.UserId}/cards/virtual",
            encrypted: true);
        Assert.Equal(("5105105105105100", "123", new DateOnly(2029, 11, 30), CardStatus.Active), (card.CardNo, card.Cvv, card.Exp, card.Status));
        AssertJson($$"""{"balanceId":"{{Wire.BalanceId}}","cardholderName":"Anna Nowak"}""");
        AssertHasKey();
    }

    [Fact]
    public async Task Get_card()
    {
        var card = await Called(200, Wire.Secrets, () => Partner.GetCard(Wire.UserId, Wire.CardId), "GET", $"/secure/customers/{Wire.UserId}/cards/{Wire.CardId}", encrypted: true);
        Assert.Equal(("5105105105105100", "123"), (card.CardNo, card.Cvv));
        Assert.Equal("", _server.Calls[^1].Body);
    }

    [Fact]
    public async Task Get_card_summary()
    {
        var card = await Called(200, Wire.Card, () => Partner.GetCardSummary(Wire.UserId, Wire.CardId), "GET", $"/secure/customers/{Wire.UserId}/cards/{Wire.CardId}/summary");
        Assert.Equal((LockCode.Lost, true, "Partner"), (card.Lock!.Code, card.Lock.Irreversible, card.Lock.Source));
        Assert.Equal("510510******5100", card.MaskedCardNo);
    }

    [Fact]
    public async Task Lock_card()
    {
        await Called(200, Wire.Card, () => Partner.LockCard(Wire.UserId, Wire.CardId, LockCode.SuspectedFraud), "POST", $"/secure/customers/{Wire.UserId}/cards/{Wire.CardId}/lock");
        AssertJson("""{"code":7}""");
        AssertHasKey();
        await Partner.LockCard(Wire.UserId, Wire.CardId, LockCode.Replaced, Wire.BalanceId);
        AssertJson($$"""{"code":8,"replacedBy":"{{Wire.BalanceId}}"}""");
    }

    [Fact]
    public async Task Unlock_card()
    {
        await Called(200, Wire.Card, () => Partner.UnlockCard(Wire.UserId, Wire.CardId), "POST", $"/secure/customers/{Wire.UserId}/cards/{Wire.CardId}/unlock");
        Assert.Equal("", _server.Calls[^1].Body);
        AssertHasKey();
    }

    [Fact]
    public async Task A_card_of_plastic_reads_with_all_it_has()
    {
        _server.Answer = (_, _) => new Say(200, Wire.Plastic);
        var card = await Partner.GetCardSummary(Wire.UserId, Wire.CardId);
        Assert.Equal((CardType.DigitalFirst, CardStatus.Inactive, new PinState(true, 2), Wire.UserId), (card.Type, card.Status, card.Pin, card.ReplacedBy));
    }

    [Fact]
    public async Task Request_a_card_and_ask_for_the_request()
    {
        var cards = $"/secure/customers/{Wire.UserId}/cards";
        var taken = await Called(202, Wire.Pending, () => Partner.RequestVirtualCard(Wire.UserId, Wire.BalanceId, "Anna Nowak"), "POST", cards + "/virtual/async");
        Assert.Equal((Wire.UserId, CardRequestStatus.Pending, null), (taken.RequestId, taken.Status, taken.CardId));
        AssertJson($$"""{"balanceId":"{{Wire.BalanceId}}","cardholderName":"Anna Nowak"}""");
        AssertHasKey();
        var done = await Called(200, Wire.Done, () => Partner.GetCardRequest(Wire.UserId, Wire.UserId), "GET", $"{cards}/requests/{Wire.UserId}");
        Assert.Equal((CardRequestStatus.Done, Wire.CardId), (done.Status, done.CardId));
    }

    [Theory]
    [InlineData("Done")]
    [InlineData("Failed")]
    [InlineData("Withdrawn")]
    public async Task Waiting_for_a_card_asks_until_it_is_over(string status)
    {
        var over = $$"""{"requestId":"{{Wire.UserId}}","status":"{{status}}","code":"BIN_RANGE_FULL"}""";
        _server.Answer = (_, number) => new Say(200, number < 3 ? Wire.Pending : over);
        var request = await Partner.WaitForCard(Wire.UserId, Wire.UserId);
        Assert.Equal((status == "Withdrawn" ? "Unknown" : status, "BIN_RANGE_FULL"), (request.Status.ToString(), request.Code));
        Assert.Equal(4, _server.Calls.Count);
    }

    [Fact]
    public async Task Waiting_for_a_card_ends_when_its_time_is_over()
    {
        _server.Answer = (_, _) => new Say(200, Wire.Pending);
        Assert.Equal(CardRequestStatus.Pending, (await Partner.WaitForCard(Wire.UserId, Wire.UserId, TimeSpan.Zero)).Status);
        Assert.Single(_server.Calls);
        Assert.Equal(CardRequestStatus.Pending, (await Partner.WaitForCard(Wire.UserId, Wire.UserId, TimeSpan.FromMilliseconds(1))).Status);
        Assert.InRange(_server.Calls.Count, 2, 3);
    }

    [Fact]
    public async Task Plastic()
    {
        var cards = $"/secure/customers/{Wire.UserId}/cards";
        var taken = await Called(202, Wire.OrderTaken, () => Partner.OrderPhysicalCard(Wire.UserId, Wire.NewPhysicalCard), "POST", cards + "/physical", encrypted: true);
        Assert.Equal(new TakenOrder(Wire.UserId, Wire.CardId, OrderStatus.Ordered), taken);
        AssertJson(Wire.NewPhysicalCardBody);
        AssertHasKey();
        await Partner.OrderPhysicalCard(Wire.UserId, Wire.NewPhysicalCard with { Design = "gold" });
        Assert.Equal("gold", _server.Calls[^1].Json.GetProperty("design").GetString());

        var order = await Called(200, Wire.Order, () => Partner.GetOrder(Wire.UserId, Wire.UserId), "GET", $"{cards}/orders/{Wire.UserId}");
        Assert.Equal((OrderStatus.Failed, "Damaged", null), (order.Status, order.Reason, order.SentAt));

        await Called(
            200, Wire.Plastic, () => Partner.LinkCard(Wire.UserId, "5105105105105100", new DateOnly(2029, 11, 1), Wire.BalanceId), "POST", cards + "/link", encrypted: true);
        AssertJson($$"""{"cardNo":"5105105105105100","exp":"2029-11-01","balanceId":"{{Wire.BalanceId}}"}""");
        AssertHasKey();

        await Called(202, Wire.OrderTaken, () => Partner.PrintCard(Wire.UserId, Wire.CardId, Wire.Address), "POST", $"{cards}/{Wire.CardId}/print", encrypted: true);
        AssertJson(Wire.AddressBody);
        AssertHasKey();
    }

    [Fact]
    public async Task Activate_set_pin_renew_and_remove()
    {
        var card = $"/secure/customers/{Wire.UserId}/cards/{Wire.CardId}";
        await Called(200, Wire.Plastic, () => Partner.ActivateCard(Wire.UserId, Wire.CardId), "POST", card + "/activate");
        AssertHasKey();
        await Called(200, Wire.Plastic, () => Partner.SetPin(Wire.UserId, Wire.CardId, "7391"), "POST", card + "/pin", encrypted: true);
        AssertJson("""{"pin":"7391"}""");
        AssertHasKey();
        await Called(200, Wire.Card, () => Partner.RenewCard(Wire.UserId, Wire.CardId), "POST", card + "/renew");
        Assert.Equal("", _server.Calls[^1].Body);
        AssertHasKey();
        _server.Answer = (_, _) => new Say(204);
        await Partner.RemoveCard(Wire.UserId, Wire.CardId);
        AssertCalled("DELETE", card);
    }

    [Fact]
    public async Task Controls()
    {
        var controls = $"/secure/customers/{Wire.UserId}/cards/{Wire.CardId}/controls";
        await Called(200, Wire.Controls, () => Partner.SetCardControls(Wire.UserId, Wire.CardId, Wire.SpendControls), "PUT", controls);
        AssertJson(Wire.SpendControlsBody);
        var read = await Called(200, Wire.Controls, () => Partner.GetCardControls(Wire.UserId, Wire.CardId), "GET", controls);
        Assert.Equal([new SpendLimit(SpendWindow.Month, Amount: 200_000), new SpendLimit(SpendWindow.Unknown, Uses: 2)], read.User!.Limits!);
        Assert.Equal((new ChannelControls(Atm: false), "7995", "M1"), (read.User.Channels, Assert.Single(read.User.Mcc!.Deny!), Assert.Single(read.User.Merchants!.Allow)));
        Assert.Null(read.Issuer);
    }

    [Fact]
    public async Task A_card_that_is_not_linked_today_is_not_asked_for_again()
    {
        _server.Answer = (_, _) => Say.Problem(429, "LINK_TRIES_EXCEEDED");
        var refusal = await Assert.ThrowsAsync<AntacaException>(
            () => Partner.LinkCard(Wire.UserId, "5105105105105100", new DateOnly(2029, 11, 30), Wire.BalanceId));
        Assert.Equal("LINK_TRIES_EXCEEDED", refusal.Code);
        Assert.Single(_server.Calls);
    }

    [Theory]
    [InlineData("8")]
    [InlineData("\"8\"")]
    public async Task List_events(string next)
    {
        var page = await Called(200, Wire.Events.Replace("\"8\"", next, StringComparison.Ordinal), () => Partner.ListEvents(after: 7, limit: 20), "GET", "/secure/events?after=7&limit=20");
        var told = Assert.Single(page.Items);
        Assert.Equal((8L, "card.locked", Wire.CardId), (told.Sequence, told.Type, told.Data.GetProperty("cardId").GetGuid()));
        Assert.Equal(8, page.Next);
        _server.Answer = (_, _) => new Say(200, """{"items":[],"next":null}""");
        Assert.Null((await Partner.ListEvents(8)).Next);
    }

    [Fact]
    public async Task Get_public_key()
    {
        var key = await Partner.GetPublicKey();
        Assert.Equal(Keys.First.Kid, key.Kid);
        Assert.Equal(Keys.First.PublicKey.Jwk, key.Jwk);
    }

    [Fact]
    public async Task Authorise()
    {
        var answer = await Called(200, Wire.Approved, () => new ProcessorClient(_connection).Authorise(Wire.Authorisation), "POST", "/processor/authorizations");
        Assert.Equal((Decision.Approved, "0000", "123456", new Money(37500, "PLN")), (answer.Decision, answer.ActionCode, answer.ApprovalCode, answer.Available));
        Assert.Equal(new Money(12500, "PLN"), answer.ApprovedAmount);
        AssertJson(
            """
            {"transactionId":"t-1","type":"Purchase","cardNo":"5105105105105100","exp":"2029-11-30","cvv":"123","amount":{"amount":12500,"currency":"PLN"},
             "merchant":{"mid":"M1","name":"Shop","mcc":"5942","country":"PL"},"channel":"Ecommerce","transmittedAt":"2026-03-01T12:00:00+00:00"}
            """);
    }

    [Fact]
    public async Task A_decline_that_touched_no_balance_reads_too()
    {
        _server.Answer = (_, _) => new Say(200, """{"decision":"Declined","actionCode":"1011","reason":"CARD_UNKNOWN","authorizationId":null,"approvalCode":null,"available":null}""");
        var answer = await new ProcessorClient(_connection).Authorise(Wire.Authorisation);
        Assert.Equal(new Authorisation(Decision.Declined, "1011", "CARD_UNKNOWN"), answer);
    }

    [Fact]
    public async Task Authorise_in_part()
    {
        _server.Answer = (_, _) => new Say(200, Wire.Approved);
        await Processor.Authorise(Wire.Authorisation with { PartialApproval = true });
        Assert.True(_server.Calls[^1].Json.GetProperty("partialApproval").GetBoolean());
    }

    [Theory]
    [InlineData(PinBlockFormat.Iso0, "ISO-0")]
    [InlineData(PinBlockFormat.Iso4, "ISO-4")]
    public async Task Authorise_with_a_PIN_block(PinBlockFormat format, string name)
    {
        _server.Answer = (_, _) => new Say(200, Wire.Approved);
        var block = new PinBlock(format, "0123456789ABCDEF", Wire.UserId);
        await Processor.Authorise(Wire.Authorisation with { PinBlock = block });
        var sent = _server.Calls[^1].Json.GetProperty("pinBlock");
        Assert.Equal($$"""{"format":"{{name}}","block":"0123456789ABCDEF","keyId":"{{Wire.UserId}}"}""", sent.GetRawText());
        Assert.DoesNotContain("0123456789ABCDEF", $"{block}{Wire.Authorisation with { PinBlock = block }}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_PIN_block_of_no_format_is_not_sent()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Processor.Authorise(Wire.Authorisation with { PinBlock = new PinBlock(PinBlockFormat.Unknown, "0123456789ABCDEF", Wire.UserId) }));
        Assert.Empty(_server.Calls);
    }

    [Fact]
    public async Task Lock_outside()
    {
        var byId = new NewOutsideLock { CardId = Wire.CardId, Code = LockCode.Stolen, Source = OutsideSource.Visa };
        var locked = await Called(200, Wire.OutsideLock, () => Processor.LockOutside(byId), "POST", "/processor/cards/lock");
        Assert.Equal((Wire.CardId, CardStatus.Locked, LockCode.Stolen, "Visa"), (locked.CardId, locked.Status, locked.Lock.Code, locked.Lock.Source));
        AssertJson($$"""{"cardId":"{{Wire.CardId}}","code":2,"source":"Visa"}""");
        AssertHasKey();
        await Processor.LockOutside(new NewOutsideLock { CardNo = "5105105105105100", Code = LockCode.Lost, Source = OutsideSource.Acquirer });
        AssertJson("""{"cardNo":"5105105105105100","code":1,"source":"Acquirer"}""");
    }

    [Fact]
    public async Task The_bureaus_orders()
    {
        const string Orders = "/processor/personalisations";
        var page = await Called(200, Wire.PageOf(Wire.Personalisation), () => Processor.ListPersonalisations(), "GET", Orders + "?status=Ordered&limit=50");
        var order = Assert.Single(page.Items);
        Assert.Equal((OrderKind.Stock, true, OrderStatus.Sent, "gold", "more"), (order.Kind, order.Printed, order.Status, order.Design, page.Next));
        await Called(200, Wire.PageOf(Wire.Personalisation), () => Processor.ListPersonalisations(OrderStatus.Failed, 5, "x"), "GET", Orders + "?status=Failed&limit=5&after=x");

        var path = $"{Orders}/{Wire.UserId}";
        await Called(200, Wire.Personalisation, () => Processor.MarkOrderSent(Wire.UserId), "POST", path + "/sent");
        AssertHasKey();
        await Called(200, Wire.Personalisation, () => Processor.ConfirmPersonalisation(Wire.UserId), "POST", path + "/confirm");
        AssertHasKey();
        await Called(200, Wire.Personalisation, () => Processor.FailPersonalisation(Wire.UserId, "Damaged"), "POST", path + "/fail");
        AssertJson("""{"reason":"Damaged"}""");
        AssertHasKey();
    }

    [Fact]
    public async Task A_personalisation_record_comes_sealed()
    {
        var record = await Called(
            200,
            Wire.PersonalisationRecord,
            () => Processor.GetPersonalisationRecord(Wire.UserId),
            "GET",
            $"/processor/personalisations/{Wire.UserId}/file",
            encrypted: true);
        Assert.Equal(1, _server.KeyFetches);
        Assert.Equal(("5105105105105100", "2911", "201", "681", "682", "683", "6841"), (record.CardNo, record.Expiry, record.ServiceCode, record.Cvv1, record.Icvv, record.Cvv2, record.Pvv));
        Assert.Equal(["11/29", "ANNA NOWAK"], record.EmbossLines);
        Assert.Equal(Wire.Address, record.DeliveryAddress);

        var bare = Wire.PersonalisationRecord.Replace("\"683\"", "null", StringComparison.Ordinal).Replace("\"6841\"", "null", StringComparison.Ordinal);
        _server.Answer = (_, _) => new Say(200, bare);
        Assert.Equal((null, null), (await Processor.GetPersonalisationRecord(Wire.UserId)) is var read ? (read.Cvv2, read.Pvv) : default);
    }

    [Fact]
    public async Task Register_stock()
    {
        var stock = await Called(201, Wire.Stock, () => Processor.RegisterStock(Wire.BalanceId, 25), "POST", "/processor/stock");
        Assert.Equal((Wire.UserId, 25, new DateOnly(2029, 11, 30)), (stock.Id, stock.Cards, stock.Exp));
        AssertJson($$"""{"programId":"{{Wire.BalanceId}}","cards":25}""");
        AssertHasKey();
    }

    [Fact]
    public async Task The_processors_public_key()
    {
        Assert.Equal(Keys.First.Kid, (await Processor.GetPublicKey()).Kid);
        Assert.Equal(1, _server.KeyFetches);
    }

    [Fact]
    public async Task What_a_later_suite_adds_does_no_harm()
    {
        _server.Answer = (_, _) => new Say(200, Wire.User.Replace("\"Active\"", "\"Paused\",\"mood\":\"good\"", StringComparison.Ordinal));
        Assert.Equal(UserStatus.Unknown, (await Partner.GetUser(Wire.UserId)).Status);
    }

    [Fact]
    public void Secrets_do_not_print()
    {
        var issued = JsonSerializer.Deserialize(Wire.Issued, ClientJson.Default.IssuedCard)!;
        var shown = JsonSerializer.Deserialize(Wire.Secrets, ClientJson.Default.CardSecrets)!;
        var user = JsonSerializer.Deserialize(Wire.User, ClientJson.Default.User)!;
        foreach (var text in new[] { issued.ToString(), shown.ToString(), Wire.Authorisation.ToString() })
        {
            Assert.Contains("510510******5100", text, StringComparison.Ordinal);
            Assert.DoesNotContain("5105105105105100", text, StringComparison.Ordinal);
            Assert.DoesNotContain("123", text.Replace("12500", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
        Assert.DoesNotContain("Nowak", user.ToString() + Wire.NewUser, StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_of_plastic_do_not_print()
    {
        var record = JsonSerializer.Deserialize(Wire.PersonalisationRecord, ClientJson.Default.PersonalisationRecord)!;
        var key = JsonSerializer.Deserialize(Wire.NewPinKey, ClientJson.Default.NewPinKey)!;
        var byNumber = new NewOutsideLock { CardNo = "5105105105105100", Code = LockCode.Lost, Source = OutsideSource.Visa };
        var told = string.Join(
            '\n', record, key, byNumber, Wire.NewPhysicalCard, new NewPin("7391"), new NewPrint(Wire.Address), new NewLink("5105105105105100", new DateOnly(2029, 11, 30), Wire.BalanceId));

        Assert.Contains("510510******5100", told, StringComparison.Ordinal);
        Assert.All(
            ["5105105105105100", "681", "682", "683", "6841", "NOWAK", "Prosta", "7391", "d3JhcHBlZA"],
            secret => Assert.DoesNotContain(secret, told, StringComparison.Ordinal));
    }

    private async Task<T> Called<T>(int status, string answer, Func<Task<T>> call, string method, string path, bool encrypted = false)
    {
        _server.Answer = (_, _) => new Say(status, answer);
        var result = await call();
        AssertCalled(method, path, encrypted);
        return result;
    }

    private void AssertCalled(string method, string path, bool encrypted = false)
    {
        var call = _server.Calls[^1];
        Assert.Equal((method, path, encrypted), (call.Method, call.Path, call.Encrypted));
        Assert.Equal(encrypted, call.Headers.ContainsKey("Public-Key"));
    }

    private void AssertHasKey() => Assert.Equal(32, _server.Calls[^1].Headers["Idempotency-Key"].ToString().Length);

    private void AssertJson(string expected) =>
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, _server.Calls[^1].Json), _server.Calls[^1].Body);
}
