using System.Text.Json;

namespace Antaca.Client.Tests;

/// <summary>The operator's client: signing in with two factors, and every other call.</summary>
public sealed class OperatorTests : IAsyncLifetime
{
    private const string Password = "a long and rare password";
    private const string Code = "246802";
    private static readonly string _challenge = new('A', 43);
    private static readonly string _token = new('E', 43);

    private SuiteServer _server = null!;
    private AntacaConnection _connection = null!;
    private OperatorClient _operators = null!;
    private Func<Seen, Say> _other = _ => new Say(404);

    public async Task InitializeAsync()
    {
        _server = await SuiteServer.Start();
        _server.Answer = (seen, _) => (seen.Method, seen.Path) switch
        {
            ("POST", "/admin/sessions") => seen.Json.GetProperty("password").GetString() == Password
                ? new Say(200, $$"""{"challenge":"{{_challenge}}","expiresAt":"2026-03-01T12:05:00Z"}""")
                : Say.Problem(401, "LOGIN_FAILED"),
            ("POST", "/admin/sessions/verify") => (seen.Json.GetProperty("challenge").GetString(), seen.Json.GetProperty("code").GetString()) == (_challenge, Code)
                ? new Say(201, $$"""{"token":"{{_token}}","expiresAt":"2026-03-01T12:15:00Z","operator":{{Wire.Operator}}}""")
                : Say.Problem(401, "LOGIN_FAILED"),
            _ => _other(seen),
        };
        _connection = _server.ConnectPublicly();
        _operators = new OperatorClient(_connection);
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Signing_in_asks_for_the_code_when_the_password_was_right()
    {
        var asked = 0;
        ValueTask<string> Ask(CancellationToken cancel)
        {
            asked++;
            return ValueTask.FromResult(Code);
        }
        Assert.Equal("LOGIN_FAILED", (await Refused(() => _operators.SignIn("o@example.com", "wrong", Ask))).Code);
        Assert.Equal(0, asked);

        var signedIn = await _operators.SignIn("o@example.com", Password, Ask);

        Assert.Equal((Wire.UserId, OperatorRole.Manager, OperatorStatus.Active, 1), (signedIn.Id, signedIn.Role, signedIn.Status, asked));
        _other = _ => new Say(200, Wire.Operator);
        await _operators.GetMe();
        Assert.Equal(("/admin/operators/me", _token), (_server.Calls[^1].Path, _server.Calls[^1].Token));
    }

    [Fact]
    public async Task A_wrong_code_is_sent_once()
    {
        Assert.Equal("LOGIN_FAILED", (await Refused(() => _operators.SignIn("o@example.com", Password, "000000"))).Code);
        Assert.Equal((1, 1), (_server.CountOf("POST", "/admin/sessions"), _server.CountOf("POST", "/admin/sessions/verify")));
        Assert.Null(_operators.Token);
    }

    [Fact]
    public async Task Without_a_session_nothing_is_sent()
    {
        Assert.Equal(AntacaException.NotSignedIn, (await Refused(() => _operators.GetMe())).Code);
        await _operators.SignOut();
        Assert.Empty(_server.Calls);
    }

    [Fact]
    public async Task An_ended_session_is_not_begun_anew()
    {
        await SignIn();
        _other = _ => Say.Problem(401, "SESSION_ENDED");
        Assert.Equal("SESSION_ENDED", (await Refused(() => _operators.GetMe())).Code);
        Assert.Equal(3, _server.Calls.Count);
    }

    [Fact]
    public async Task Signing_out_ends_the_session()
    {
        await SignIn();
        _other = _ => new Say(204);
        await _operators.SignOut();
        Assert.Equal(("DELETE", "/admin/session", _token), (_server.Calls[^1].Method, _server.Calls[^1].Path, _server.Calls[^1].Token));
        Assert.Null(_operators.Token);
        Assert.Equal(AntacaException.NotSignedIn, (await Refused(() => _operators.GetMe())).Code);
    }

    [Fact]
    public async Task Passwords_are_set_without_a_session()
    {
        _other = _ => new Say(200, """{"email":"o@example.com","totp":{"secret":"GEZDGNBVGY3TQOJQ","uri":"otpauth://totp/Antaca:o?secret=GEZDGNBVGY3TQOJQ"}}""");
        var accepted = await _operators.SetPassword("link-1", Password);
        Assert.Equal("GEZDGNBVGY3TQOJQ", accepted.Totp!.Secret);
        Assert.DoesNotContain("GEZDGNBVGY3TQOJQ", $"{accepted}{accepted.Totp}", StringComparison.Ordinal);
        AssertCalled("POST /admin/password", $$"""{"link":"link-1","password":"{{Password}}"}""");

        _other = _ => new Say(202, "{}");
        await _operators.ResetPassword("o@example.com");
        AssertCalled("POST /admin/password/reset", """{"email":"o@example.com"}""");
        Assert.All(_server.Calls, call => Assert.Null(call.Token));
    }

    [Fact]
    public async Task Every_call_about_operators()
    {
        await SignIn();
        await Calls(Wire.PageOf(Wire.Operator), () => _operators.ListOperators(), "GET /admin/operators?limit=50");
        await Calls(
            Wire.Operator,
            () => _operators.InviteOperator("n@example.com", "New", OperatorRole.Employee),
            "POST /admin/operators",
            """{"email":"n@example.com","name":"New","role":"Employee"}""");
        await Calls(Wire.Operator, () => _operators.RepeatInvitation(Wire.UserId), $"POST /admin/operators/{Wire.UserId}/invitation");
        await Calls(Wire.Operator, () => _operators.LockOperator(Wire.UserId), $"POST /admin/operators/{Wire.UserId}/lock");
        await Calls(Wire.Operator, () => _operators.UnlockOperator(Wire.UserId), $"POST /admin/operators/{Wire.UserId}/unlock");
        await Calls(Wire.Operator, () => _operators.SetOperatorRole(Wire.UserId, OperatorRole.Admin), $"PUT /admin/operators/{Wire.UserId}/role", """{"role":"Admin"}""");
        var entries = await Calls(
            Wire.PageOf(Wire.Audit),
            () => _operators.ListAudit(new AuditFilter(Subject: "card:1", From: new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero)), limit: 5),
            "GET /admin/audit?subject=card%3A1&from=2026-03-01T00%3A00%3A00.0000000Z&limit=5");
        Assert.Equal((7L, "LockCard", Wire.UserId), (entries.Items[0].Position, entries.Items[0].Action, entries.Items[0].CustomerId));
    }

    [Fact]
    public async Task Every_call_about_partners_and_programmes()
    {
        await SignIn();
        var partner = $"/admin/partners/{Wire.UserId}";
        await Calls(Wire.PageOf(Wire.Partner), () => _operators.ListPartners(), "GET /admin/partners?limit=50");
        await Calls(Wire.Partner, () => _operators.CreatePartner(new NewPartner("Bank", Networks: ["10.0.0.0/8"])), "POST /admin/partners", """{"name":"Bank","networks":["10.0.0.0/8"]}""");
        await Calls(Wire.Partner, () => _operators.GetPartner(Wire.UserId), $"GET {partner}");
        await Calls(Wire.Partner, () => _operators.UpdatePartner(Wire.UserId, new PartnerChange(Networks: [])), $"PATCH {partner}", """{"networks":[]}""");
        await Calls(
            Wire.Partner,
            () => _operators.SetEncryptionKey(Wire.UserId, Keys.First.PublicKey.Jwk),
            $"PUT {partner}/encryption-key",
            $$"""{"jwk":{{Keys.First.PublicKey.Jwk.ToJson()}}}""");
        await Calls(Wire.Partner, () => _operators.RemoveEncryptionKey(Wire.UserId), $"DELETE {partner}/encryption-key");
        await Calls(Wire.PageOf(Wire.Certificate), () => _operators.ListCertificates(Wire.UserId), $"GET {partner}/certificates?limit=50");
        var signed = await Calls(
            """{"certificate":"PEM","chain":"CA","serial":"0A1B","notAfter":"2027-03-01T12:00:00Z"}""",
            () => _operators.SignCertificate(Wire.UserId, new NewCertificate("CSR", CertificateKind.Processor, "proc")),
            $"POST {partner}/certificates",
            """{"csr":"CSR","kind":"Processor","processor":"proc"}""");
        Assert.Equal("0A1B", signed.Serial);
        _other = _ => new Say(204);
        await _operators.RevokeCertificate(Wire.UserId, "0A1B");
        AssertCalled($"DELETE {partner}/certificates/0A1B");

        await Calls(Wire.PageOf(Wire.Program), () => _operators.ListPrograms(Wire.UserId), $"GET /admin/programs?partnerId={Wire.UserId}&limit=50");
        var program = new NewCardProgram { PartnerId = Wire.UserId, Name = "Debit", BinRange = "510510:000000000-999999999", Currency = "PLN", Processor = "proc", KycMode = KycMode.Manual };
        await Calls(
            Wire.Program,
            () => _operators.CreateProgram(program),
            "POST /admin/programs",
            $$"""{"partnerId":"{{Wire.UserId}}","name":"Debit","binRange":"510510:000000000-999999999","currency":"PLN","processor":"proc","kycMode":"Manual"}""");
        await Calls(Wire.Program, () => _operators.GetProgram(Wire.CardId), $"GET /admin/programs/{Wire.CardId}");
        await Calls(
            Wire.Program,
            () => _operators.UpdateProgram(Wire.CardId, new CardProgramChange { IdleMinutes = 3, RemoteUrl = new Uri("https://bank.example/") }),
            $"PATCH /admin/programs/{Wire.CardId}",
            """{"remoteUrl":"https://bank.example/","idleMinutes":3}""");
        var read = await Calls(
            Wire.Program,
            () => _operators.UpdateProgram(
                Wire.CardId,
                new CardProgramChange { TimeZone = "Europe/Warsaw", HoldLifetimeDays = 30, StandIn = new StandIn(StandInMode.Approve, 5_000, 30), Controls = Wire.SpendControls }),
            $"PATCH /admin/programs/{Wire.CardId}",
            $$"""{"timeZone":"Europe/Warsaw","holdLifetimeDays":30,"standIn":{"mode":"Approve","maxAmount":5000,"maxMinutes":30},"controls":{{Wire.SpendControlsBody}}}""");
        Assert.Equal(("Europe/Warsaw", 7, new StandIn(StandInMode.Approve, 5_000, 30)), (read.TimeZone, read.HoldLifetimeDays, read.StandIn));
        Assert.Equal(new SpendLimit(SpendWindow.Lifetime, Uses: 3), Assert.Single(read.Controls!.Limits!));
    }

    [Fact]
    public async Task Every_call_about_users()
    {
        await SignIn();
        var customer = $"/admin/customers/{Wire.UserId}";
        await Calls(
            Wire.PageOf(Wire.User),
            () => _operators.ListUsers(new UserFilter { Email = "a@example.com", Status = UserStatus.Locked }),
            "GET /admin/customers?email=a%40example.com&status=Locked&limit=50");
        await Calls(Wire.User, () => _operators.GetUser(Wire.UserId), $"GET {customer}");
        await Calls(Wire.User, () => _operators.LockUser(Wire.UserId, "fraud"), $"POST {customer}/lock", """{"reason":"fraud"}""");
        await Calls(Wire.User, () => _operators.UnlockUser(Wire.UserId), $"POST {customer}/unlock");
        await Calls(Wire.Balance, () => _operators.OpenBalance(Wire.UserId), $"POST {customer}/balances", "{}");
        await Calls(Wire.PageOf(Wire.Balance), () => _operators.ListBalances(Wire.UserId), $"GET {customer}/balances?limit=50");
        await Calls(Wire.Balance, () => _operators.GetBalance(Wire.UserId, Wire.BalanceId), $"GET {customer}/balances/{Wire.BalanceId}");
        await Calls(
            Wire.Transaction,
            () => _operators.Reload(Wire.BalanceId, new Money(100, "PLN"), "gift"),
            $"POST /admin/balances/{Wire.BalanceId}/reload",
            """{"amount":{"amount":100,"currency":"PLN"},"reference":"gift"}""");
        await Calls(
            Wire.PageOf(Wire.Transaction),
            () => _operators.ListTransactions(new TransactionFilter { CardId = Wire.CardId, Type = TransactionType.Purchase }),
            $"GET /admin/transactions?cardId={Wire.CardId}&type=Purchase&limit=50");
        await Calls(
            Wire.History,
            () => _operators.GetTransaction(Wire.UserId, Wire.BalanceId, Wire.CardId),
            $"GET {customer}/balances/{Wire.BalanceId}/transactions/{Wire.CardId}");
        await Calls(Wire.History, () => _operators.GetTransaction(Wire.CardId), $"GET /admin/transactions/{Wire.CardId}");
        await Calls(Wire.Explanation, () => _operators.ExplainDecline(Wire.CardId), $"GET /admin/transactions/{Wire.CardId}/explanation");
        await Calls(
            Wire.Statement,
            () => _operators.GetStatement(Wire.UserId, Wire.BalanceId, new DateOnly(2026, 11, 30)),
            $"GET {customer}/balances/{Wire.BalanceId}/statement?month=2026-11&limit=50");
    }

    [Fact]
    public async Task Every_call_about_cards()
    {
        await SignIn();
        var card = $"/admin/cards/{Wire.CardId}";
        var issued = await Calls(
            $$"""{"id":"{{Wire.CardId}}","type":"Virtual","maskedCardNo":"510510******5100","exp":"2029-11-30","balanceId":"{{Wire.BalanceId}}","status":"Active"}""",
            () => _operators.CreateVirtualCard(Wire.UserId, Wire.BalanceId),
            $"POST /admin/customers/{Wire.UserId}/cards/virtual",
            $$"""{"balanceId":"{{Wire.BalanceId}}"}""");
        Assert.Equal("510510******5100", issued.MaskedCardNo);
        Assert.True(_server.Calls[^1].Encrypted);
        Assert.Equal(1, _server.KeyFetches);
        await Calls(Wire.PageOf(Wire.Card), () => _operators.ListCards(status: CardStatus.Locked), "GET /admin/cards?status=Locked&limit=50");
        await Calls(Wire.Card, () => _operators.GetCardSummary(Wire.CardId), $"GET {card}/summary");
        await Calls(Wire.Card, () => _operators.LockCard(Wire.CardId, LockCode.Stolen), $"POST {card}/lock", """{"code":2}""");
        await Calls(
            Wire.Card,
            () => _operators.LockCard(Wire.CardId, LockCode.Replaced, Wire.UserId),
            $"POST {card}/lock",
            $$"""{"code":8,"replacedBy":"{{Wire.UserId}}"}""");
        await Calls(Wire.Card, () => _operators.UnlockCard(Wire.CardId), $"POST {card}/unlock");
        await Calls(Wire.Plastic, () => _operators.ActivateCard(Wire.CardId), $"POST {card}/activate");
        await Calls(Wire.Controls, () => _operators.SetCardControls(Wire.CardId, Wire.SpendControls), $"PUT {card}/controls", Wire.SpendControlsBody);
        Assert.Equal("7995", Assert.Single((await Calls(Wire.Controls, () => _operators.GetCardControls(Wire.CardId), $"GET {card}/controls")).User!.Mcc!.Deny!));
        await Calls(Wire.Card, () => _operators.RenewCard(Wire.CardId), $"POST {card}/renew");
        _other = _ => new Say(204);
        await _operators.RemoveCard(Wire.CardId);
        AssertCalled($"DELETE {card}");
        Assert.Equal(_token, _server.Calls[^1].Token);
    }

    [Fact]
    public async Task Every_call_about_plastic()
    {
        await SignIn();
        var cards = $"/admin/customers/{Wire.UserId}/cards";
        var taken = await Sealed(Wire.OrderTaken, () => _operators.OrderPhysicalCard(Wire.UserId, Wire.NewPhysicalCard), $"POST {cards}/physical", Wire.NewPhysicalCardBody);
        Assert.Equal((Wire.UserId, Wire.CardId), (taken.OrderId, taken.CardId));
        var order = await Calls(Wire.Order, () => _operators.GetOrder(Wire.UserId, Wire.UserId), $"GET {cards}/orders/{Wire.UserId}");
        Assert.Equal("Damaged", order.Reason);
        await Sealed(
            Wire.Plastic,
            () => _operators.LinkCard(Wire.UserId, "5105105105105100", new DateOnly(2029, 11, 30), Wire.BalanceId),
            $"POST {cards}/link",
            $$"""{"cardNo":"5105105105105100","exp":"2029-11-30","balanceId":"{{Wire.BalanceId}}"}""");
        await Sealed(Wire.OrderTaken, () => _operators.PrintCard(Wire.CardId, Wire.Address), $"POST /admin/cards/{Wire.CardId}/print", Wire.AddressBody);
        await Sealed(Wire.Card, () => _operators.ResetCvv(Wire.CardId), $"POST /admin/cards/{Wire.CardId}/cvv");
    }

    [Fact]
    public async Task Every_call_about_the_vault()
    {
        await SignIn();
        var keys = await Calls(Wire.PageOf(Wire.PinKey), () => _operators.ListPinKeys("proc", after: "x"), "GET /admin/processors/proc/pin-keys?limit=50&after=x");
        Assert.Equal((PinBlockFormat.Iso0, "08D7B4"), (keys.Items[0].Format, keys.Items[0].CheckValue));

        _other = _ => new Say(201, Wire.NewPinKey);
        var key = await _operators.CreatePinKey("proc", PinBlockFormat.Iso4, Keys.First.PublicKey.Jwk);
        Assert.Equal((Wire.UserId, PinBlockFormat.Iso4, "d3JhcHBlZA"), (key.KeyId, key.Format, key.WrappedKey));
        AssertCalled("POST /admin/processors/proc/pin-keys", $$"""{"format":"ISO-4","jwk":{{Keys.First.PublicKey.Jwk.ToJson()}}}""");

        // Another key would be made.
        _other = _ => Say.Problem(503, "UNAVAILABLE");
        var before = _server.Calls.Count;
        await Refused(() => _operators.CreatePinKey("proc", PinBlockFormat.Iso0, Keys.First.PublicKey.Jwk));
        Assert.Equal(before + 1, _server.Calls.Count);

        var rotation = await Calls(Wire.Rotation, () => _operators.RotateVault(), "POST /admin/vault/rotation");
        Assert.Equal((RotationState.Incomplete, 1, 2, 10L, 1L), (rotation.State, rotation.FromVersion, rotation.ToVersion, rotation.Total, rotation.Failed));
        Assert.Equal((Wire.CardId, 9L), (rotation.Failures[0].CardId, rotation.Keys[0].Records));
        var none = await Calls(Wire.NoRotation, () => _operators.GetVaultRotation(), "GET /admin/vault/rotation");
        Assert.Equal((RotationState.None, null, null), (none.State, none.ToVersion, none.StartedAt));
    }

    [Fact]
    public async Task No_secret_is_printed()
    {
        await SignIn();
        _other = _ => new Say(200, "[]");
        var odd = await Refused(() => _operators.GetMe());
        var failed = await Refused(() => _operators.SignIn("o@example.com", Password, "000000"));
        var told = $"{odd}{failed}{_operators}{_operators.Token}{JsonSerializer.Deserialize(Wire.Operator, ClientJson.Default.Operator)}{new Credentials("o@example.com", Password)}{new SecondFactor(_challenge, Code)}";
        Assert.All([_token, _challenge, Password, Code, "o@example.com", "Olga"], secret => Assert.DoesNotContain(secret, told, StringComparison.Ordinal));
    }

    private Task<Operator> SignIn() => _operators.SignIn("o@example.com", Password, Code);

    private async Task<T> Calls<T>(string answer, Func<Task<T>> call, string methodAndPath, string body = "")
    {
        _other = _ => new Say(200, answer);
        var result = await call();
        AssertCalled(methodAndPath, body);
        Assert.Equal(methodAndPath.StartsWith("POST", StringComparison.Ordinal), _server.Calls[^1].Headers.ContainsKey("Idempotency-Key"));
        Assert.Equal(_token, _server.Calls[^1].Token);
        return result;
    }

    private async Task<T> Sealed<T>(string answer, Func<Task<T>> call, string methodAndPath, string body = "")
    {
        var result = await Calls(answer, call, methodAndPath, body);
        Assert.True(_server.Calls[^1].Encrypted);
        return result;
    }

    private void AssertCalled(string methodAndPath, string body = "") =>
        Assert.Equal((methodAndPath, body), ($"{_server.Calls[^1].Method} {_server.Calls[^1].Path}", _server.Calls[^1].Body));

    private static async Task<AntacaException> Refused(Func<Task> call) => await Assert.ThrowsAsync<AntacaException>(call);
}
